-- Numbers for Prometheus: each a few rows, by words of which there are few.

-- name: waiting_messages
-- Returns how many messages wait for each kind of channel, how many of them their reader holds back
-- still, and since when the first is due, null without one. What was held once says so for ever.
SELECT c.kind, count(*)::int AS messages,
    count(*) FILTER (WHERE o.held_for IS NOT NULL AND o.next_attempt_at > now())::int AS held,
    min(o.next_attempt_at) FILTER (WHERE o.next_attempt_at <= now()) AS due_at
FROM outbox o JOIN channels c USING (channel_id)
WHERE o.status = 'PENDING' AND c.status = 'ACTIVE'
GROUP BY c.kind

-- name: deliveries_of_an_hour
-- Returns how the attempts of the last hour ended, and how long they took together, by kind.
SELECT channel AS kind, lower(status) AS outcome, count(*)::int AS attempts,
    coalesce(sum(seconds), 0)::float AS seconds
FROM alert_deliveries WHERE attempted_at > now() - interval '1 hour'
GROUP BY channel, status

-- name: balances
-- Returns each account's tokens as Keepa last reported them, and what is kept back of them.
SELECT CASE WHEN starts_with(account, 'simulator:') THEN 'simulator' ELSE 'keepa' END AS source,
    tokens_left, refill_rate, reserve, read_at
FROM token_accounts

-- name: tokens_of_an_hour
-- Returns what requests to Keepa of the last hour were charged, by endpoint and outcome.
SELECT endpoint, lower(state) AS outcome, count(*)::int AS requests,
    coalesce(sum(tokens_charged), 0)::int AS tokens
FROM token_ledger WHERE requested_at > now() - interval '1 hour'
GROUP BY endpoint, state

-- name: last_runs
-- Returns the newest ended run of each DAG, and when its newest good one ended, null without one. Runs
-- over earlier intervals are left out: they ask Keepa for nothing.
SELECT DISTINCT ON (r.dag_id) r.dag_id, r.state = 'SUCCESS' AS is_good, r.finished_at,
    extract(epoch FROM r.finished_at - r.started_at)::float AS seconds,
    r.products_planned, r.products_postponed, r.products_fetched, r.products_missing,
    r.records_quarantined, r.events_published, r.points_stored, r.alerts_raised,
    (SELECT max(g.finished_at) FROM pipeline_runs g
        WHERE g.dag_id = r.dag_id AND g.state = 'SUCCESS'
            AND NOT starts_with(g.run_id, g.dag_id || '/backfill__')) AS good_at
FROM pipeline_runs r
WHERE r.finished_at IS NOT NULL AND NOT starts_with(r.run_id, r.dag_id || '/backfill__')
ORDER BY r.dag_id, r.finished_at DESC

-- name: last_comparisons
-- Returns the newest comparison of each mirror with its table that put things right: what it found, and
-- what it left as it was.
SELECT DISTINCT ON (mirror) mirror, compared_at, missing, outdated, surplus, refused, surplus_kept
FROM reconciliations WHERE NOT is_dry_run ORDER BY mirror, compared_at DESC

-- name: open_notices
-- Returns how many notices to operators are open, by what stands before the colon of their topics.
SELECT split_part(topic, ':', 1) AS topic, count(*)::int AS notices
FROM operator_notices WHERE resolved_at IS NULL
GROUP BY 1

-- name: server
-- Returns how many connections the server has of how many, and for how many transactions VACUUM has not
-- frozen the oldest. Any login sees these; those of pg_stat_activity only one that may.
SELECT (SELECT coalesce(sum(numbackends), 0)::int FROM pg_stat_database) AS connections,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) AS connections_limit,
    (SELECT max(age(datfrozenxid))::int FROM pg_database) AS oldest_transaction_age
