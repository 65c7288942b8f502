-- What an operator wants to know of prices and tokens.

-- name: latest_price_run
-- Returns the price run planned last; one being planned, without numbers yet, and runs over earlier
-- intervals, which ask Keepa for nothing, are left out. A null tokens_left is unknown.
SELECT run_id, products_planned, products_postponed, tokens_left, started_at FROM pipeline_runs
WHERE dag_id = 'track_prices'
    AND (finished_at IS NOT NULL OR products_planned + products_postponed > 0)
    AND NOT starts_with(run_id, 'track_prices/backfill__')
ORDER BY started_at DESC
LIMIT 1

-- name: stale_products
-- Returns how many products are watched, how many were last checked before a moment, which is another
-- one for the price types that come with offers, how many of the others Keepa itself had not looked at
-- for too long when it was asked, and the oldest of those checks and looks, null without one. A product
-- never checked counts from when its watch was added; those Keepa does not know are left out.
SELECT count(*)::int AS watched,
    count(*) FILTER (WHERE old_check IS NOT NULL)::int AS unchecked,
    min(old_check) AS oldest_check,
    count(*) FILTER (WHERE old_check IS NULL AND old_look IS NOT NULL)::int AS unseen,
    min(old_look) FILTER (WHERE old_check IS NULL) AS oldest_look
FROM (
    SELECT min(coalesce(w.last_checked_at, w.created_at)) FILTER (
            WHERE coalesce(w.last_checked_at, w.created_at) < CASE
                WHEN w.price_type = ANY (%(of_offers)s) THEN %(offers_before)s ELSE %(before)s END
        ) AS old_check,
        min(s.seen_at) FILTER (WHERE s.last_checked_at - s.seen_at > %(old_after)s) AS old_look
    FROM watched_products w
    LEFT JOIN product_kinds k USING (asin, domain)
    LEFT JOIN price_series s USING (asin, domain, price_type)
    WHERE w.status = 'ACTIVE' AND k.kind IS DISTINCT FROM 'not found'
    GROUP BY asin, domain
) AS products

-- name: server_state
-- Returns the server's version, whether it takes no writes, as a standby or by a setting, and the
-- number of active watches.
SELECT current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    (SELECT count(*)::int FROM watched_products WHERE status = 'ACTIVE') AS watched
