-- What the search has of token_ledger and pipeline_runs. read_at is the statement's time: what a
-- later statement reads is as new or newer.

-- name: page_of_token_ledger
-- Returns the next requests by id that were made or answered since a time, null for all.
SELECT statement_timestamp() AS read_at, request_id, account, run_id, endpoint, domain, products,
    detail, state, tokens_estimated, tokens_charged, tokens_expected, tokens_left, requested_at, settled_at
FROM token_ledger
WHERE request_id > %(after)s
    AND (%(since)s::timestamptz IS NULL OR greatest(requested_at, settled_at) >= %(since)s)
ORDER BY request_id LIMIT %(rows)s

-- name: ids_of_token_ledger
-- Returns the ids, as text, of the requests made before a moment.
SELECT request_id::text AS id FROM token_ledger WHERE requested_at < %(before)s

-- name: number_of_token_ledger
-- Returns how many requests were made before a moment.
SELECT count(*)::int AS number, statement_timestamp() AS read_at FROM token_ledger
WHERE requested_at < %(before)s

-- name: page_of_pipeline_runs
-- Returns the next runs by id that began or ended since a time, null for all, or are running.
SELECT statement_timestamp() AS read_at, run_id, dag_id, source, state, started_at, finished_at,
    products_planned, products_postponed, products_fetched, products_missing, tokens_estimated,
    tokens_spent, tokens_left, records_checked, records_quarantined, events_published,
    history_published, points_stored, history_stored, deals_stored, alerts_raised, alerts_sent,
    series_undelivered, series_unreadable, problem
FROM pipeline_runs
WHERE run_id > %(after)s
    AND (%(since)s::timestamptz IS NULL OR state = 'RUNNING'
        OR greatest(started_at, finished_at) >= %(since)s)
ORDER BY run_id LIMIT %(rows)s

-- name: ids_of_pipeline_runs
-- Returns the ids of the runs that began before a moment.
SELECT run_id AS id FROM pipeline_runs WHERE started_at < %(before)s

-- name: number_of_pipeline_runs
-- Returns how many runs began before a moment.
SELECT count(*)::int AS number, statement_timestamp() AS read_at FROM pipeline_runs
WHERE started_at < %(before)s
