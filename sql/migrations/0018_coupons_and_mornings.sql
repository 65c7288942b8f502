-- What the listing said beside an alert's price: coupons, and whether Amazon could deliver. When each
-- reader was last due for a daily report, which comes in the morning of their own time zone.
-- depends: 0017_prices_in_main_units

ALTER TABLE price_alerts
    ADD COLUMN coupon_minor bigint,
    ADD COLUMN coupon_percent integer,
    ADD COLUMN subscribe_coupon_minor bigint,
    ADD COLUMN subscribe_coupon_percent integer,
    ADD COLUMN availability text;
COMMENT ON COLUMN price_alerts.coupon_minor IS
    'What a coupon takes off one purchase, in minor units; null: it takes off none, or is unknown.';
COMMENT ON COLUMN price_alerts.coupon_percent IS
    'What a coupon takes off one purchase, 1 to 100 percent; null: it takes off none, or is unknown.';
COMMENT ON COLUMN price_alerts.subscribe_coupon_minor IS
    'As coupon_minor, off a subscription.';
COMMENT ON COLUMN price_alerts.subscribe_coupon_percent IS
    'As coupon_percent, off a subscription.';
COMMENT ON COLUMN price_alerts.availability IS
    'Of Amazon''s own price: in stock, pre-order, back-order or delayed; null if it is not known.';

ALTER TABLE users ADD COLUMN report_due_from timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN users.report_due_from IS
    'A daily report is due at the first morning after; the time of the last look for new deals.';
