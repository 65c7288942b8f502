-- Where users read, when they want to be reached, and the alerts they got.

-- name: list_channels
-- Returns a user's channels in the order they were added, with how many messages each has been
-- sent, still has pending, could not be sent and may have got; problem is why the channel was paused,
-- or how the last attempt ended, null if it succeeded.
SELECT c.kind, c.address, c.status,
    count(*) FILTER (WHERE o.status = 'SENT')::int AS sent,
    count(*) FILTER (WHERE o.status = 'PENDING')::int AS waiting,
    count(*) FILTER (WHERE o.status IN ('FAILED', 'NOT_CONFIGURED'))::int AS failed,
    count(*) FILTER (WHERE o.status = 'UNKNOWN')::int AS unknown,
    coalesce(c.paused_because, (SELECT CASE WHEN d.status <> 'SENT' THEN d.detail END
        FROM alert_deliveries d JOIN outbox m USING (message_id) WHERE m.channel_id = c.channel_id
        ORDER BY d.delivery_id DESC LIMIT 1)) AS problem
FROM channels c
JOIN users u USING (user_id)
LEFT JOIN outbox o USING (channel_id)
WHERE lower(u.email) = lower(%(email)s)
GROUP BY c.channel_id
ORDER BY c.channel_id

-- name: save_channel
-- Adds a channel of a user, or activates the one that exists; returns whether it is new.
INSERT INTO channels AS c (user_id, kind, address)
VALUES (%(user_id)s, %(kind)s, %(address)s)
ON CONFLICT (user_id, kind, address) DO UPDATE SET status = 'ACTIVE', paused_because = NULL
RETURNING channel_id, xmax = 0 AS is_new

-- name: end_pause_notice
-- Resolves the notice that a channel was paused.
UPDATE operator_notices SET resolved_at = now()
WHERE topic = 'channel:' || %(channel_id)s AND resolved_at IS NULL

-- name: pause_for_good
-- Pauses an active channel because of what its provider said, and returns its user's address and
-- language; no row if it was paused already.
UPDATE channels c SET status = 'PAUSED', paused_because = %(because)s
FROM users u
WHERE u.user_id = c.user_id AND c.channel_id = %(channel_id)s AND c.status = 'ACTIVE'
RETURNING u.email, u.language

-- name: active_kinds
-- Returns the kinds of a user's active channels.
SELECT DISTINCT c.kind FROM channels c JOIN users u USING (user_id)
WHERE lower(u.email) = lower(%(email)s) AND c.status = 'ACTIVE'

-- name: set_channel_status
-- Sets the status of a user's channel and returns its id; no row if the user has no such channel.
UPDATE channels c SET status = %(status)s, paused_because = NULL
FROM users u
WHERE u.user_id = c.user_id AND lower(u.email) = lower(%(email)s) AND c.kind = %(kind)s
    AND c.address = %(address)s
RETURNING c.channel_id

-- name: drop_messages
-- Cancels the pending messages of a channel and returns them: nobody wants them weeks later.
UPDATE outbox SET status = 'CANCELLED', settled_at = now()
WHERE channel_id = %(channel_id)s AND status = 'PENDING'
RETURNING message_id

-- name: wait_for_messages
-- Waits until no transaction queues or sends messages, and lets new ones wait for this one.
LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE

-- name: lock_channel
-- Locks a user's channel and returns its id; no row if the user has no such channel.
SELECT c.channel_id FROM channels c
JOIN users u USING (user_id)
WHERE lower(u.email) = lower(%(email)s) AND c.kind = %(kind)s AND c.address = %(address)s
FOR UPDATE OF c

-- name: close_alerts_of
-- Cancels the alerts that only a channel's messages could still deliver, so that none of them is
-- queued for another channel once this one is deleted.
UPDATE price_alerts a SET status = 'CANCELLED'
WHERE a.status = 'NOT_CONFIGURED'
    AND EXISTS (SELECT FROM outbox o
        WHERE o.alert_id = a.alert_id AND o.channel_id = %(channel_id)s)
    AND NOT EXISTS (SELECT FROM outbox o
        WHERE o.alert_id = a.alert_id AND o.channel_id <> %(channel_id)s)

-- name: delete_channel
-- Deletes a channel with its messages and what became of them; returns how many there were.
WITH messages AS (
    SELECT count(*)::int AS messages FROM outbox WHERE channel_id = %(channel_id)s
)
DELETE FROM channels c USING messages m WHERE c.channel_id = %(channel_id)s
RETURNING m.messages

-- name: rules_of
-- Returns a user's time zone, quiet hours, daily cap and snooze; no row for an unknown address.
-- Null hours mean that there are none, a null snoozed_until that nothing is snoozed.
SELECT time_zone, quiet_from, quiet_until, daily_cap, snoozed_until FROM users
WHERE lower(email) = lower(%(email)s)

-- name: save_rules
-- Replaces a user's time zone, quiet hours, daily cap and snooze; null ends quiet hours or a
-- snooze.
UPDATE users SET time_zone = %(time_zone)s, quiet_from = %(quiet_from)s,
    quiet_until = %(quiet_until)s, daily_cap = %(daily_cap)s, snoozed_until = %(snoozed_until)s
WHERE user_id = %(user_id)s

-- name: wake_held
-- Makes the held messages of a user due now, so that the changed rules are evaluated at once.
UPDATE outbox o SET next_attempt_at = now()
FROM channels c
WHERE c.channel_id = o.channel_id AND c.user_id = %(user_id)s AND o.status = 'PENDING'
    AND o.held_for IS NOT NULL AND o.claimed_until IS NULL AND o.unknown_at IS NULL

-- name: snooze_watches
-- Sets until when the alerts of a user's watches of a product are held, null for no longer; a null
-- domain or price type means every one. Returns the watches with the former time; removed ones are left out. The
-- end of a snooze stays known: a link made before it has been used.
WITH meant AS (
    SELECT w.watch_id, w.snoozed_until FROM watched_products w
    JOIN users u USING (user_id)
    WHERE lower(u.email) = lower(%(email)s) AND w.asin = %(asin)s
        AND (%(domain)s::text IS NULL OR w.domain = %(domain)s)
        AND (%(price_type)s::text IS NULL OR w.price_type = %(price_type)s)
        AND w.status <> 'INACTIVE'
    ORDER BY w.watch_id
    FOR UPDATE OF w
)
UPDATE watched_products w
SET snoozed_until = coalesce(%(until)s::timestamptz,
    CASE WHEN m.snoozed_until IS NOT NULL THEN least(m.snoozed_until, now()) END)
FROM meant m WHERE w.watch_id = m.watch_id
RETURNING w.user_id, w.domain, w.price_type, m.snoozed_until AS before

-- name: list_alerts
-- Returns a user's latest alerts, newest first, with the state of each channel's message and the
-- detail of the last attempt, null before one. A null price means no offer,
-- a null locale or time any.
SELECT a.alert_id, a.asin, a.domain, a.price_type, a.price_minor, a.currency, a.reason, a.status,
    a.raised_at, p.title,
    (SELECT string_agg(concat(c.kind, ' ', CASE WHEN o.status = 'PENDING' AND o.unknown_at IS NOT NULL
            THEN 'unknown, sent once more' ELSE lower(o.status) END,
        CASE WHEN o.status = 'PENDING' AND o.held_for IS NOT NULL AND o.unknown_at IS NULL
            THEN ': ' || o.held_for END), ', ' ORDER BY o.message_id)
        FROM outbox o JOIN channels c USING (channel_id) WHERE o.alert_id = a.alert_id) AS channels,
    (SELECT d.detail FROM alert_deliveries d WHERE d.alert_id = a.alert_id
        ORDER BY d.delivery_id DESC LIMIT 1) AS detail
FROM price_alerts a
JOIN users u USING (user_id)
LEFT JOIN products p ON (p.asin, p.domain) = (a.asin, a.domain)
WHERE lower(u.email) = lower(%(email)s)
    AND (%(domain)s::text IS NULL OR a.domain = %(domain)s)
    AND (%(since)s::timestamptz IS NULL OR a.raised_at >= %(since)s)
ORDER BY a.alert_id DESC
LIMIT %(most)s

-- name: acknowledge
-- Cancels the pending messages of a user's alert, and stops further drops from raising alerts until
-- its rules are armed again. Returns the number of each; no row if the user has no such alert.
WITH seen AS (
    SELECT a.alert_id, a.watch_id, a.rules FROM price_alerts a
    JOIN users u USING (user_id)
    WHERE a.alert_id = %(alert_id)s AND lower(u.email) = lower(%(email)s)
), calmed AS (
    UPDATE alert_states s SET alerted_price_minor = NULL
    FROM seen WHERE s.watch_id = seen.watch_id AND s.rule = ANY (seen.rules) AND NOT s.armed
    RETURNING s.watch_id
), dropped AS (
    UPDATE outbox o SET status = 'CANCELLED', settled_at = now()
    FROM seen WHERE o.alert_id = seen.alert_id AND o.status = 'PENDING'
    RETURNING o.message_id
), cancelled AS (
    UPDATE price_alerts a SET status = 'CANCELLED'
    FROM seen WHERE a.alert_id = seen.alert_id AND a.status = 'PENDING'
    RETURNING a.alert_id
)
SELECT alert_id, (SELECT count(*)::int FROM dropped) AS dropped,
    (SELECT count(*)::int FROM calmed) AS calmed
FROM seen

-- name: linked_watch
-- Returns a watch and its owner's address by its id; no row once it was removed. A null
-- snoozed_until means that it was never snoozed.
SELECT u.email, w.asin, w.domain, w.price_type, w.created_at AS watched_since, w.snoozed_until,
    u.time_zone, p.title, u.language
FROM watched_products w
JOIN users u USING (user_id)
LEFT JOIN products p USING (asin, domain)
WHERE w.watch_id = %(number)s AND w.status <> 'INACTIVE'

-- name: linked_channel
-- Returns a channel and its owner's address by its id.
SELECT u.email, c.kind, c.address, c.created_at AS channel_since, u.language
FROM channels c JOIN users u USING (user_id)
WHERE c.channel_id = %(number)s
