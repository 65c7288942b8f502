-- Links to sign in, sessions and API tokens, each found by its digest alone.

-- name: count_mailed_links
-- Returns how many links were mailed to a user since a moment.
SELECT count(*)::int AS number FROM sign_in_links
WHERE user_id = %(user_id)s AND is_mailed AND created_at > %(since)s

-- name: add_link
-- Adds an unused link to sign in.
INSERT INTO sign_in_links (user_id, digest, is_mailed, created_at, expires_at)
VALUES (%(user_id)s, %(digest)s, false, %(at)s, %(expires_at)s)

-- name: ask_for_link
-- Adds a link to sign in that is to be mailed, without its secret, and returns its id.
INSERT INTO sign_in_links (user_id, base_url, is_mailed, created_at, expires_at)
VALUES (%(user_id)s, %(base_url)s, true, %(at)s, %(expires_at)s)
RETURNING link_id

-- name: give_link_its_secret
-- Sets the secret's digest of a link that is being mailed, and until when it is good; a former one,
-- of an attempt that failed, is worth nothing then. One that was used stays used up.
UPDATE sign_in_links SET digest = %(digest)s, expires_at = %(expires_at)s
WHERE link_id = %(link_id)s

-- name: find_link
-- Returns whose link it is; no row if there is none, or it was used or has expired.
SELECT u.user_id, u.email, u.role
FROM sign_in_links l JOIN users u USING (user_id)
WHERE l.digest = %(digest)s AND l.used_at IS NULL AND l.expires_at > %(at)s

-- name: use_link
-- Uses a link up and returns whose it is; no row if there is none, or it was used or has expired. Of
-- two at once only one gets a row.
UPDATE sign_in_links l SET used_at = %(at)s
FROM users u
WHERE u.user_id = l.user_id AND l.digest = %(digest)s AND l.used_at IS NULL
    AND l.expires_at > %(at)s
RETURNING u.user_id, u.email, u.role

-- name: add_session
-- Adds a session, which begins now.
INSERT INTO sessions (user_id, digest, created_at, expires_at, last_used_at)
VALUES (%(user_id)s, %(digest)s, %(at)s, %(expires_at)s, %(at)s)

-- name: find_session
-- Returns a session that has not expired with whose it is, and moves on when it was last used, once
-- a minute at most.
WITH found AS (
    SELECT s.session_id, s.expires_at, s.last_used_at, u.user_id, u.email, u.role
    FROM sessions s JOIN users u USING (user_id)
    WHERE s.digest = %(digest)s AND s.expires_at > %(at)s
), touched AS (
    UPDATE sessions s SET last_used_at = %(at)s FROM found f
    WHERE s.session_id = f.session_id AND f.last_used_at < %(at)s - interval '1 minute'
)
SELECT session_id, expires_at, user_id, email, role FROM found

-- name: end_session
-- Deletes a session, which ends it.
DELETE FROM sessions WHERE session_id = %(session_id)s

-- name: list_sessions
-- Returns the sessions of one user that have not expired, the one used last first.
SELECT session_id, created_at, expires_at, last_used_at FROM sessions
WHERE user_id = %(user_id)s AND expires_at > %(at)s
ORDER BY last_used_at DESC, session_id DESC

-- name: end_sessions
-- Deletes a session of a user, or with a null id all but one, and returns which.
DELETE FROM sessions
WHERE user_id = %(user_id)s AND session_id IS DISTINCT FROM %(kept_id)s
    AND (%(session_id)s::bigint IS NULL OR session_id = %(session_id)s)
RETURNING session_id

-- name: add_token
-- Adds an API token and returns its id.
INSERT INTO api_tokens (user_id, name, digest, scopes, created_at, expires_at)
VALUES (%(user_id)s, %(name)s, %(digest)s, %(scopes)s, %(at)s, %(expires_at)s)
RETURNING token_id

-- name: find_token
-- Returns a token that is neither revoked nor expired with whose it is, and moves on when it was
-- last used, once a minute at most. A bot's token is no other's: it is found where one is wanted alone.
WITH found AS (
    SELECT t.token_id, t.scopes, t.expires_at, t.last_used_at, u.user_id, u.email, u.role
    FROM api_tokens t JOIN users u USING (user_id)
    WHERE t.digest = %(digest)s AND t.revoked_at IS NULL AND t.expires_at > %(at)s
        AND ('bot' = ANY (t.scopes)) = %(of_bot)s
), touched AS (
    UPDATE api_tokens t SET last_used_at = %(at)s FROM found f
    WHERE t.token_id = f.token_id
        AND (f.last_used_at IS NULL OR f.last_used_at < %(at)s - interval '1 minute')
)
SELECT token_id, scopes, expires_at, user_id, email, role FROM found

-- name: list_tokens
-- Returns the tokens of one user by id; revoked and expired ones too.
SELECT token_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
FROM api_tokens WHERE user_id = %(user_id)s ORDER BY token_id

-- name: revoke_token
-- Revokes a user's token and returns its name; no row if there is no such token of theirs. One
-- revoked before keeps its time.
UPDATE api_tokens SET revoked_at = coalesce(revoked_at, %(at)s)
WHERE token_id = %(token_id)s AND user_id = %(user_id)s
RETURNING name

-- name: add_ticket
-- Adds a ticket for the live feed, and deletes those that have expired.
WITH expired AS (
    DELETE FROM feed_tickets WHERE expires_at <= %(at)s
)
INSERT INTO feed_tickets (digest, user_id, session_id, token_id, expires_at)
VALUES (%(digest)s, %(user_id)s, %(session_id)s, %(token_id)s, %(expires_at)s)

-- name: use_ticket
-- Deletes a ticket and returns by what it was made: the digest of a session or a token, or neither
-- and an address; no row if there is none, or it has expired. Of two at once only one gets a row.
WITH used AS (
    DELETE FROM feed_tickets WHERE digest = %(digest)s AND expires_at > %(at)s
    RETURNING user_id, session_id, token_id
)
SELECT u.email, s.digest AS session, t.digest AS token
FROM used
JOIN users u ON u.user_id = used.user_id
LEFT JOIN sessions s ON s.session_id = used.session_id
LEFT JOIN api_tokens t ON t.token_id = used.token_id
