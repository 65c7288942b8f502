-- Whether a product is cheaper on some days of the week.
-- By prices as far back as they mean the same (comparable_since): of NEW since February 2026.
--
-- Columns: weekday, 1 is Monday, in UTC; average_minor, weighted by time, in the currency's minor
-- unit; of_average, in percent of the average over all days: 95 is five percent cheaper; in_stock,
-- the share of the time with an offer, 0 to 1.
-- Example: SELECT * FROM analytics.weekday_prices('B0EXAMPLE1', 'de', days => 365);

CREATE OR REPLACE FUNCTION analytics.weekday_prices(
    asin text, domain text, price_type text DEFAULT 'NEW', days integer DEFAULT 365,
    at timestamptz DEFAULT now()
) RETURNS TABLE (weekday integer, average_minor bigint, of_average numeric, in_stock numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 7 AS $$
    WITH pieces AS (
        SELECT extract(isodow FROM d.day)::integer AS weekday, s.landed_minor,
            extract(epoch FROM least(s.ended_at AT TIME ZONE 'UTC', d.day + interval '1 day')
                - greatest(s.started_at AT TIME ZONE 'UTC', d.day)) AS seconds
        FROM analytics.comparable_spans(weekday_prices.asin, weekday_prices.domain,
            weekday_prices.price_type,
            weekday_prices.at - make_interval(hours => 24 * weekday_prices.days), weekday_prices.at) AS s
        CROSS JOIN LATERAL generate_series(date_trunc('day', s.started_at AT TIME ZONE 'UTC'),
            s.ended_at AT TIME ZONE 'UTC' - interval '1 microsecond', interval '1 day') AS d (day)
    ), weekdays AS (
        SELECT weekday, sum(landed_minor * seconds) AS priced,
            sum(seconds) FILTER (WHERE landed_minor IS NOT NULL) AS in_stock, sum(seconds) AS known
        FROM pieces
        GROUP BY weekday
    )
    SELECT weekday, round(priced / in_stock),
        round(100 * (priced / in_stock) / (sum(priced) OVER () / sum(in_stock) OVER ()), 1),
        round(coalesce(in_stock, 0) / known, 4)
    FROM weekdays
    ORDER BY weekday
$$;
