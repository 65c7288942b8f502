-- What costs less than usual now, over all products.
-- Current prices are those of the latest check. Averages and the lowest price are those that
-- maintain_storage computed last (reckoned_at). They reach back as far as prices mean the same
-- (comparable_since): of NEW to February 2026, and null while no price since then is known.
--
-- Columns: asin, domain, price_type, title, currency; landed_minor now and the averages of 30 and 90
-- days, in the currency's minor unit; below_30_percent, below_90_percent; lowest_minor ever;
-- is_lowest, whether it never cost less; observed_at, since when; last_checked_at; reckoned_at.
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
    s.observed_at, s.last_checked_at, t.reckoned_at
FROM price_series s
JOIN price_statistics t USING (series_id)
LEFT JOIN products p ON (p.asin, p.domain) = (s.asin, s.domain)
WHERE s.price_minor IS NOT NULL AND NOT s.implausible;
