ALTER TABLE users DROP COLUMN report_due_from;
ALTER TABLE price_alerts
    DROP COLUMN availability,
    DROP COLUMN subscribe_coupon_percent,
    DROP COLUMN subscribe_coupon_minor,
    DROP COLUMN coupon_percent,
    DROP COLUMN coupon_minor;
