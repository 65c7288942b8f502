-- How much of the time a product had no offer.
--
-- Columns: known, for how long prices are known within these days; without_offer, how long of that
-- there was no offer; share, 0 to 1; times, how often the offer ended; longest, the longest time
-- without.
-- Example: SELECT * FROM analytics.out_of_stock('B0EXAMPLE1', 'de', days => 90);

CREATE OR REPLACE FUNCTION analytics.out_of_stock(
    asin text, domain text, price_type text DEFAULT 'NEW', days integer DEFAULT 90,
    at timestamptz DEFAULT now()
) RETURNS TABLE (known interval, without_offer interval, share numeric, times integer,
    longest interval)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT sum(ended_at - started_at),
        coalesce(sum(ended_at - started_at) FILTER (WHERE landed_minor IS NULL), interval '0'),
        round(coalesce(sum(extract(epoch FROM ended_at - started_at))
                FILTER (WHERE landed_minor IS NULL), 0)
            / sum(extract(epoch FROM ended_at - started_at)), 4),
        count(*) FILTER (WHERE landed_minor IS NULL),
        coalesce(max(ended_at - started_at) FILTER (WHERE landed_minor IS NULL), interval '0')
    FROM analytics.price_spans(out_of_stock.asin, out_of_stock.domain, out_of_stock.price_type,
        out_of_stock.at - make_interval(hours => 24 * out_of_stock.days), out_of_stock.at)
    HAVING count(*) > 0
$$;
