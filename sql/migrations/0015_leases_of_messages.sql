-- A message is claimed for a time before it is sent, and how the attempt ended is recorded after it:
-- no row is locked and no transaction open while a provider is asked. An attempt may end unknown.
-- A channel that was paused because its address is gone says so.
-- depends: 0014_time_of_looking

ALTER TABLE outbox
    ADD COLUMN claimed_by text,
    ADD COLUMN claimed_until timestamptz,
    ADD COLUMN unknown_at timestamptz,
    DROP CONSTRAINT outbox_status_check,
    ADD CONSTRAINT outbox_status_check CHECK (status IN
        ('PENDING', 'SENT', 'FAILED', 'UNKNOWN', 'NOT_CONFIGURED', 'CANCELLED'));
COMMENT ON COLUMN outbox.claimed_by IS
    'The latest attempt, by a name of its own: only its own deliverer records how it ended.';
COMMENT ON COLUMN outbox.claimed_until IS
    'Nobody else sends it before; null once the outcome is recorded. Past and not null: the deliverer ended.';
COMMENT ON COLUMN outbox.unknown_at IS
    'When an attempt ended of which nobody knows whether the message arrived; the next one says so.';
COMMENT ON COLUMN outbox.sent_with IS
    'The message it went out with, in a digest; while unknown_at is set, what its digest is called.';
COMMENT ON COLUMN outbox.status IS
    'UNKNOWN: sent twice at most, and nobody knows whether it arrived; neither sent nor failed.';

ALTER TABLE channels
    ADD COLUMN claimed_by text,
    ADD COLUMN claimed_until timestamptz,
    ADD COLUMN paused_because text;
COMMENT ON COLUMN channels.claimed_until IS
    'Until then one deliverer uses the channel, which its attempt claimed_by names; null if none does.';
COMMENT ON COLUMN channels.paused_because IS
    'What its provider said when Keeper paused it; null if its user did, or it is active.';

ALTER TABLE price_alerts
    DROP CONSTRAINT price_alerts_status_check,
    ADD CONSTRAINT price_alerts_status_check CHECK (status IN
        ('PENDING', 'SENT', 'FAILED', 'UNKNOWN', 'NOT_CONFIGURED', 'CANCELLED'));
ALTER TABLE alert_deliveries
    DROP CONSTRAINT alert_deliveries_status_check,
    ADD CONSTRAINT alert_deliveries_status_check CHECK (status IN
        ('SENT', 'FAILED', 'UNKNOWN', 'NOT_CONFIGURED'));

-- A message that an operator makes due again is sent again; refusing its row would send it without end.
DROP INDEX alert_deliveries_sent_once;
