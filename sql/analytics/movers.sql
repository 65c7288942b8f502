-- Products whose price of a day is far from what they usually cost: robust z-scores.
-- Usual is the median of what the 90 days before closed at; the distance from it counts in median
-- absolute deviations, each at least one percent of the median. Prices include shipping. A product
-- with fewer than least_days days with a price is left out.
--
-- Columns: asin, domain, price_type, title, currency; price_minor, median_minor; change_percent, from
-- the median; z_score, below zero for a drop: beyond 3.5 either way is unusual; days, which it rests on.
-- Example: SELECT * FROM analytics.movers() WHERE domain = 'de' AND z_score < -3.5 ORDER BY z_score;

CREATE OR REPLACE FUNCTION analytics.movers(
    day date DEFAULT (now() AT TIME ZONE 'UTC')::date, least_days integer DEFAULT 30
) RETURNS TABLE (asin text, domain text, price_type text, title text, currency text,
    price_minor bigint, median_minor bigint, change_percent numeric, z_score numeric, days integer)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 AS $$
    SELECT s.asin, s.domain, s.price_type, p.title, s.currency, m.price_minor, m.median_minor,
        round(100.0 * (m.price_minor - m.median_minor) / m.median_minor, 1),
        round(0.6745 * (m.price_minor - m.median_minor)
            / greatest(m.mad_minor, m.median_minor / 100.0), 2),
        m.days
    FROM price_movers m
    JOIN price_series s USING (series_id)
    LEFT JOIN products p ON (p.asin, p.domain) = (s.asin, s.domain)
    WHERE m.day = movers.day AND m.days >= movers.least_days
$$;
