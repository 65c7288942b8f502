-- What costs less than usual now, over all products.
-- Current prices are those of the latest check. Averages and the lowest price are those that
-- maintain_storage computed last (reckoned_at); of series it has not seen yet they are computed as
-- the query runs, and reckoned_at is null. They reach back as far as prices mean the same
-- (comparable_since): of NEW to February 2026, and null while no price since then is known.
--
-- Columns: asin, domain, price_type, title, currency; landed_minor now and the averages of 30 and 90
-- days, in the currency's minor unit; below_30_percent, below_90_percent; lowest_minor ever;
-- is_lowest, whether it never cost less; observed_at, since when; last_checked_at; reckoned_at;
-- landed, the price as people write it.
-- Example: SELECT * FROM analytics.drops WHERE domain = 'de' AND below_90_percent >= 20
--     ORDER BY below_90_percent DESC LIMIT 20;

CREATE OR REPLACE VIEW analytics.drops AS
SELECT s.asin, s.domain, s.price_type, p.title, s.currency,
    s.price_minor + coalesce(s.shipping_minor, 0) AS landed_minor,
    t.average_30_minor, t.average_90_minor,
    round(100 * (1 - (s.price_minor + coalesce(s.shipping_minor, 0))::numeric
        / t.average_30_minor), 1) AS below_30_percent,
    round(100 * (1 - (s.price_minor + coalesce(s.shipping_minor, 0))::numeric
        / t.average_90_minor), 1) AS below_90_percent,
    t.lowest_minor,
    s.price_minor + coalesce(s.shipping_minor, 0) <= t.lowest_minor AS is_lowest,
    s.observed_at, s.last_checked_at, t.reckoned_at,
    main_units(s.price_minor + coalesce(s.shipping_minor, 0), s.currency) AS landed
FROM price_series s
CROSS JOIN LATERAL (
    SELECT r.average_30_minor, r.average_90_minor, r.lowest_minor, r.reckoned_at
    FROM price_statistics r WHERE r.series_id = s.series_id
    UNION ALL
    SELECT d.average_30_minor, d.average_90_minor, l.lowest_minor, NULL
    FROM analytics.lowest_prices(s.asin, s.domain, s.price_type) AS l
    LEFT JOIN analytics.price_drop(s.asin, s.domain, s.price_type) AS d ON true
    WHERE l.days IS NULL
        AND NOT EXISTS (SELECT FROM price_statistics r WHERE r.series_id = s.series_id)
) AS t
LEFT JOIN products p ON (p.asin, p.domain) = (s.asin, s.domain)
WHERE s.price_minor IS NOT NULL AND NOT s.implausible;
