-- How much a product's price moves.
-- As far back as prices mean the same (comparable_since): of NEW since February 2026.
--
-- Columns: changes within these days; average_minor and deviation_minor, mean and standard deviation
-- weighted by time, in the currency's minor unit; variation, deviation by mean; daily_volatility,
-- the standard deviation of the daily closes' logarithmic changes, as for shares.
-- Example: SELECT * FROM analytics.volatility('B0EXAMPLE1', 'de', days => 90);

CREATE OR REPLACE FUNCTION analytics.volatility(
    asin text, domain text, price_type text DEFAULT 'NEW', days integer DEFAULT 90,
    at timestamptz DEFAULT now()
) RETURNS TABLE (changes integer, average_minor bigint, deviation_minor bigint, variation numeric,
    daily_volatility numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    WITH spans AS MATERIALIZED (
        SELECT started_at, landed_minor, extract(epoch FROM ended_at - started_at) AS seconds
        FROM analytics.comparable_spans(volatility.asin, volatility.domain, volatility.price_type,
            volatility.at - make_interval(hours => 24 * volatility.days), volatility.at)
    ), weighed AS (
        SELECT sum(landed_minor * seconds) / sum(seconds) AS average,
            sum(landed_minor::numeric * landed_minor * seconds) / sum(seconds) AS average_square
        FROM spans WHERE landed_minor IS NOT NULL
    ), closes AS (
        SELECT close_minor, lag(close_minor) OVER (ORDER BY day) AS before
        FROM analytics.daily_prices(volatility.asin, volatility.domain, volatility.price_type,
            ((volatility.at AT TIME ZONE 'UTC')::date - volatility.days),
            (volatility.at AT TIME ZONE 'UTC')::date)
        WHERE close_minor IS NOT NULL
            AND day >= (SELECT (min(started_at) AT TIME ZONE 'UTC')::date FROM spans)
    )
    SELECT (SELECT count(*)::integer FROM spans
            WHERE started_at > volatility.at - make_interval(hours => 24 * volatility.days)),
        round(average), round(sqrt(greatest(average_square - average * average, 0))),
        round(sqrt(greatest(average_square - average * average, 0)) / average, 4),
        (SELECT round(stddev_samp(ln(close_minor::numeric / before)), 4)
            FROM closes WHERE before IS NOT NULL)
    FROM weighed
    WHERE average IS NOT NULL
$$;
