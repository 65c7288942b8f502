-- Prices as people write them, beside those in minor units.
-- depends: 0015_leases_of_messages

CREATE FUNCTION main_units(minor bigint, currency text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN currency = 'JPY' THEN minor::numeric ELSE round(minor / 100.0, 2) END
$$;
COMMENT ON FUNCTION main_units IS
    'An amount in minor units as people write it: 24.99, whole yen; null stays null.';

CREATE OR REPLACE VIEW price_history AS
SELECT s.asin, s.domain, s.price_type, p.observed_at, p.price_minor, p.shipping_minor, s.currency,
    p.implausible, o.source, o.run_id, p.checked_at, p.last_checked_at,
    main_units(p.price_minor, s.currency) AS price,
    main_units(p.shipping_minor, s.currency) AS shipping
FROM price_points p
JOIN price_series s USING (series_id)
JOIN price_origins o ON o.origin_id = p.origin_id;
COMMENT ON COLUMN price_history.price IS
    'price_minor as people write it: 24.99, whole yen; null means no offer.';
COMMENT ON COLUMN price_history.domain IS
    'In small letters: us, uk, de …; analytics.locale reads any spelling.';
COMMENT ON COLUMN price_history.price_type IS
    'Keepa''s name in capitals: NEW, AMAZON …; analytics.price_type reads any spelling.';

CREATE OR REPLACE VIEW current_prices AS
SELECT s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.shipping_minor, s.currency,
    s.implausible, o.source, o.run_id, s.last_checked_at, s.seen_at, s.is_price_hidden,
    main_units(s.price_minor, s.currency) AS price,
    main_units(s.shipping_minor, s.currency) AS shipping
FROM price_series s
JOIN price_origins o USING (origin_id);
COMMENT ON COLUMN current_prices.price IS
    'price_minor as people write it: 24.99, whole yen; null means no offer, or one whose price is hidden.';
