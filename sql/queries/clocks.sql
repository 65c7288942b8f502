-- Clocks: Keepa's beside this machine's, and what was checked in the future.

-- name: clock_readings
-- Returns, by key and newest first, when a balance was read last since a moment, and how far Keeper's
-- clock was ahead of Keepa's then.
SELECT read_at, read_at - keepa_time AS ahead
FROM token_accounts
WHERE keepa_time IS NOT NULL AND read_at >= %(since)s
ORDER BY read_at DESC

-- name: series_of_the_future
-- Returns how many series were last checked after a moment.
SELECT count(*)::int AS series FROM price_series WHERE last_checked_at > %(after)s

-- name: rows_of_the_future
-- Returns how many rows of each table were checked, asked for or seen after a moment; points are found by
-- their series.
SELECT
    (SELECT count(*)::int FROM price_series WHERE last_checked_at > %(after)s) AS series,
    (SELECT count(*)::int FROM watched_products
        WHERE last_checked_at > %(after)s OR last_asked_at > %(after)s) AS watches,
    (SELECT count(*)::int FROM alert_states WHERE checked_at > %(after)s) AS states,
    (SELECT count(*)::int FROM products WHERE described_at > %(after)s) AS products,
    (SELECT count(*)::int FROM product_kinds WHERE asked_at > %(after)s) AS kinds,
    (SELECT count(*)::int FROM collected_deals
        WHERE first_seen_at > %(after)s OR last_seen_at > %(after)s) AS deals

-- name: set_points_back
-- Changes the points of series checked after a moment that were seen after it: the moment itself is
-- when they were seen.
UPDATE price_points p
SET checked_at = least(p.checked_at, %(at)s), last_checked_at = %(at)s
FROM price_series s
WHERE s.last_checked_at > %(at)s AND p.series_id = s.series_id AND p.last_checked_at > %(at)s

-- name: set_states_back
-- Changes where rules stand after a check that was made after a moment.
UPDATE alert_states SET checked_at = %(at)s WHERE checked_at > %(at)s

-- name: set_watches_back
-- Changes watches that were last checked, or asked for in vain, after a moment; what never was stays so.
UPDATE watched_products SET
    last_checked_at = CASE WHEN last_checked_at > %(at)s THEN %(at)s ELSE last_checked_at END,
    last_asked_at = CASE WHEN last_asked_at > %(at)s THEN %(at)s ELSE last_asked_at END
WHERE last_checked_at > %(at)s OR last_asked_at > %(at)s

-- name: set_products_back
-- Changes products that were described after a moment.
UPDATE products SET described_at = %(at)s WHERE described_at > %(at)s

-- name: set_kinds_back
-- Changes products that are no standard ones and were asked for after a moment.
UPDATE product_kinds SET asked_at = %(at)s WHERE asked_at > %(at)s

-- name: set_deals_back
-- Changes deals that were seen after a moment.
UPDATE collected_deals
SET first_seen_at = least(first_seen_at, %(at)s), last_seen_at = least(last_seen_at, %(at)s)
WHERE first_seen_at > %(at)s OR last_seen_at > %(at)s

-- name: set_series_back
-- Changes series that were last checked after a moment.
UPDATE price_series SET last_checked_at = %(at)s, seen_at = least(seen_at, %(at)s)
WHERE last_checked_at > %(at)s
