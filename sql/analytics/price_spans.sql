-- What a product cost from when to when; the other functions are built on it.
-- A span ends where the next begins, the last one at `until`; a price that began before `since` is
-- cut there. Prices include shipping where Keepa gives it; null means that there was no offer. A
-- price far outside the product's range counts only once it is confirmed. NEW and its kin
-- include shipping since 23 February 2026 only; comparable_spans leaves out what was before.
--
-- Columns: started_at, ended_at; landed_minor, in the currency's minor unit.
-- Example: SELECT * FROM analytics.price_spans('B0EXAMPLE1', 'de', 'NEW', '2026-01-01Z');

CREATE OR REPLACE FUNCTION analytics.price_spans(
    asin text, domain text, price_type text DEFAULT 'NEW',
    since timestamptz DEFAULT '2011-01-01Z', until timestamptz DEFAULT now()
) RETURNS TABLE (started_at timestamptz, ended_at timestamptz, landed_minor bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 300 AS $$
    SELECT greatest(p.observed_at, price_spans.since),
        lead(p.observed_at, 1, price_spans.until) OVER (ORDER BY p.observed_at),
        p.landed_minor
    FROM (
        (
            SELECT q.observed_at, q.price_minor + coalesce(q.shipping_minor, 0) AS landed_minor
            FROM price_points q
            WHERE q.series_id = (SELECT analytics.series_of(
                    price_spans.asin, price_spans.domain, price_spans.price_type))
                AND q.observed_at <= price_spans.since AND NOT q.implausible
            ORDER BY q.observed_at DESC LIMIT 1
        )
        UNION ALL
        SELECT q.observed_at, q.price_minor + coalesce(q.shipping_minor, 0)
        FROM price_points q
        WHERE q.series_id = (SELECT analytics.series_of(
                price_spans.asin, price_spans.domain, price_spans.price_type))
            AND q.observed_at > price_spans.since AND q.observed_at < price_spans.until
            AND NOT q.implausible
    ) AS p
$$;
