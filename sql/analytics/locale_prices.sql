-- The same product in all locales, in euros, by the rate of the day.
-- `keeper rates import` stores the rates; without one the price in euros is null. A rate holds until
-- the next one, so weekends have Friday's.
--
-- Columns: domain, currency; landed_minor, in the currency's minor unit; euros; rate, what a euro
-- cost, and rate_day; above_cheapest_percent; observed_at, since when it costs that.
-- Example: SELECT * FROM analytics.locale_prices('B0EXAMPLE1');

CREATE OR REPLACE FUNCTION analytics.locale_prices(
    asin text, price_type text DEFAULT 'NEW', at timestamptz DEFAULT now()
) RETURNS TABLE (domain text, currency text, landed_minor bigint, euros numeric, rate numeric,
    rate_day date, above_cheapest_percent numeric, observed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 11 AS $$
    WITH prices AS (
        SELECT s.domain, s.currency, p.landed_minor, p.observed_at,
            CASE WHEN s.currency = 'EUR' THEN 1 ELSE r.per_euro END AS rate, r.day AS rate_day,
            main_units(p.landed_minor, s.currency)
                / CASE WHEN s.currency = 'EUR' THEN 1 ELSE r.per_euro END AS euros
        FROM price_series s
        CROSS JOIN LATERAL (
            SELECT q.price_minor + coalesce(q.shipping_minor, 0) AS landed_minor, q.observed_at
            FROM price_points q
            WHERE q.series_id = s.series_id AND q.observed_at <= locale_prices.at
                AND NOT q.implausible
            ORDER BY q.observed_at DESC LIMIT 1
        ) AS p
        LEFT JOIN LATERAL (
            SELECT x.per_euro, x.day FROM exchange_rates x
            WHERE x.currency = s.currency AND x.day <= (locale_prices.at AT TIME ZONE 'UTC')::date
            ORDER BY x.day DESC LIMIT 1
        ) AS r ON s.currency <> 'EUR'
        WHERE s.asin = analytics.asin(locale_prices.asin)
            AND s.price_type = analytics.price_type(locale_prices.price_type)
    )
    SELECT domain, currency, landed_minor, round(euros, 2), rate, rate_day,
        round(100 * (euros / min(euros) OVER () - 1), 1), observed_at
    FROM prices
    ORDER BY euros NULLS LAST, domain
$$;
