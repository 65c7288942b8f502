-- Points and deals as their latest checks reported them, from which the mirrors are made.

-- name: series_to_copy
-- Returns the number of series and their highest id, 0 without any.
SELECT count(*)::int AS series, coalesce(max(series_id), 0) AS last_id FROM price_series

-- name: next_series
-- Returns the last id and the number of the next series, at most so many; a null id when none is
-- left.
SELECT max(series_id) AS last_id, count(*)::int AS series FROM (
    SELECT series_id FROM price_series
    WHERE series_id > %(after)s AND series_id <= %(last_id)s
    ORDER BY series_id LIMIT %(series)s
) AS stretch

-- name: points_of_series
-- Returns the points of a range of series, each with the price before it; without has_previous it
-- is the first. A null price means no offer.
SELECT s.asin, s.domain, s.price_type, s.currency, p.observed_at, p.price_minor, p.shipping_minor,
    p.implausible, o.source, o.run_id, p.last_checked_at, d.title, d.image_url,
    lag(p.observed_at) OVER series IS NOT NULL AS has_previous,
    lag(p.price_minor) OVER series AS previous_minor
FROM price_points p
JOIN price_series s USING (series_id)
JOIN price_origins o ON o.origin_id = p.origin_id
LEFT JOIN products d ON (d.asin, d.domain) = (s.asin, s.domain)
WHERE p.series_id > %(after)s AND p.series_id <= %(until)s
WINDOW series AS (PARTITION BY p.series_id ORDER BY p.observed_at)

-- name: points_of_day
-- Returns the points of a locale in a span of time, each with the price before it; without
-- has_previous it is the first. A null price means no offer.
SELECT s.asin, s.domain, s.price_type, s.currency, p.observed_at, p.price_minor, p.shipping_minor,
    p.implausible, o.source, o.run_id, p.last_checked_at, d.title, d.image_url,
    b.observed_at IS NOT NULL AS has_previous, b.price_minor AS previous_minor
FROM price_points p
JOIN price_series s USING (series_id)
JOIN price_origins o ON o.origin_id = p.origin_id
LEFT JOIN products d ON (d.asin, d.domain) = (s.asin, s.domain)
LEFT JOIN LATERAL (
    SELECT q.observed_at, q.price_minor FROM price_points q
    WHERE q.series_id = p.series_id AND q.observed_at < p.observed_at
    ORDER BY q.observed_at DESC LIMIT 1
) AS b ON true
WHERE s.domain = %(domain)s AND p.observed_at >= %(since)s AND p.observed_at < %(until)s

-- name: sums_of_price_days
-- Returns the number of points and the sums of their figures for each locale and UTC day: prices in
-- minor units, checks in milliseconds since 1970.
SELECT s.domain, p.observed_at::date AS day, count(*) AS number,
    coalesce(sum(p.price_minor), 0)::bigint AS price_minor,
    coalesce(sum(p.shipping_minor), 0)::bigint AS shipping_minor,
    count(*) FILTER (WHERE p.implausible) AS implausible,
    sum(floor(extract(epoch FROM p.last_checked_at) * 1000)) AS checked_ms
FROM price_points p
JOIN price_series s USING (series_id)
WHERE p.observed_at >= %(since)s
GROUP BY s.domain, p.observed_at::date

-- name: deals_to_copy
-- Returns the number of collected deals.
SELECT count(*)::int AS deals FROM collected_deals

-- name: next_deals
-- Returns the next deals by event id, each with the name of its filter.
SELECT d.*, f.name AS filter FROM collected_deals d
JOIN deal_filters f USING (filter_id)
WHERE d.event_id > %(after)s
ORDER BY d.event_id LIMIT %(deals)s

-- name: deals_of_day
-- Returns the deals of a locale that began in a span of time, each with the name of its filter.
SELECT d.*, f.name AS filter FROM collected_deals d
JOIN deal_filters f USING (filter_id)
WHERE d.domain = %(domain)s AND d.observed_at >= %(since)s AND d.observed_at < %(until)s

-- name: sums_of_deal_days
-- Returns the number of deals and the sums of their figures for each locale and UTC day: prices in
-- minor units, checks in milliseconds since 1970.
SELECT domain, observed_at::date AS day, count(*) AS number,
    coalesce(sum(price_minor), 0)::bigint AS price_minor,
    sum(score)::bigint AS score,
    coalesce(sum(discount_percent), 0)::bigint AS discount_percent,
    sum(floor(extract(epoch FROM last_seen_at) * 1000)) AS checked_ms
FROM collected_deals
WHERE observed_at >= %(since)s
GROUP BY domain, observed_at::date
