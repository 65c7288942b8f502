-- The rank of today's price among all prices of the product, weighted by time.
-- 10 means: for a tenth of the time with an offer it cost less, or half of the time it cost the same.
-- A price that was there for a month weighs thirty times one that was there for a day. Prices count as
-- far back as they mean the same (comparable_since): of NEW since February 2026.
--
-- Columns: current_minor, in the currency's minor unit; percentile, 0 to 100, null without an offer;
-- known, for how long prices are known within these days.
-- Example: SELECT * FROM analytics.price_percentile('B0EXAMPLE1', 'de', days => 365);

CREATE OR REPLACE FUNCTION analytics.price_percentile(
    asin text, domain text, price_type text DEFAULT 'NEW', days integer DEFAULT 365,
    at timestamptz DEFAULT now()
) RETURNS TABLE (current_minor bigint, percentile numeric, known interval)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    WITH spans AS MATERIALIZED (
        SELECT started_at, landed_minor, extract(epoch FROM ended_at - started_at) AS seconds
        FROM analytics.comparable_spans(price_percentile.asin, price_percentile.domain,
            price_percentile.price_type,
            price_percentile.at - make_interval(hours => 24 * price_percentile.days), price_percentile.at)
    ), now_is AS (
        SELECT landed_minor FROM spans ORDER BY started_at DESC LIMIT 1
    )
    SELECT n.landed_minor,
        round(100 * (coalesce(sum(s.seconds) FILTER (WHERE s.landed_minor < n.landed_minor), 0)
                + sum(s.seconds) FILTER (WHERE s.landed_minor = n.landed_minor) / 2)
            / sum(s.seconds) FILTER (WHERE s.landed_minor IS NOT NULL), 1),
        make_interval(secs => (sum(s.seconds) FILTER (WHERE s.landed_minor IS NOT NULL))::float8)
    FROM now_is n
    CROSS JOIN spans s
    GROUP BY n.landed_minor
$$;
