-- The key of a product's price series in price_series and price_points; null if it has none.
-- ASIN, locale and price type may be in any letters. What cannot be one of them is an error, not an
-- answer without rows.
--
-- Columns: one integer.
-- Example: SELECT count(*) FROM price_points WHERE series_id = analytics.series_of('B0EXAMPLE1', 'de', 'NEW');

CREATE OR REPLACE FUNCTION analytics.series_of(asin text, domain text, price_type text)
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.series_id FROM price_series s
    WHERE s.asin = analytics.asin(series_of.asin) AND s.domain = analytics.locale(series_of.domain)
        AND s.price_type = analytics.price_type(series_of.price_type)
$$;
