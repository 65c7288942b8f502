-- How good collected deals were, by their prices before and after.
-- Where a price type has changed its meaning (comparable_since), a deal is compared with the prices of
-- its own side only.
--
-- Columns: event_id, asin, domain, price_type, title, currency, filter, score when it was
-- found, first_seen_at; price_minor, in the currency's minor unit; lowest_before_minor, the lowest
-- price of the 90 days before the deal; was_lowest, whether the deal was at or below it; held_for,
-- until the price rose, null while it holds or where it began to include
-- shipping meanwhile; lowest_after_minor, of the 30 days after; fell_further.
-- Example: SELECT score / 10 * 10 AS score, count(*), avg(was_lowest::int) AS truly_lowest
--     FROM analytics.deal_quality GROUP BY 1 ORDER BY 1;

CREATE OR REPLACE VIEW analytics.deal_quality AS
SELECT d.event_id, d.asin, d.domain, d.price_type, d.title, d.currency, f.name AS filter, d.score,
    d.first_seen_at, d.price_minor,
    b.lowest_minor AS lowest_before_minor,
    d.price_minor <= b.lowest_minor AS was_lowest,
    r.risen_at - d.observed_at AS held_for,
    a.lowest_minor AS lowest_after_minor,
    a.lowest_minor < d.price_minor AS fell_further
FROM collected_deals d
JOIN deal_filters f USING (filter_id)
LEFT JOIN price_series s ON (s.asin, s.domain, s.price_type) = (d.asin, d.domain, d.price_type)
LEFT JOIN LATERAL (
    SELECT min(p.price_minor) AS lowest_minor FROM price_points p
    WHERE p.series_id = s.series_id AND p.observed_at < d.observed_at AND NOT p.implausible
        AND analytics.comparable_since(d.price_type, p.observed_at)
            IS NOT DISTINCT FROM analytics.comparable_since(d.price_type, d.observed_at)
        AND p.observed_at >= coalesce((
            SELECT max(q.observed_at) FROM price_points q
            WHERE q.series_id = s.series_id
                AND q.observed_at <= d.observed_at - interval '2160 hours' AND NOT q.implausible
        ), d.observed_at - interval '2160 hours')
) AS b ON true
LEFT JOIN LATERAL (
    SELECT p.observed_at AS risen_at FROM price_points p
    WHERE p.series_id = s.series_id AND p.observed_at > d.observed_at AND NOT p.implausible
        AND (p.price_minor > d.price_minor OR p.price_minor IS NULL)
        AND analytics.comparable_since(d.price_type, p.observed_at)
            IS NOT DISTINCT FROM analytics.comparable_since(d.price_type, d.observed_at)
    ORDER BY p.observed_at LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT min(p.price_minor) AS lowest_minor FROM price_points p
    WHERE p.series_id = s.series_id AND p.observed_at > d.observed_at
        AND p.observed_at <= d.observed_at + interval '720 hours' AND NOT p.implausible
        AND analytics.comparable_since(d.price_type, p.observed_at)
            IS NOT DISTINCT FROM analytics.comparable_since(d.price_type, d.observed_at)
) AS a ON true;
