-- What is stored of single products, for the console.

-- name: product
-- Returns how Keepa last described a product; a null kind means a standard product.
SELECT p.title, p.image_url, k.kind, k.variations
FROM products p
LEFT JOIN product_kinds k USING (asin, domain)
WHERE (p.asin, p.domain) = (%(asin)s, %(domain)s)

-- name: current_prices
-- Returns the current price of each series of a product; a null price means no offer.
SELECT price_type, price_minor, shipping_minor, observed_at, last_checked_at, seen_at, implausible,
    is_price_hidden, source
FROM current_prices
WHERE (asin, domain) = (%(asin)s, %(domain)s)
ORDER BY price_type

-- name: series_id
-- Returns the number of a series, if anything is stored of it.
SELECT series_id FROM price_series
WHERE (asin, domain, price_type) = (%(asin)s, %(domain)s, %(price_type)s)

-- name: point_page
-- Returns points of a series in [since, until), after a moment in either order. A null price means
-- no offer. In braces: how later rows compare, and the direction.
SELECT p.observed_at, p.price_minor, p.shipping_minor, p.implausible, p.checked_at,
    p.last_checked_at, o.source
FROM price_points p
JOIN price_origins o USING (origin_id)
WHERE p.series_id = %(series_id)s AND p.observed_at >= %(since)s AND p.observed_at < %(until)s
    AND (%(after)s::timestamptz IS NULL OR p.observed_at {later} %(after)s)
ORDER BY p.observed_at {direction}
LIMIT %(most)s

-- name: extent
-- Returns how many plausible points a series has after a moment and before another, with the first
-- and the last, in seconds since 1970.
SELECT count(*) AS points, date_part('epoch', min(observed_at))::bigint AS first_s,
    date_part('epoch', max(observed_at))::bigint AS last_s
FROM price_points
WHERE series_id = %(series_id)s AND NOT implausible
    AND observed_at > %(since)s AND observed_at < %(until)s

-- name: point_before
-- Returns the plausible point that held at a moment. A null amount means no offer.
SELECT date_part('epoch', observed_at)::bigint AS at_s,
    price_minor + CASE WHEN %(with_shipping)s THEN coalesce(shipping_minor, 0) ELSE 0 END AS amount
FROM price_points
WHERE series_id = %(series_id)s AND NOT implausible AND observed_at <= %(since)s
ORDER BY observed_at DESC LIMIT 1

-- name: columns
-- Returns every plausible point after a moment and before another, by time.
SELECT date_part('epoch', observed_at)::bigint AS at_s,
    price_minor + CASE WHEN %(with_shipping)s THEN coalesce(shipping_minor, 0) ELSE 0 END AS amount
FROM price_points
WHERE series_id = %(series_id)s AND NOT implausible
    AND observed_at > %(since)s AND observed_at < %(until)s
ORDER BY observed_at

-- name: thinned
-- Returns the lowest, the highest and the last point of each stretch of time and the first one
-- without an offer. Amount and time share a number, so that one pass finds both: 31 bits of seconds
-- since 2011 below the amount, or above one more than the amount, zero without an offer.
SELECT min((amount << 31) + s) AS lowest, max((amount << 31) + s) AS highest,
    max((s << 32) + coalesce(amount + 1, 0)) AS last, min(s) FILTER (WHERE amount IS NULL) AS gap
FROM (
    SELECT date_part('epoch', observed_at)::bigint - 1293840000 AS s,
        date_bin(make_interval(secs => %(width_s)s), observed_at, '2011-01-01Z') AS stretch,
        price_minor + CASE WHEN %(with_shipping)s THEN coalesce(shipping_minor, 0) ELSE 0 END
            AS amount
    FROM price_points
    WHERE series_id = %(series_id)s AND NOT implausible
        AND observed_at > %(since)s AND observed_at < %(until)s
    -- Keeps PostgreSQL from computing each of these three times.
    OFFSET 0
) AS points
GROUP BY stretch
ORDER BY stretch
