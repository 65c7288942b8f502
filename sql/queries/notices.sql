-- Notices to the operator.

-- name: raise_notice
-- Opens a notice, or counts one more observation on the one that is open on the topic; returns it
-- and whether it is new.
INSERT INTO operator_notices AS n (topic, subject, details, since, raised_at, last_seen_at)
VALUES (%(topic)s, %(subject)s, %(details)s, %(at)s, %(at)s, %(at)s)
ON CONFLICT (topic) WHERE resolved_at IS NULL DO UPDATE SET
    subject = excluded.subject,
    details = excluded.details,
    last_seen_at = greatest(n.last_seen_at, excluded.last_seen_at),
    times = n.times + 1
RETURNING notice_id, since, raised_at, times, xmax = 0 AS is_new

-- name: remind
-- Closes a notice and returns what the next one of the same trouble takes over.
UPDATE operator_notices SET resolved_at = %(at)s
WHERE notice_id = %(notice_id)s
RETURNING topic, subject, details, since, last_seen_at, times

-- name: raise_again
-- Opens the notice that follows a closed one, with its first time and count; returns its id.
INSERT INTO operator_notices (topic, subject, details, since, raised_at, last_seen_at, times)
VALUES (%(topic)s, %(subject)s, %(details)s, %(since)s, %(at)s, %(last_seen_at)s, %(times)s)
RETURNING notice_id

-- name: resolve_notices
-- Closes the open notices on some topics and returns these; no message is sent.
UPDATE operator_notices SET resolved_at = %(at)s
WHERE topic = ANY (%(topics)s) AND resolved_at IS NULL
RETURNING topic

-- name: resolve_unwritten
-- Closes the open notice that messages cannot be written, once no pending one failed so last.
UPDATE operator_notices SET resolved_at = %(at)s
WHERE topic = %(topic)s AND resolved_at IS NULL AND NOT EXISTS (
    SELECT FROM outbox o
    WHERE o.status = 'PENDING' AND o.attempts > 0 AND (
        SELECT d.detail LIKE 'cannot be %%' FROM alert_deliveries d
        WHERE d.message_id = o.message_id ORDER BY d.attempt DESC LIMIT 1))

-- name: list_notices
-- Returns the open notices, or all, newest first, with the state of each channel's message; a null
-- resolved_at means open, a null time any.
SELECT n.notice_id, n.topic, n.subject, n.details, n.since, n.raised_at, n.last_seen_at, n.times,
    n.resolved_at,
    (SELECT string_agg(concat(c.kind, ' ', lower(o.status)), ', ' ORDER BY o.message_id)
        FROM outbox o JOIN channels c USING (channel_id) WHERE o.notice_id = n.notice_id) AS channels
FROM operator_notices n
WHERE (%(all)s OR n.resolved_at IS NULL)
    AND (%(since)s::timestamptz IS NULL OR n.last_seen_at >= %(since)s)
ORDER BY n.notice_id DESC
LIMIT %(most)s
