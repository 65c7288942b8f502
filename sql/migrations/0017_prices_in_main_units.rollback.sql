DROP VIEW IF EXISTS analytics.drops;
DROP VIEW price_history, current_prices;
CREATE VIEW price_history AS
SELECT s.asin, s.domain, s.price_type, p.observed_at, p.price_minor, p.shipping_minor, s.currency,
    p.implausible, o.source, o.run_id, p.checked_at, p.last_checked_at
FROM price_points p
JOIN price_series s USING (series_id)
JOIN price_origins o ON o.origin_id = p.origin_id;
COMMENT ON VIEW price_history IS
    'One row a change: from observed_at until the series'' next row the price was price_minor.';
COMMENT ON COLUMN price_history.price_minor IS 'In the currency''s minor unit; null means no offer.';
COMMENT ON COLUMN price_history.observed_at IS 'Keepa''s time of the point.';
COMMENT ON COLUMN price_history.checked_at IS 'When the check that first brought this value was made.';
COMMENT ON COLUMN price_history.last_checked_at IS 'The latest check that saw this value as newest.';
COMMENT ON COLUMN price_history.implausible IS
    'A jump far outside the product''s own range that nothing had confirmed when it was first seen.';
CREATE TRIGGER delete_price_point INSTEAD OF DELETE ON price_history
    FOR EACH ROW EXECUTE FUNCTION delete_price_point();
CREATE VIEW current_prices AS
SELECT s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.shipping_minor, s.currency,
    s.implausible, o.source, o.run_id, s.last_checked_at, s.seen_at, s.is_price_hidden
FROM price_series s
JOIN price_origins o USING (origin_id);
COMMENT ON VIEW current_prices IS 'The newest point of every series and when it was last confirmed.';
DROP FUNCTION main_units(bigint, text);
