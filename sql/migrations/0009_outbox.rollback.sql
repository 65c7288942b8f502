ALTER TABLE price_alerts
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN next_attempt_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX price_alerts_outbox ON price_alerts (next_attempt_at) WHERE status = 'PENDING';
DELETE FROM alert_deliveries d USING outbox o JOIN channels c USING (channel_id)
WHERE o.message_id = d.message_id AND c.kind <> 'email';
DROP INDEX alert_deliveries_sent_once;
ALTER TABLE alert_deliveries
    DROP COLUMN message_id,
    DROP COLUMN next_attempt_at,
    ADD UNIQUE (alert_id, channel, attempt);
CREATE UNIQUE INDEX alert_deliveries_sent_once ON alert_deliveries (alert_id, channel)
    WHERE status = 'SENT';
DROP TABLE outbox, channels;
ALTER TABLE watched_products DROP COLUMN snoozed_until;
ALTER TABLE users
    DROP COLUMN quiet_from,
    DROP COLUMN quiet_until,
    DROP COLUMN daily_cap,
    DROP COLUMN snoozed_until;
