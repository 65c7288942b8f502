-- Several channels a user, an outbox with a row for each alert and channel, and when they may be used.
-- depends: 0008_alert_rules

ALTER TABLE users
    ADD COLUMN quiet_from time,
    ADD COLUMN quiet_until time,
    ADD COLUMN daily_cap integer NOT NULL DEFAULT 20 CHECK (daily_cap > 0),
    ADD COLUMN snoozed_until timestamptz,
    ADD CHECK ((quiet_from IS NULL) = (quiet_until IS NULL));
COMMENT ON COLUMN users.quiet_from IS
    'From then until quiet_until, by clocks in time_zone, nothing is delivered; over midnight too.';
COMMENT ON COLUMN users.daily_cap IS
    'Most messages a channel gets on a day in time_zone; the others come as one digest the day after.';
ALTER TABLE watched_products ADD COLUMN snoozed_until timestamptz;
COMMENT ON COLUMN watched_products.snoozed_until IS 'Its alerts are delivered from then on.';

CREATE TABLE channels (
    channel_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('email', 'telegram', 'discord', 'apprise')),
    address text NOT NULL CHECK (address <> ''),
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAUSED')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, kind, address)
);
COMMENT ON TABLE channels IS 'Where each user reads: every alert goes to each of the active ones.';
COMMENT ON COLUMN channels.address IS
    'An e-mail address, a Telegram chat, or the settings'' name of a webhook; never a secret.';
INSERT INTO channels (user_id, kind, address)
SELECT user_id, 'email', email FROM users WHERE NOT is_system;

CREATE TABLE outbox (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id bigint NOT NULL REFERENCES channels ON DELETE CASCADE,
    alert_id bigint NOT NULL REFERENCES price_alerts ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'PENDING'
        CHECK (status IN ('PENDING', 'SENT', 'FAILED', 'NOT_CONFIGURED', 'CANCELLED')),
    held_for text,
    sent_with bigint,
    attempts integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    queued_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    UNIQUE (alert_id, channel_id)
);
CREATE INDEX outbox_due ON outbox (next_attempt_at, message_id) WHERE status = 'PENDING';
CREATE INDEX outbox_sent ON outbox (channel_id, settled_at) WHERE status = 'SENT';
CREATE INDEX outbox_held ON outbox (channel_id) WHERE status = 'PENDING' AND held_for IS NOT NULL;
COMMENT ON TABLE outbox IS 'One row for each alert and channel it goes to; PENDING ones are due.';
COMMENT ON COLUMN outbox.held_for IS
    'Quiet hours, snooze or daily cap, if it had to wait; such messages go out together.';
COMMENT ON COLUMN outbox.sent_with IS 'The message it went out with, in a digest.';

INSERT INTO outbox (channel_id, alert_id, status, attempts, next_attempt_at, queued_at, settled_at)
SELECT c.channel_id, a.alert_id, a.status, a.attempts, a.next_attempt_at, a.raised_at,
    CASE WHEN a.status <> 'PENDING' THEN coalesce(
        (SELECT max(attempted_at) FROM alert_deliveries d WHERE d.alert_id = a.alert_id), a.raised_at)
    END
FROM price_alerts a
JOIN channels c USING (user_id);

ALTER TABLE alert_deliveries
    ADD COLUMN message_id bigint REFERENCES outbox ON DELETE CASCADE,
    ADD COLUMN next_attempt_at timestamptz;
UPDATE alert_deliveries d SET message_id = o.message_id FROM outbox o WHERE o.alert_id = d.alert_id;
DELETE FROM alert_deliveries WHERE message_id IS NULL;
DROP INDEX alert_deliveries_sent_once;
ALTER TABLE alert_deliveries
    ALTER COLUMN message_id SET NOT NULL,
    DROP CONSTRAINT alert_deliveries_alert_id_channel_attempt_key,
    ADD UNIQUE (message_id, attempt);
CREATE UNIQUE INDEX alert_deliveries_sent_once ON alert_deliveries (message_id)
    WHERE status = 'SENT';
COMMENT ON TABLE alert_deliveries IS 'A row for each attempt to deliver an alert by a channel.';

DROP INDEX price_alerts_outbox;
ALTER TABLE price_alerts DROP COLUMN attempts, DROP COLUMN next_attempt_at;
COMMENT ON TABLE price_alerts IS
    'Alerts raised by the loader in the transaction that stored the price; outbox says where they go.';
COMMENT ON COLUMN price_alerts.status IS
    'SENT once a channel has it, PENDING while one may still get it, else how the last one ended.';
