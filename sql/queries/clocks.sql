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
-- Changes watches that were last checked after a moment.
UPDATE watched_products SET last_checked_at = %(at)s WHERE last_checked_at > %(at)s

-- name: set_products_back
-- Changes products that were described after a moment.
UPDATE products SET described_at = %(at)s WHERE described_at > %(at)s

-- name: set_series_back
-- Changes series that were last checked after a moment.
UPDATE price_series SET last_checked_at = %(at)s, seen_at = least(seen_at, %(at)s)
WHERE last_checked_at > %(at)s
