-- Watches of products that the simulator made up.

-- name: simulated_products
-- Returns the actively watched products with prices from the simulator alone, if the latest price run
-- with products asked the simulator; none after one that asked Keepa.
SELECT w.asin, w.domain
FROM watched_products w
JOIN price_series s ON (s.asin, s.domain) = (w.asin, w.domain)
JOIN price_origins o USING (origin_id)
WHERE w.status = 'ACTIVE'
    AND 'simulator' = (
        SELECT r.source FROM pipeline_runs r WHERE r.dag_id = 'track_prices' AND r.products_planned > 0
            AND NOT starts_with(r.run_id, 'track_prices/backfill__')
        ORDER BY r.started_at DESC LIMIT 1)
GROUP BY w.asin, w.domain
HAVING bool_and(o.source = 'simulator')

-- name: pause_products
-- Pauses everybody's active watches of products.
UPDATE watched_products w SET status = 'PAUSED', updated_at = now()
FROM unnest(%(asins)s::text[], %(domains)s::text[]) AS p (asin, domain)
WHERE (w.asin, w.domain) = (p.asin, p.domain) AND w.status = 'ACTIVE'

-- name: remove_simulated
-- Removes everybody's watches of products with prices from the simulator alone, and returns them.
UPDATE watched_products w SET status = 'INACTIVE', updated_at = now()
FROM (
    SELECT s.asin, s.domain FROM price_series s JOIN price_origins o USING (origin_id)
    GROUP BY s.asin, s.domain
    HAVING bool_and(o.source = 'simulator')
) AS p
WHERE (w.asin, w.domain) = (p.asin, p.domain) AND w.status <> 'INACTIVE'
RETURNING w.watch_id
