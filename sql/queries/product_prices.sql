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
-- and the last of all, in seconds since 1970, and how many implausible ones.
SELECT count(*) FILTER (WHERE NOT implausible) AS points,
    date_part('epoch', min(observed_at))::bigint AS first_s,
    date_part('epoch', max(observed_at))::bigint AS last_s,
    count(*) FILTER (WHERE implausible) AS doubted
FROM price_points
WHERE series_id = %(series_id)s
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

-- name: sparklines
-- Returns for watches or deals (in braces: which) the lowest, the highest and the last plausible
-- point of each stretch of time and the first one without an offer, led by the point that held when
-- the first one began; with shipping where that counts. Codes as in thinned.
SELECT id, min((amount << 31) + s) AS lowest, max((amount << 31) + s) AS highest,
    max((s << 32) + coalesce(amount + 1, 0)) AS last, min(s) FILTER (WHERE amount IS NULL) AS gap
FROM (
    SELECT w.id, date_part('epoch', q.observed_at)::bigint - 1293840000 AS s,
        date_bin(make_interval(secs => %(width_s)s), greatest(q.observed_at, %(since)s::timestamptz
            - interval '1 second'), %(since)s) AS stretch,
        q.price_minor + CASE WHEN w.with_shipping THEN coalesce(q.shipping_minor, 0) ELSE 0 END AS amount
    FROM ({drawn}) AS w
    JOIN price_series s USING (asin, domain, price_type)
    CROSS JOIN LATERAL (
        (
            SELECT p.observed_at, p.price_minor, p.shipping_minor FROM price_points p
            WHERE p.series_id = s.series_id AND p.observed_at < %(since)s AND NOT p.implausible
            ORDER BY p.observed_at DESC LIMIT 1
        )
        UNION ALL
        SELECT p.observed_at, p.price_minor, p.shipping_minor FROM price_points p
        WHERE p.series_id = s.series_id AND p.observed_at >= %(since)s AND NOT p.implausible
    ) AS q
    -- Keeps PostgreSQL from computing each of these three times.
    OFFSET 0
) AS points
GROUP BY id, stretch
ORDER BY id, stretch

-- name: drawn_watches
-- Which watches are drawn, of those that somebody may see (a null owner: everybody's).
SELECT watch_id AS id, asin, domain, price_type, with_shipping FROM watched_products
WHERE watch_id = ANY (%(ids)s::bigint[])
    AND (%(owner)s::bigint IS NULL OR user_id = %(owner)s)

-- name: drawn_deals
-- Which deals are drawn, of searches that somebody may see (a null owner: everybody's).
SELECT d.event_id AS id, d.asin, d.domain, d.price_type, true AS with_shipping
FROM collected_deals d JOIN deal_filters f USING (filter_id)
WHERE d.event_id = ANY (%(ids)s::text[])
    AND (%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)

-- name: statistics
-- Returns what a series has cost in the last 30, 90, 180 and 365 days and ever (null days), weighted
-- by time, as far back as its prices mean the same; amounts in minor units, with shipping.
WITH spans AS MATERIALIZED (
    SELECT started_at, ended_at, landed_minor
    FROM analytics.comparable_spans(%(asin)s, %(domain)s, %(price_type)s, until => %(at)s)
)
SELECT w.days, min(s.begins) AS known_since, sum(s.changes)::int AS changes,
    (sum(s.landed_minor * s.seconds) / nullif(sum(s.seconds) FILTER (WHERE s.landed_minor IS NOT NULL), 0)
        )::bigint AS average_minor,
    min(s.landed_minor) AS lowest_minor,
    (array_agg(s.begins ORDER BY s.landed_minor, s.begins))[1] AS lowest_at,
    max(s.landed_minor) AS highest_minor,
    (array_agg(s.begins ORDER BY s.landed_minor DESC NULLS LAST, s.begins))[1] AS highest_at,
    (coalesce(sum(s.seconds) FILTER (WHERE s.landed_minor IS NOT NULL), 0)
        / nullif(sum(s.seconds), 0))::float8 AS share_with_offer
FROM (VALUES (30, %(at)s - interval '30 days'), (90, %(at)s - interval '90 days'),
    (180, %(at)s - interval '180 days'), (365, %(at)s - interval '365 days'),
    (NULL, '-infinity'::timestamptz)) AS w (days, since)
CROSS JOIN LATERAL (
    SELECT greatest(started_at, w.since) AS begins, landed_minor,
        date_part('epoch', ended_at - greatest(started_at, w.since)) AS seconds,
        (started_at > w.since)::int AS changes
    FROM spans WHERE ended_at > w.since
) AS s
GROUP BY w.days
ORDER BY w.days NULLS LAST

-- name: rank
-- Returns where the current price stands among those of a year, 0 to 100, and how much the price
-- moved in 90 days; null where too little is known.
SELECT (SELECT percentile::float8 FROM analytics.price_percentile(
            %(asin)s, %(domain)s, %(price_type)s, 365, %(at)s)) AS percentile,
    (SELECT daily_volatility::float8 FROM analytics.volatility(
            %(asin)s, %(domain)s, %(price_type)s, 90, %(at)s)) AS daily_volatility

-- name: weekdays
-- Returns what a series costs on each day of the week, with shipping, in minor units.
SELECT weekday, average_minor, of_average::float8 AS of_average, in_stock::float8 AS in_stock
FROM analytics.weekday_prices(%(asin)s, %(domain)s, %(price_type)s, %(days)s, %(at)s)

-- name: origin
-- Returns where the current price of a series is from.
SELECT source, run_id, observed_at, seen_at, last_checked_at FROM current_prices
WHERE (asin, domain, price_type) = (%(asin)s, %(domain)s, %(price_type)s)

-- name: implausible_points
-- Returns the points of a span that nothing has confirmed, the newest first.
SELECT date_part('epoch', observed_at)::bigint AS at_s,
    price_minor + CASE WHEN %(with_shipping)s THEN coalesce(shipping_minor, 0) ELSE 0 END AS amount
FROM price_points
WHERE series_id = %(series_id)s AND implausible
    AND observed_at > %(since)s AND observed_at < %(until)s
ORDER BY observed_at DESC
LIMIT %(most)s

-- name: locale_prices
-- Returns what a product costs in each locale, with shipping, in minor units and in euro cents by the
-- rate of the day; null euros without a rate.
SELECT domain, currency, landed_minor, round(euros * 100)::bigint AS euro_cents, rate_day,
    above_cheapest_percent::float8 AS above_cheapest_percent, observed_at
FROM analytics.locale_prices(%(asin)s, %(price_type)s, %(at)s)
