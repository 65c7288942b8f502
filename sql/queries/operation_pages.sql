-- What operators read page by page: runs, what their checks rejected, requests to Keepa, comparisons.

-- name: run_page
-- Returns runs, the newest first, after the run that started at a time and has an id.
SELECT * FROM pipeline_runs
WHERE (%(dag_id)s::text IS NULL OR dag_id = %(dag_id)s)
    AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
    AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
    AND (%(before)s::timestamptz IS NULL OR (started_at, run_id) < (%(before)s, %(run_id)s))
ORDER BY started_at DESC, run_id DESC
LIMIT %(most)s

-- name: find_run
-- Returns a run by its id.
SELECT * FROM pipeline_runs WHERE run_id = %(run_id)s

-- name: run_prices
-- Returns the series whose newest point came with a run, after a series. What a later run changed is
-- that run's. Reads every series: nothing is indexed by run, for that would cost each load.
SELECT s.series_id, s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.currency,
    s.implausible, s.is_price_hidden, p.title
FROM price_series s
LEFT JOIN products p USING (asin, domain)
WHERE s.origin_id IN (SELECT origin_id FROM price_origins WHERE run_id = %(run_id)s)
    AND (%(after)s::bigint IS NULL OR s.series_id > %(after)s)
ORDER BY s.series_id
LIMIT %(most)s

-- name: rejected_by_batch
-- Returns how many records of a run failed which expectation, by batch.
SELECT batch, expectation, column_name, count(*)::int AS records
FROM quarantined_records WHERE run_id = %(run_id)s
GROUP BY batch, expectation, column_name
ORDER BY batch, records DESC, expectation, column_name

-- name: quarantine_page
-- Returns rejected records before an id, the newest first.
SELECT record_id, run_id, batch, row_number, expectation, column_name, asin, domain, price_type,
    record, quarantined_at
FROM quarantined_records
WHERE (%(run_id)s::text IS NULL OR run_id = %(run_id)s)
    AND (%(asin)s::text IS NULL OR asin = %(asin)s)
    AND (%(expectation)s::text IS NULL OR expectation = %(expectation)s)
    AND (%(before)s::bigint IS NULL OR record_id < %(before)s)
ORDER BY record_id DESC
LIMIT %(most)s

-- name: ledger_page
-- Returns requests to Keepa before an id, the newest first; without the fingerprint of the key.
SELECT request_id, run_id, endpoint, domain, products, detail, state, http_status, tokens_estimated,
    tokens_charged, tokens_left, requested_at, settled_at
FROM token_ledger
WHERE (%(run_id)s::text IS NULL OR run_id = %(run_id)s)
    AND (%(endpoint)s::text IS NULL OR endpoint = %(endpoint)s)
    AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
    AND (%(since)s::timestamptz IS NULL OR requested_at >= %(since)s)
    AND (%(before)s::bigint IS NULL OR request_id < %(before)s)
ORDER BY request_id DESC
LIMIT %(most)s

-- name: reconciliation_page
-- Returns comparisons of Elasticsearch with PostgreSQL before an id, the newest first.
SELECT reconciliation_id, mirror, run_id, compared_at, is_dry_run, days, different, missing,
    outdated, surplus, in_motion, refused, examples
FROM reconciliations
WHERE (%(mirror)s::text IS NULL OR mirror = %(mirror)s)
    AND (%(before)s::bigint IS NULL OR reconciliation_id < %(before)s)
ORDER BY reconciliation_id DESC
LIMIT %(most)s

-- name: accounts
-- Returns the balance and the reserve of each account of Keepa's, the one read last first.
SELECT account, tokens_left, refill_rate, next_refill_at, read_at, keepa_time, flow_reduction, reserve
FROM token_accounts ORDER BY read_at DESC

-- name: watch_figures
-- Returns numbers about the watches somebody may see: active and paused ones, those at their target
-- within its one percent, those without an offer and those last checked before a time.
SELECT count(*) FILTER (WHERE w.status = 'ACTIVE')::int AS active,
    count(*) FILTER (WHERE w.status = 'PAUSED')::int AS paused,
    count(DISTINCT (w.asin, w.domain)) FILTER (WHERE w.status = 'ACTIVE')::int AS products,
    count(*) FILTER (WHERE w.status = 'ACTIVE' AND w.target_minor * 101 >= 100 * (p.price_minor
        + CASE WHEN w.with_shipping THEN coalesce(p.shipping_minor, 0) ELSE 0 END))::int AS at_target,
    count(*) FILTER (WHERE w.status = 'ACTIVE' AND p.asin IS NOT NULL AND p.price_minor IS NULL)::int
        AS without_offer,
    count(*) FILTER (WHERE w.status = 'ACTIVE'
        AND w.last_checked_at < %(stale_before)s)::int AS stale,
    max(w.last_checked_at) AS last_checked_at
FROM watched_products w
LEFT JOIN current_prices p USING (asin, domain, price_type)
WHERE %(owner)s::bigint IS NULL OR w.user_id = %(owner)s

-- name: alert_figures
-- Returns numbers about the alerts and messages somebody may see: alerts since two times, and
-- messages that wait or have failed.
SELECT
    (SELECT count(*)::int FROM price_alerts
     WHERE raised_at >= %(day)s AND (%(owner)s::bigint IS NULL OR user_id = %(owner)s)) AS of_a_day,
    (SELECT count(*)::int FROM price_alerts
     WHERE raised_at >= %(week)s AND (%(owner)s::bigint IS NULL OR user_id = %(owner)s)) AS of_a_week,
    (SELECT count(*)::int FROM outbox o JOIN channels c USING (channel_id)
     WHERE o.status = 'PENDING' AND (%(owner)s::bigint IS NULL OR c.user_id = %(owner)s))
        AS waiting_messages

-- name: operator_figures
-- Returns numbers for operators: what the latest runs and notices are, and what waits.
SELECT
    (SELECT count(*)::int FROM pipeline_runs WHERE started_at >= %(day)s AND state = 'FAILED')
        AS failed_runs,
    (SELECT max(finished_at) FROM pipeline_runs
     WHERE dag_id = 'track_prices' AND state = 'SUCCESS') AS prices_checked_at,
    (SELECT count(*)::int FROM operator_notices WHERE resolved_at IS NULL) AS open_notices,
    (SELECT count(*)::int FROM requests WHERE state IN ('waiting', 'running')) AS open_requests,
    (SELECT count(*)::int FROM quarantined_records WHERE quarantined_at >= %(day)s)
        AS quarantined_records

-- name: notice_page
-- Returns the open notices, or all, before an id, the newest first, with the state of each channel's
-- message; a null resolved_at means open.
SELECT n.notice_id, n.topic, n.subject, n.details, n.since, n.raised_at, n.last_seen_at, n.times,
    n.resolved_at,
    (SELECT string_agg(concat(c.kind, ' ', lower(o.status)), ', ' ORDER BY o.message_id)
        FROM outbox o JOIN channels c USING (channel_id) WHERE o.notice_id = n.notice_id) AS channels
FROM operator_notices n
WHERE (%(all)s OR n.resolved_at IS NULL)
    AND (%(topic)s::text IS NULL OR n.topic = %(topic)s)
    AND (%(before)s::bigint IS NULL OR n.notice_id < %(before)s)
ORDER BY n.notice_id DESC
LIMIT %(most)s
