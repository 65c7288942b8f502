DELETE FROM alert_deliveries d USING alert_deliveries later
WHERE later.message_id = d.message_id AND later.status = 'SENT' AND d.status = 'SENT'
    AND later.attempt > d.attempt;
CREATE UNIQUE INDEX alert_deliveries_sent_once ON alert_deliveries (message_id)
    WHERE status = 'SENT';

UPDATE alert_deliveries SET status = 'FAILED' WHERE status = 'UNKNOWN';
ALTER TABLE alert_deliveries
    DROP CONSTRAINT alert_deliveries_status_check,
    ADD CONSTRAINT alert_deliveries_status_check CHECK (status IN
        ('SENT', 'FAILED', 'NOT_CONFIGURED'));
UPDATE price_alerts SET status = 'FAILED' WHERE status = 'UNKNOWN';
ALTER TABLE price_alerts
    DROP CONSTRAINT price_alerts_status_check,
    ADD CONSTRAINT price_alerts_status_check CHECK (status IN
        ('PENDING', 'SENT', 'FAILED', 'NOT_CONFIGURED', 'CANCELLED'));

ALTER TABLE channels
    DROP COLUMN claimed_by,
    DROP COLUMN claimed_until,
    DROP COLUMN paused_because;

UPDATE outbox SET status = 'FAILED' WHERE status = 'UNKNOWN';
COMMENT ON COLUMN outbox.status IS NULL;
COMMENT ON COLUMN outbox.sent_with IS 'The message it went out with, in a digest.';
ALTER TABLE outbox
    DROP COLUMN claimed_by,
    DROP COLUMN claimed_until,
    DROP COLUMN unknown_at,
    DROP CONSTRAINT outbox_status_check,
    ADD CONSTRAINT outbox_status_check CHECK (status IN
        ('PENDING', 'SENT', 'FAILED', 'NOT_CONFIGURED', 'CANCELLED'));
