-- Alerts, messages, attempts to deliver them and channels as the console shows them.

-- name: alert_page
-- Returns alerts that somebody may see (a null owner: everybody's), newest first, before an id. Null
-- filters let everything pass. A null price means no offer.
SELECT a.alert_id, a.watch_id, a.user_id, u.email, a.asin, a.domain, a.price_type, p.title,
    p.image_url, a.price_minor, a.shipping_minor, a.previous_price_minor, a.target_minor, a.currency, a.reason,
    a.rules, a.status, a.raised_at, a.observed_at, a.checked_at, a.seen_at, a.source
FROM price_alerts a
JOIN users u USING (user_id)
LEFT JOIN products p USING (asin, domain)
WHERE (%(owner)s::bigint IS NULL OR a.user_id = %(owner)s)
    AND (%(alert_id)s::bigint IS NULL OR a.alert_id = %(alert_id)s)
    AND (%(user_id)s::bigint IS NULL OR a.user_id = %(user_id)s)
    AND (%(watch_id)s::bigint IS NULL OR a.watch_id = %(watch_id)s)
    AND (%(status)s::text IS NULL OR a.status = %(status)s)
    AND (%(domain)s::text IS NULL OR a.domain = %(domain)s)
    AND (%(since)s::timestamptz IS NULL OR a.raised_at >= %(since)s)
    AND (%(before)s::bigint IS NULL OR a.alert_id < %(before)s)
ORDER BY a.alert_id DESC
LIMIT %(most)s

-- name: message_page
-- Returns messages that somebody may see (a null owner: everybody's), newest first, before an id,
-- with how their last attempt ended, null before one. Null filters let everything pass. Of alert,
-- report and notice one is there and the others are null; links to sign in are left out.
SELECT o.message_id, o.channel_id, c.user_id, u.email, c.kind, c.address, o.alert_id, o.report_id,
    o.notice_id, o.status, o.held_for, o.sent_with, o.attempts, o.queued_at, o.settled_at AS ended_at,
    CASE WHEN o.status = 'PENDING' THEN o.next_attempt_at END AS next_attempt_at,
    o.unknown_at IS NOT NULL AS is_unknown,
    (SELECT l.detail FROM alert_deliveries l WHERE l.message_id = o.message_id
        ORDER BY l.attempt DESC LIMIT 1) AS detail
FROM outbox o
JOIN channels c USING (channel_id)
JOIN users u USING (user_id)
WHERE o.link_id IS NULL AND (%(owner)s::bigint IS NULL OR c.user_id = %(owner)s)
    AND (%(message_id)s::bigint IS NULL OR o.message_id = %(message_id)s)
    AND (%(user_id)s::bigint IS NULL OR c.user_id = %(user_id)s)
    AND (%(channel_id)s::bigint IS NULL OR o.channel_id = %(channel_id)s)
    AND (%(alert_ids)s::bigint[] IS NULL OR o.alert_id = ANY (%(alert_ids)s))
    AND (%(report_ids)s::bigint[] IS NULL OR o.report_id = ANY (%(report_ids)s))
    AND (%(status)s::text IS NULL OR o.status = %(status)s)
    AND (%(before)s::bigint IS NULL OR o.message_id < %(before)s)
ORDER BY o.message_id DESC
LIMIT %(most)s

-- name: delivery_page
-- Returns attempts to deliver messages that somebody may see (a null owner: everybody's), newest
-- first, before an id; those of links to sign in are left out. Null filters let everything pass.
SELECT d.delivery_id, d.message_id, o.alert_id, o.report_id, o.notice_id, o.channel_id, d.channel,
    d.attempt, d.status, d.detail, d.seconds, d.attempted_at, d.next_attempt_at
FROM alert_deliveries d
JOIN outbox o USING (message_id)
JOIN channels c USING (channel_id)
WHERE o.link_id IS NULL AND (%(owner)s::bigint IS NULL OR c.user_id = %(owner)s)
    AND (%(message_id)s::bigint IS NULL OR d.message_id = %(message_id)s)
    AND (%(delivery_id)s::bigint IS NULL OR d.delivery_id = %(delivery_id)s)
    AND (%(channel_id)s::bigint IS NULL OR o.channel_id = %(channel_id)s)
    AND (%(status)s::text IS NULL OR d.status = %(status)s)
    AND (%(since)s::timestamptz IS NULL OR d.attempted_at >= %(since)s)
    AND (%(before)s::bigint IS NULL OR d.delivery_id < %(before)s)
ORDER BY d.delivery_id DESC
LIMIT %(most)s

-- name: channel_page
-- Returns channels that somebody may see (a null owner: everybody's), in the order they were added,
-- after an id, with how many messages each has been sent, still has pending, could not be sent and
-- may have got; problem is why it was paused, or how the last attempt ended, null if it succeeded.
SELECT c.channel_id, c.user_id, u.email, c.created_at, c.kind, c.address, c.status, n.*,
    coalesce(c.paused_because, (SELECT CASE WHEN d.status <> 'SENT' THEN d.detail END
        FROM alert_deliveries d JOIN outbox m USING (message_id) WHERE m.channel_id = c.channel_id
        ORDER BY d.delivery_id DESC LIMIT 1)) AS problem
FROM channels c
JOIN users u USING (user_id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.status = 'SENT')::int AS sent,
        count(*) FILTER (WHERE o.status = 'PENDING')::int AS waiting,
        count(*) FILTER (WHERE o.status IN ('FAILED', 'NOT_CONFIGURED'))::int AS failed,
        count(*) FILTER (WHERE o.status = 'UNKNOWN')::int AS unknown
    FROM outbox o WHERE o.channel_id = c.channel_id
) AS n
WHERE (%(owner)s::bigint IS NULL OR c.user_id = %(owner)s)
    AND (%(channel_id)s::bigint IS NULL OR c.channel_id = %(channel_id)s)
    AND (%(user_id)s::bigint IS NULL OR c.user_id = %(user_id)s)
    AND (%(kind)s::text IS NULL OR c.kind = %(kind)s)
    AND (%(address)s::text IS NULL OR c.address = %(address)s)
    AND (%(after)s::bigint IS NULL OR c.channel_id > %(after)s)
ORDER BY c.channel_id
LIMIT %(most)s
