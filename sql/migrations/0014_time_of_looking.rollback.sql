DROP VIEW current_prices;
CREATE VIEW current_prices AS
SELECT s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.shipping_minor, s.currency,
    s.implausible, o.source, o.run_id, s.last_checked_at
FROM price_series s
JOIN price_origins o USING (origin_id);
COMMENT ON VIEW current_prices IS 'The newest point of every series and when it was last confirmed.';

ALTER TABLE price_alerts DROP COLUMN seen_at;
ALTER TABLE price_series DROP COLUMN seen_at, DROP COLUMN is_price_hidden;
