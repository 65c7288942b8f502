DROP SCHEMA IF EXISTS analytics CASCADE;
CREATE OR REPLACE FUNCTION delete_price_point() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM price_points p USING price_series s
    WHERE (s.asin, s.domain, s.price_type) = (OLD.asin, OLD.domain, OLD.price_type)
        AND (p.series_id, p.observed_at) = (s.series_id, OLD.observed_at);
    RETURN OLD;
END
$$;
DROP TABLE exchange_rates, price_statistics, price_days;
ALTER TABLE price_series DROP COLUMN due_from;
