-- Who did what.

-- name: add_entry
-- Adds an entry about what somebody did.
INSERT INTO audit_log (happened_at, actor, user_id, email, token_id, action, subject, origin, result)
VALUES (%(at)s, %(actor)s, %(user_id)s, %(email)s, %(token_id)s, %(action)s, %(subject)s,
    %(origin)s, %(result)s)

-- name: list_entries
-- Returns entries before an id, the newest first; a null id begins with the newest.
SELECT entry_id, happened_at, actor, user_id, email, token_id, action, subject, origin, result
FROM audit_log WHERE %(before)s::bigint IS NULL OR entry_id < %(before)s
ORDER BY entry_id DESC
LIMIT %(most)s
