-- What an operator wants to know of prices and tokens.

-- name: latest_price_run
-- Runs over past intervals ask Keepa for nothing. One that is being planned has no numbers yet.
SELECT run_id, products_planned, products_postponed, tokens_left, started_at FROM pipeline_runs
WHERE dag_id = 'track_prices'
    AND (finished_at IS NOT NULL OR products_planned + products_postponed > 0)
    AND NOT starts_with(run_id, 'track_prices/backfill__')
ORDER BY started_at DESC
LIMIT 1

-- name: stale_products
-- A product that was never checked counts from when somebody began to watch it.
SELECT count(*)::int AS watched,
    count(*) FILTER (WHERE checked_at < %(before)s)::int AS stale,
    min(checked_at) FILTER (WHERE checked_at < %(before)s) AS oldest
FROM (
    SELECT min(coalesce(last_checked_at, created_at)) AS checked_at
    FROM watched_products WHERE status = 'ACTIVE'
    GROUP BY asin, domain
) AS products

-- name: server_state
SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS is_standby,
    (SELECT count(*)::int FROM watched_products WHERE status = 'ACTIVE') AS watched
