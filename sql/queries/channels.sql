-- Where users read, when they want to be reached, and the alerts they got.

-- name: list_channels
SELECT c.kind, c.address, c.status,
    count(*) FILTER (WHERE o.status = 'SENT')::int AS sent,
    count(*) FILTER (WHERE o.status = 'PENDING')::int AS waiting,
    count(*) FILTER (WHERE o.status IN ('FAILED', 'NOT_CONFIGURED'))::int AS failed
FROM channels c
JOIN users u USING (user_id)
LEFT JOIN outbox o USING (channel_id)
WHERE lower(u.email) = lower(%(email)s)
GROUP BY c.channel_id
ORDER BY c.channel_id

-- name: save_channel
INSERT INTO channels AS c (user_id, kind, address)
VALUES (%(user_id)s, %(kind)s, %(address)s)
ON CONFLICT (user_id, kind, address) DO UPDATE SET status = 'ACTIVE'
RETURNING xmax = 0 AS is_new

-- name: set_channel_status
UPDATE channels c SET status = %(status)s
FROM users u
WHERE u.user_id = c.user_id AND lower(u.email) = lower(%(email)s) AND c.kind = %(kind)s
    AND c.address = %(address)s
RETURNING c.channel_id

-- name: drop_messages
-- What waits for a channel that is not used any more is not delivered later.
UPDATE outbox SET status = 'CANCELLED', settled_at = now()
WHERE channel_id = %(channel_id)s AND status = 'PENDING'
RETURNING message_id

-- name: rules_of
SELECT time_zone, quiet_from, quiet_until, daily_cap, snoozed_until FROM users
WHERE lower(email) = lower(%(email)s)

-- name: save_rules
UPDATE users SET time_zone = %(time_zone)s, quiet_from = %(quiet_from)s,
    quiet_until = %(quiet_until)s, daily_cap = %(daily_cap)s, snoozed_until = %(snoozed_until)s
WHERE user_id = %(user_id)s

-- name: wake_held
-- What was held by rules that have changed is looked at again at once.
UPDATE outbox o SET next_attempt_at = now()
FROM channels c
WHERE c.channel_id = o.channel_id AND c.user_id = %(user_id)s AND o.status = 'PENDING'
    AND o.held_for IS NOT NULL

-- name: snooze_watches
UPDATE watched_products w SET snoozed_until = %(until)s
FROM users u
WHERE u.user_id = w.user_id AND lower(u.email) = lower(%(email)s) AND w.asin = %(asin)s
    AND (%(domain)s::text IS NULL OR w.domain = %(domain)s) AND w.status <> 'INACTIVE'
RETURNING w.watch_id, w.user_id

-- name: list_alerts
SELECT a.alert_id, a.asin, a.domain, a.price_type, a.price_minor, a.currency, a.reason, a.status,
    a.raised_at, p.title,
    (SELECT string_agg(concat(c.kind, ' ', lower(o.status), CASE WHEN o.status = 'PENDING'
        AND o.held_for IS NOT NULL THEN ': ' || o.held_for END), ', ' ORDER BY o.message_id)
        FROM outbox o JOIN channels c USING (channel_id) WHERE o.alert_id = a.alert_id) AS channels,
    (SELECT d.detail FROM alert_deliveries d WHERE d.alert_id = a.alert_id
        ORDER BY d.delivery_id DESC LIMIT 1) AS detail
FROM price_alerts a
JOIN users u USING (user_id)
LEFT JOIN products p ON (p.asin, p.domain) = (a.asin, a.domain)
WHERE lower(u.email) = lower(%(email)s)
ORDER BY a.alert_id DESC
LIMIT %(most)s

-- name: acknowledge
-- Until the rules are armed again, further drops are not told.
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
SELECT u.email, w.asin, w.domain, w.price_type, p.title
FROM watched_products w
JOIN users u USING (user_id)
LEFT JOIN products p USING (asin, domain)
WHERE w.watch_id = %(number)s AND w.status <> 'INACTIVE'

-- name: linked_channel
SELECT u.email, c.kind, c.address FROM channels c JOIN users u USING (user_id)
WHERE c.channel_id = %(number)s
