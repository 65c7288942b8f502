-- How far a product's price is below what it usually costs.
-- Averages are weighted by time, over the time with an offer. The view analytics.drops has the same
-- for all products, with the averages of the last night.
-- Averages reach back as far as prices mean the same (comparable_since): of NEW to February 2026.
--
-- Columns: current_minor, average_30_minor, average_90_minor, in the currency's minor unit;
-- below_30_percent and below_90_percent, negative when it costs more.
-- Example: SELECT * FROM analytics.price_drop('B0EXAMPLE1', 'de');

CREATE OR REPLACE FUNCTION analytics.price_drop(
    asin text, domain text, price_type text DEFAULT 'NEW', at timestamptz DEFAULT now()
) RETURNS TABLE (current_minor bigint, average_30_minor bigint, average_90_minor bigint,
    below_30_percent numeric, below_90_percent numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    WITH spans AS MATERIALIZED (
        SELECT started_at, landed_minor, extract(epoch FROM ended_at - started_at) AS in_90,
            extract(epoch FROM ended_at
                - greatest(started_at, price_drop.at - interval '720 hours')) AS in_30
        FROM analytics.comparable_spans(price_drop.asin, price_drop.domain, price_drop.price_type,
            price_drop.at - interval '2160 hours', price_drop.at)
    ), averages AS (
        SELECT (SELECT landed_minor FROM spans ORDER BY started_at DESC LIMIT 1) AS current,
            sum(landed_minor * in_30) FILTER (WHERE in_30 > 0)
                / sum(in_30) FILTER (WHERE in_30 > 0 AND landed_minor IS NOT NULL) AS average_30,
            sum(landed_minor * in_90)
                / sum(in_90) FILTER (WHERE landed_minor IS NOT NULL) AS average_90
        FROM spans
    )
    SELECT current, round(average_30), round(average_90),
        round(100 * (1 - current / average_30), 1), round(100 * (1 - current / average_90), 1)
    FROM averages
    WHERE average_90 IS NOT NULL
$$;
