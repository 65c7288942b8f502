-- Tags on watches: who watches much sorts it by words of their own. And an index for the console's
-- list of a user's alerts.
-- depends: 0020_change_notifications

ALTER TABLE watched_products ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN watched_products.tags IS 'Its user''s own words, in small letters, sorted.';
CREATE INDEX watched_products_tags ON watched_products USING gin (tags) WHERE tags <> '{}';
CREATE INDEX price_alerts_of_user ON price_alerts (user_id, alert_id DESC);
