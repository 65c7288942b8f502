-- When Keepa itself last looked at a price, which may be long before it was asked; prices that their
-- makers hide.
-- depends: 0013_request_detail

ALTER TABLE price_series
    ADD COLUMN seen_at timestamptz,
    ADD COLUMN is_price_hidden boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN price_series.seen_at IS
    'When Keepa last looked at the current price, as of last_checked_at; null if it does not say.';
COMMENT ON COLUMN price_series.is_price_hidden IS
    'There is an offer, but its maker lets nobody show the price; price_minor is null.';

ALTER TABLE price_alerts ADD COLUMN seen_at timestamptz;
COMMENT ON COLUMN price_alerts.seen_at IS
    'When Keepa last looked at the price, as of checked_at; null if it does not say.';

CREATE OR REPLACE VIEW current_prices AS
SELECT s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.shipping_minor, s.currency,
    s.implausible, o.source, o.run_id, s.last_checked_at, s.seen_at, s.is_price_hidden
FROM price_series s
JOIN price_origins o USING (origin_id);
