-- The outbox: alerts, reports and notices on their way to each of their reader's channels.

-- name: queue_for_user
-- Queues a report or a notice, one of the two and the other null, for each active channel of a
-- user; returns a row, and wakes the deliverers at the commit, if there is any.
WITH queued AS (
    INSERT INTO outbox (channel_id, report_id, notice_id)
    SELECT c.channel_id, %(report_id)s::bigint, %(notice_id)s::bigint FROM channels c
    WHERE c.user_id = %(user_id)s AND c.status = 'ACTIVE'
    ORDER BY c.channel_id
    RETURNING message_id
)
SELECT pg_notify('keeper_outbox', '') FROM queued LIMIT 1

-- name: queue_link
-- Queues a mail with a link to sign in to its user's own address, and wakes the deliverers at the
-- commit. The channel is added, paused, for who has it not: it gets these mails and nothing else.
WITH own AS (
    SELECT u.user_id, u.email FROM users u JOIN sign_in_links l USING (user_id)
    WHERE l.link_id = %(link_id)s
), known AS (
    SELECT c.channel_id FROM channels c JOIN own USING (user_id)
    WHERE c.kind = 'email' AND lower(c.address) = lower(own.email)
    ORDER BY c.channel_id LIMIT 1
), added AS (
    INSERT INTO channels (user_id, kind, address, status)
    SELECT user_id, 'email', email, 'PAUSED' FROM own WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (user_id, kind, address) DO UPDATE SET address = excluded.address
    RETURNING channel_id
), queued AS (
    INSERT INTO outbox (channel_id, link_id)
    SELECT channel_id, %(link_id)s FROM (SELECT * FROM known UNION ALL SELECT * FROM added) AS c
    RETURNING message_id
)
SELECT pg_notify('keeper_outbox', '') FROM queued

-- name: lock_next
-- Locks the next message that is due and its channel, earliest due first, and returns what its next
-- attempt follows. A link to sign in goes to a paused channel too. Messages and channels that another attempt has claimed are passed over, and so
-- are those that others have locked; the loader may add messages meanwhile. A claim that is over
-- and still there is one whose deliverer ended; it is returned with the message. Closed are channel
-- kinds and addresses to leave alone, set aside are messages.
SELECT o.message_id, o.channel_id, c.kind, c.address, o.attempts, o.first_attempt_at, o.unknown_at,
    o.sent_with, o.notice_id IS NOT NULL AS is_notice,
    CASE WHEN o.claimed_until IS NOT NULL THEN o.claimed_by END AS abandoned_claim
FROM outbox o
JOIN channels c USING (channel_id)
WHERE o.status = 'PENDING' AND o.next_attempt_at <= %(now)s
    AND (c.status = 'ACTIVE' OR o.link_id IS NOT NULL)
    AND coalesce(o.claimed_until <= %(now)s, true) AND coalesce(c.claimed_until <= %(now)s, true)
    AND c.kind = ANY (%(kinds)s) AND o.message_id <> ALL (%(aside)s)
    AND c.kind <> ALL (%(closed)s) AND c.kind || ':' || c.address <> ALL (%(closed)s)
ORDER BY o.next_attempt_at, o.message_id
LIMIT 1
FOR NO KEY UPDATE OF o, c SKIP LOCKED

-- name: held_with
-- Locks and returns the other alerts of a channel, locked already, that were held and are due now,
-- oldest first; alerts nobody wants any more or that are snoozed are left out. With sent_with it
-- returns those of a digest nobody knows the arrival of, without it those of none such.
SELECT o.message_id
FROM outbox o
JOIN channels c USING (channel_id)
JOIN users u USING (user_id)
JOIN price_alerts a USING (alert_id)
JOIN watched_products w USING (watch_id)
WHERE o.channel_id = %(channel_id)s AND o.message_id <> %(message_id)s AND o.status = 'PENDING'
    AND o.held_for IS NOT NULL AND o.next_attempt_at <= %(now)s
    AND w.status <> 'INACTIVE' AND a.status <> 'CANCELLED'
    AND coalesce(greatest(u.snoozed_until, w.snoozed_until) <= %(now)s, true)
    AND o.claimed_until IS NULL AND o.message_id <> ALL (%(aside)s)
    AND CASE WHEN %(sent_with)s::bigint IS NULL THEN o.unknown_at IS NULL
        ELSE o.unknown_at IS NOT NULL AND o.sent_with = %(sent_with)s END
ORDER BY o.queued_at, o.message_id
FOR NO KEY UPDATE OF o

-- name: queued
-- Returns messages with their content, channel and its user's rules, oldest first; of alert, report,
-- notice and link to sign in one is there and the others are null. A notice is not wanted once its trouble is over
-- or another has taken its place; one that messages were lost is wanted until a newer one is there.
SELECT o.message_id, o.channel_id, o.queued_at, o.attempts, o.first_attempt_at, o.held_for, c.kind,
    c.address, c.created_at AS channel_since, w.created_at AS watched_since,
    u.time_zone, u.language, u.quiet_from, u.quiet_until, u.daily_cap,
    greatest(u.snoozed_until, w.snoozed_until) AS snoozed_until,
    coalesce(w.status <> 'INACTIVE' AND a.status <> 'CANCELLED', true)
        AND (n.resolved_at IS NULL OR starts_with(n.topic, 'delivery:') AND NOT EXISTS (
            SELECT FROM operator_notices l WHERE l.topic = n.topic AND l.notice_id > n.notice_id))
        AND (o.report_id IS NULL OR u.deal_reports <> 'OFF') AS is_wanted,
    a.alert_id, a.watch_id, a.asin, a.domain, a.price_type, a.price_minor, a.shipping_minor,
    a.previous_price_minor, a.target_minor, w.with_shipping, a.currency, a.observed_at,
    a.checked_at, a.seen_at, a.reason, a.source, p.title, p.image_url,
    a.coupon_minor, a.coupon_percent, a.subscribe_coupon_minor, a.subscribe_coupon_percent,
    a.availability,
    s.price_minor AS newest_price_minor, coalesce(s.is_price_hidden, false) AS is_newest_hidden,
    coalesce((s.last_checked_at, s.observed_at) > (a.checked_at, a.observed_at)
        AND s.observed_at <> a.observed_at, false) AS has_newer_price,
    o.link_id, k.base_url, k.created_at AS asked_at, o.report_id, o.notice_id, n.topic, n.subject, n.details, n.since, n.raised_at, n.times
FROM outbox o
JOIN channels c USING (channel_id)
JOIN users u USING (user_id)
LEFT JOIN price_alerts a USING (alert_id)
LEFT JOIN watched_products w USING (watch_id)
LEFT JOIN products p ON (p.asin, p.domain) = (a.asin, a.domain)
LEFT JOIN price_series s
    ON (s.asin, s.domain, s.price_type) = (a.asin, a.domain, a.price_type)
LEFT JOIN operator_notices n USING (notice_id)
LEFT JOIN sign_in_links k USING (link_id)
WHERE o.message_id = ANY (%(message_ids)s)
ORDER BY o.queued_at, o.message_id

-- name: sent_since
-- Returns how many alerts a channel has been sent since a moment, a digest as one. Alerts only: a
-- report and a notice do not use up the daily cap.
SELECT count(*)::int AS sent FROM outbox
WHERE channel_id = %(channel_id)s AND status = 'SENT' AND settled_at >= %(since)s
    AND sent_with IS NULL AND alert_id IS NOT NULL

-- name: hold
-- Makes a message due later and records which of its user's rules holds it. For one that has been
-- tried already the time it is held does not count as a time of trying.
UPDATE outbox SET next_attempt_at = %(until)s, held_for = %(held_for)s,
    first_attempt_at = first_attempt_at + (%(until)s::timestamptz - %(now)s)
WHERE message_id = %(message_id)s

-- name: postpone
-- Makes a message due later without a rule that holds it.
UPDATE outbox SET next_attempt_at = %(until)s WHERE message_id = %(message_id)s

-- name: begin_attempt
-- Claims messages of one channel, and the channel, until a moment; counts the attempt. Should
-- nobody record how it ended, they are due then. One that was held for less long than was meant may
-- have its first attempt in the future; it counts from now.
WITH used AS (
    UPDATE channels SET claimed_by = %(claim)s, claimed_until = %(until)s
    WHERE channel_id = %(channel_id)s
)
UPDATE outbox SET attempts = attempts + 1,
    first_attempt_at = least(first_attempt_at, %(now)s),
    next_attempt_at = %(until)s, claimed_by = %(claim)s, claimed_until = %(until)s
WHERE message_id = ANY (%(message_ids)s)

-- name: claimed_with
-- Returns the messages of a channel that an attempt has claimed, oldest first.
SELECT message_id FROM outbox
WHERE channel_id = %(channel_id)s AND status = 'PENDING' AND claimed_by = %(claim)s
ORDER BY queued_at, message_id

-- name: lock_alerts
-- Locks the alerts of some messages: of two deliverers that end an alert's messages on two channels,
-- the second sums up what the first has recorded.
SELECT a.alert_id FROM price_alerts a
WHERE a.alert_id IN (SELECT alert_id FROM outbox WHERE message_id = ANY (%(message_ids)s))
ORDER BY a.alert_id
FOR NO KEY UPDATE

-- name: record_outcome
-- Ends an attempt: sets the status of its messages and adds the attempt, numbered from 1, to each;
-- frees its channel. Messages a later attempt has claimed are left as they are, and so are those
-- cancelled meanwhile unless they were sent. Those besides lead_id went out in its digest. A null
-- next_attempt_at means that no attempt follows. Returns the messages.
WITH freed AS (
    UPDATE channels SET claimed_by = NULL, claimed_until = NULL
    WHERE channel_id = %(channel_id)s AND claimed_by = %(claim)s
), ended AS (
    UPDATE outbox SET claimed_by = CASE WHEN %(is_known)s THEN NULL ELSE claimed_by END,
        claimed_until = NULL,
        next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at),
        unknown_at = %(unknown_at)s,
        sent_with = CASE WHEN %(digest_id)s::bigint IS NOT NULL THEN %(digest_id)s
            WHEN message_id <> %(lead_id)s THEN %(lead_id)s::bigint END,
        status = CASE WHEN status = 'CANCELLED' AND %(status)s <> 'SENT' THEN status
            ELSE %(status)s END,
        settled_at = CASE WHEN status = 'CANCELLED' AND %(status)s <> 'SENT' THEN settled_at
            WHEN %(status)s <> 'PENDING' THEN %(now)s::timestamptz END
    WHERE message_id = ANY (%(message_ids)s) AND claimed_by = %(claim)s
    RETURNING message_id, alert_id
)
INSERT INTO alert_deliveries (message_id, alert_id, channel, attempt, status, detail, seconds,
    attempted_at, next_attempt_at)
SELECT e.message_id, e.alert_id, %(channel)s,
    (SELECT coalesce(max(attempt), 0) + 1 FROM alert_deliveries d
        WHERE d.message_id = e.message_id),
    %(attempt_status)s, %(detail)s, %(seconds)s, %(now)s, %(next_attempt_at)s
FROM ended e
RETURNING message_id

-- name: free_channel
-- Ends an attempt's claim on its channel; its messages stay claimed.
UPDATE channels SET claimed_by = NULL, claimed_until = NULL
WHERE channel_id = %(channel_id)s AND claimed_by = %(claim)s

-- name: cancel
-- Cancels a message that nobody wants any more.
UPDATE outbox SET status = 'CANCELLED', settled_at = %(now)s WHERE message_id = %(message_id)s

-- name: sum_up
-- Sets the status of some messages' alerts by those of all their messages: SENT if any is, else
-- PENDING, UNKNOWN, FAILED, NOT_CONFIGURED or CANCELLED, the first that one has.
UPDATE price_alerts a SET status = s.status
FROM (
    SELECT o.alert_id, CASE
        WHEN bool_or(o.status = 'SENT') THEN 'SENT'
        WHEN bool_or(o.status = 'PENDING') THEN 'PENDING'
        WHEN bool_or(o.status = 'UNKNOWN') THEN 'UNKNOWN'
        WHEN bool_or(o.status = 'FAILED') THEN 'FAILED'
        WHEN bool_or(o.status = 'NOT_CONFIGURED') THEN 'NOT_CONFIGURED'
        ELSE 'CANCELLED' END AS status
    FROM outbox o
    WHERE o.alert_id IN (SELECT alert_id FROM outbox WHERE message_id = ANY (%(message_ids)s))
    GROUP BY o.alert_id
) AS s
WHERE a.alert_id = s.alert_id AND a.status <> s.status

-- name: requeue_undelivered
-- Makes messages of active channels due that failed or were not configured, their attempts counted from 0 again,
-- and queues alerts raised before their user had a channel. Returns the number of messages.
WITH again AS (
    UPDATE outbox SET status = 'PENDING', attempts = 0, first_attempt_at = NULL, settled_at = NULL,
        next_attempt_at = now(), sent_with = NULL
    WHERE status IN ('FAILED', 'NOT_CONFIGURED')
        AND channel_id IN (SELECT channel_id FROM channels WHERE status = 'ACTIVE')
    RETURNING message_id, alert_id
), added AS (
    INSERT INTO outbox (channel_id, alert_id)
    SELECT c.channel_id, a.alert_id FROM price_alerts a
    JOIN channels c ON c.user_id = a.user_id AND c.status = 'ACTIVE'
    WHERE a.status = 'NOT_CONFIGURED'
        AND NOT EXISTS (SELECT FROM outbox o WHERE o.alert_id = a.alert_id)
    RETURNING message_id, alert_id
), due AS (
    SELECT message_id, alert_id FROM again UNION ALL SELECT message_id, alert_id FROM added
), pending AS (
    UPDATE price_alerts SET status = 'PENDING'
    WHERE status <> 'SENT' AND alert_id IN (SELECT alert_id FROM due)
)
SELECT count(*)::int AS messages FROM due

-- name: due_behind
-- Returns whether any message is due on an active channel, closed for the moment or not.
SELECT EXISTS (
    SELECT FROM outbox o JOIN channels c USING (channel_id)
    WHERE o.status = 'PENDING' AND o.next_attempt_at <= %(now)s
        AND (c.status = 'ACTIVE' OR o.link_id IS NOT NULL)) AS is_due

-- name: overdue
-- Returns how many messages have been due since before a moment on active channels, by which kinds
-- and since when the first of them is, null without one, and how the last attempt that did not
-- succeed on one of their kinds ended, null without one. What its reader holds is not due.
SELECT count(*)::int AS messages, min(o.next_attempt_at) AS oldest,
    string_agg(DISTINCT c.kind, ', ' ORDER BY c.kind) AS kinds,
    (SELECT d.detail FROM alert_deliveries d WHERE d.channel = ANY (array_agg(c.kind))
        AND d.status IN ('FAILED', 'UNKNOWN') AND d.attempted_at > %(before)s - interval '1 day'
        ORDER BY d.delivery_id DESC LIMIT 1) AS detail
FROM outbox o JOIN channels c USING (channel_id)
WHERE o.status = 'PENDING' AND c.status = 'ACTIVE' AND o.next_attempt_at < %(before)s

-- name: next_postponed
-- Returns when the first message is due that waits only for its price's history; null if none does.
SELECT min(o.next_attempt_at) AS due_at FROM outbox o JOIN channels c USING (channel_id)
WHERE o.status = 'PENDING' AND o.attempts = 0 AND o.held_for IS NULL AND c.status = 'ACTIVE'
    AND o.next_attempt_at > %(now)s

-- name: latest_alert
-- Returns the message of an alert that was queued last, whatever its status.
SELECT message_id FROM outbox WHERE alert_id IS NOT NULL ORDER BY message_id DESC LIMIT 1

-- name: latest_report
-- Returns the message of a report that was queued last, whatever its status.
SELECT message_id FROM outbox WHERE report_id IS NOT NULL ORDER BY message_id DESC LIMIT 1
