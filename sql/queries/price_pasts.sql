-- The prices of single series.

-- name: points_of
-- Returns the plausible points of a series since a moment, and the one that held then, by time. A
-- null price means no offer.
SELECT p.observed_at, p.price_minor, p.shipping_minor
FROM price_series s
CROSS JOIN LATERAL (
    (
        SELECT q.observed_at, q.price_minor, q.shipping_minor FROM price_points q
        WHERE q.series_id = s.series_id AND q.observed_at <= %(since)s AND NOT q.implausible
        ORDER BY q.observed_at DESC LIMIT 1
    )
    UNION ALL
    SELECT q.observed_at, q.price_minor, q.shipping_minor FROM price_points q
    WHERE q.series_id = s.series_id AND q.observed_at > %(since)s AND NOT q.implausible
) AS p
WHERE (s.asin, s.domain, s.price_type) = (%(asin)s, %(domain)s, %(price_type)s)
ORDER BY p.observed_at
