-- Runs of the pipelines and what their checks rejected.

-- name: end_lost_runs
-- Marks a DAG's other running runs as failed: they were stopped before they could sum up. Runs of
-- Airflow's backfills run beside others, and only those older than any run may be are lost.
UPDATE pipeline_runs SET state = 'FAILED', finished_at = %(started_at)s,
    problem = 'ended without a summary'
WHERE dag_id = %(dag_id)s AND state = 'RUNNING' AND run_id <> %(run_id)s
    AND (started_at < %(started_at)s - interval '24 hours'
        OR NOT starts_with(run_id, %(dag_id)s || '/backfill__')
        AND NOT starts_with(%(run_id)s, %(dag_id)s || '/backfill__'))

-- name: start_run
-- Adds a running run, or opens one again with its new plan; its first start stays, and is returned.
INSERT INTO pipeline_runs (run_id, dag_id, source, state, started_at, products_planned,
    products_postponed, tokens_estimated)
VALUES (%(run_id)s, %(dag_id)s, %(source)s, 'RUNNING', %(started_at)s, %(products_planned)s,
    %(products_postponed)s, %(tokens_estimated)s)
ON CONFLICT (run_id) DO UPDATE SET state = 'RUNNING', finished_at = NULL, problem = NULL,
    products_planned = excluded.products_planned,
    products_postponed = excluded.products_postponed,
    tokens_estimated = excluded.tokens_estimated
RETURNING started_at

-- name: reopen_run
-- Opens a run again that goes on by its former plan.
UPDATE pipeline_runs SET state = 'RUNNING', finished_at = NULL, problem = NULL
WHERE run_id = %(run_id)s

-- name: finish_run
-- Records how a run ended, with its tokens by the ledger and its alerts sent until now, and returns
-- the whole row; no row if it was never started.
UPDATE pipeline_runs SET
    state = %(state)s,
    finished_at = %(finished_at)s,
    products_fetched = %(products_fetched)s,
    products_missing = %(products_missing)s,
    tokens_spent = spent.tokens,
    tokens_left = spent.tokens_left,
    records_checked = %(records_checked)s,
    records_quarantined = %(records_quarantined)s,
    events_published = %(events_published)s,
    history_published = %(history_published)s,
    series_undelivered = %(series_undelivered)s,
    series_unreadable = %(series_unreadable)s,
    alerts_sent = (
        SELECT count(*) FROM price_alerts a WHERE a.run_id = %(run_id)s AND a.status = 'SENT'),
    problem = %(problem)s
FROM (
    SELECT coalesce(sum(tokens_charged), 0) AS tokens,
        (array_agg(tokens_left ORDER BY settled_at DESC)
            FILTER (WHERE tokens_left IS NOT NULL))[1] AS tokens_left
    FROM token_ledger WHERE run_id = %(run_id)s
) AS spent
WHERE pipeline_runs.run_id = %(run_id)s
RETURNING pipeline_runs.*

-- name: running_runs
-- Returns the ids of the runs that have not ended.
SELECT run_id FROM pipeline_runs WHERE state = 'RUNNING'

-- name: quarantine
-- Adds a record that failed a check; the same one again changes nothing.
INSERT INTO quarantined_records (run_id, batch, row_number, expectation, column_name, asin, domain,
    price_type, record)
VALUES (%(run_id)s, %(batch)s, %(row_number)s, %(expectation)s, %(column_name)s, %(asin)s,
    %(domain)s, %(price_type)s, %(record)s)
ON CONFLICT (run_id, batch, row_number, expectation, column_name) DO NOTHING
