-- Loading older price points into the staging table of load_prices.sql. Every statement may be run
-- again; none touches a current price, a watch or an alert.

-- name: add_products
INSERT INTO products (asin, domain, title, image_url, source, last_checked_at)
SELECT DISTINCT ON (asin, domain) asin, domain, title, image_url, source, checked_at
FROM staged_prices
ORDER BY asin, domain, checked_at DESC
ON CONFLICT (asin, domain) DO NOTHING

-- name: add_points
-- In the order of the key, as every loader's, so that two never wait for each other in a circle.
WITH added AS (
    INSERT INTO price_history (asin, domain, price_type, observed_at, price_minor, shipping_minor,
        currency, implausible, source, event_id, run_id, checked_at, last_checked_at)
    SELECT DISTINCT ON (asin, domain, price_type, observed_at) asin, domain, price_type,
        observed_at, price_minor, shipping_minor, currency, implausible, source, event_id, run_id,
        checked_at, checked_at
    FROM staged_prices
    ORDER BY asin, domain, price_type, observed_at, checked_at DESC
    ON CONFLICT (asin, domain, price_type, observed_at) DO NOTHING
    RETURNING run_id
)
SELECT run_id, count(*)::int AS points FROM added GROUP BY run_id

-- name: forget_known_points
-- What is left are corrections: values that differ from the stored ones and were checked later.
DELETE FROM staged_prices s USING price_history h
WHERE (h.asin, h.domain, h.price_type, h.observed_at)
        = (s.asin, s.domain, s.price_type, s.observed_at)
    AND (h.event_id = s.event_id OR h.last_checked_at >= s.checked_at)

-- name: count_corrections
SELECT count(*)::int AS corrections FROM staged_prices

-- name: count_for_run
UPDATE pipeline_runs SET history_stored = history_stored + %(points)s WHERE run_id = %(run_id)s
