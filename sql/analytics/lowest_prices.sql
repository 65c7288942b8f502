-- The lowest price of the last week, month, quarter, half-year and year, and ever.
-- As far back as prices mean the same (comparable_since): of NEW since February 2026.
--
-- Columns: days, null for all time; lowest_minor, in the currency's minor unit; lowest_at, since when it
-- was that low, the first time within these days; current_minor; is_lowest, whether it is so now.
-- Example: SELECT * FROM analytics.lowest_prices('B0EXAMPLE1', 'de');

CREATE OR REPLACE FUNCTION analytics.lowest_prices(
    asin text, domain text, price_type text DEFAULT 'NEW', at timestamptz DEFAULT now()
) RETURNS TABLE (days integer, lowest_minor bigint, lowest_at timestamptz, current_minor bigint,
    is_lowest boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 6 AS $$
    WITH spans AS MATERIALIZED (
        SELECT * FROM analytics.comparable_spans(lowest_prices.asin, lowest_prices.domain,
            lowest_prices.price_type, until => lowest_prices.at)
    ), now_is AS (
        SELECT landed_minor FROM spans ORDER BY started_at DESC LIMIT 1
    )
    SELECT w.days, l.landed_minor, l.lowest_at, n.landed_minor, n.landed_minor <= l.landed_minor
    FROM (VALUES (7), (30), (90), (180), (365), (NULL)) AS w (days)
    CROSS JOIN now_is n
    CROSS JOIN LATERAL (
        SELECT s.landed_minor,
            greatest(s.started_at, lowest_prices.at - make_interval(hours => 24 * w.days)) AS lowest_at
        FROM spans s
        WHERE s.landed_minor IS NOT NULL
            AND (w.days IS NULL OR s.ended_at > lowest_prices.at - make_interval(hours => 24 * w.days))
        ORDER BY s.landed_minor, s.started_at LIMIT 1
    ) AS l
    ORDER BY w.days NULLS LAST
$$;
