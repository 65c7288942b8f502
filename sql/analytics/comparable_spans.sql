-- What a product cost from when to when, as far as it compares with prices at `until`.
-- As price_spans, but where a price type has changed its meaning (comparable_since), only prices
-- since then: one that held at that moment counts if it went on for 30 days, for Keepa has seen it
-- again by then; one that ended sooner may be a price without shipping.
--
-- Columns: started_at, ended_at; landed_minor, in the currency's minor unit.
-- Example: SELECT * FROM analytics.comparable_spans('B0EXAMPLE1', 'de', 'NEW', '2026-01-01Z');

CREATE OR REPLACE FUNCTION analytics.comparable_spans(
    asin text, domain text, price_type text DEFAULT 'NEW',
    since timestamptz DEFAULT '2011-01-01Z', until timestamptz DEFAULT now()
) RETURNS TABLE (started_at timestamptz, ended_at timestamptz, landed_minor bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 300 AS $$
    SELECT s.started_at, s.ended_at, s.landed_minor
    FROM analytics.price_spans(comparable_spans.asin, comparable_spans.domain,
        comparable_spans.price_type,
        greatest(comparable_spans.since, analytics.comparable_since(
            comparable_spans.price_type, comparable_spans.until)),
        comparable_spans.until) AS s
    WHERE analytics.comparable_since(comparable_spans.price_type, comparable_spans.until) IS NULL
        OR s.ended_at >= analytics.comparable_since(
            comparable_spans.price_type, comparable_spans.until) + interval '30 days'
        OR s.started_at >= (
            SELECT p.observed_at FROM price_points p
            WHERE p.series_id = (SELECT analytics.series_of(comparable_spans.asin,
                    comparable_spans.domain, comparable_spans.price_type))
                AND p.observed_at >= analytics.comparable_since(
                    comparable_spans.price_type, comparable_spans.until)
                AND NOT p.implausible
            ORDER BY p.observed_at LIMIT 1)
$$;
