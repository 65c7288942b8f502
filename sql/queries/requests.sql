-- Requests: what users asked the API for and a worker carries out.

-- name: add
-- Adds a request and wakes the workers; returns its id, nothing if the same waits or runs already.
WITH added AS (
    INSERT INTO requests (kind, arguments, user_id, token_id, origin, created_at, due_at)
    VALUES (%(kind)s, %(arguments)s, %(user_id)s, %(token_id)s, %(origin)s, %(at)s, %(at)s)
    ON CONFLICT (user_id, kind, arguments) WHERE state IN ('waiting', 'running') DO NOTHING
    RETURNING request_id
)
SELECT request_id, pg_notify('keeper_requests', '') FROM added

-- name: find_open
-- Returns the id of a user's request for the same that waits or runs, if there is one.
SELECT request_id FROM requests
WHERE user_id = %(user_id)s AND kind = %(kind)s AND arguments = %(arguments)s
    AND state IN ('waiting', 'running')

-- name: standing
-- Returns where a request is that Keeper itself has asked for.
SELECT state, attempts, started_at IS NOT NULL AS was_taken, result, problem
FROM requests WHERE request_id = %(request_id)s

-- name: last_done
-- Returns when the latest request of a kind was done, null if none was.
SELECT max(finished_at) AS finished_at FROM requests WHERE kind = %(kind)s AND state = 'done'

-- name: claim_next
-- Claims the next request of these kinds that is due, or whose worker is gone; returns it with the
-- claim of the attempt that was abandoned.
WITH next AS MATERIALIZED (
    SELECT request_id, claim AS abandoned_claim FROM requests
    WHERE kind = ANY(%(kinds)s)
        AND (state = 'waiting' AND due_at <= %(now)s
            OR state = 'running' AND claimed_until < %(now)s)
    ORDER BY due_at, request_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE requests AS r SET state = 'running', claim = %(claim)s, claimed_until = %(until)s,
    attempts = r.attempts + 1, started_at = coalesce(r.started_at, %(now)s), progress = NULL
FROM next, users u
WHERE r.request_id = next.request_id AND u.user_id = r.user_id
RETURNING r.request_id, r.kind, r.arguments, r.user_id, u.email, u.role, r.token_id, r.origin,
    r.attempts, r.cancel_asked_at IS NOT NULL AS is_cancel_asked, next.abandoned_claim

-- name: renew
-- Moves a claim on and records how far its attempt is; returns whether its user has asked to cancel
-- it, nothing if the claim is no longer the request's.
UPDATE requests SET claimed_until = %(until)s, progress = %(progress)s
WHERE request_id = %(request_id)s AND claim = %(claim)s
RETURNING cancel_asked_at IS NOT NULL AS is_cancel_asked

-- name: finish
-- Records how a request ended; returns it, nothing if the claim is no longer its own.
UPDATE requests SET state = %(state)s, result = %(result)s, problem = %(problem)s,
    finished_at = %(now)s, progress = CASE WHEN %(state)s = 'done' THEN 1 ELSE progress END,
    claim = NULL, claimed_until = NULL
WHERE request_id = %(request_id)s AND claim = %(claim)s
RETURNING request_id

-- name: postpone
-- Lets a request wait for its next attempt, if the claim is its own; an attempt that was broken off
-- is not counted.
UPDATE requests SET state = 'waiting', due_at = %(due_at)s, problem = %(problem)s,
    attempts = attempts - CASE WHEN %(counts)s THEN 0 ELSE 1 END, progress = NULL,
    claim = NULL, claimed_until = NULL
WHERE request_id = %(request_id)s AND claim = %(claim)s
RETURNING request_id

-- name: page
-- Returns requests of these kinds before an id, the newest first; with an owner only theirs.
SELECT r.request_id, r.kind, r.arguments, r.user_id, u.email, r.state, r.created_at, r.due_at,
    r.started_at, r.finished_at, r.attempts, r.progress,
    r.cancel_asked_at IS NOT NULL AS is_cancel_asked, r.result, r.problem
FROM requests r JOIN users u USING (user_id)
WHERE (%(owner)s::bigint IS NULL OR r.user_id = %(owner)s)
    AND r.kind = ANY(%(kinds)s)
    AND (%(states)s::text[] IS NULL OR r.state = ANY(%(states)s))
    AND (%(request_id)s::bigint IS NULL OR r.request_id = %(request_id)s)
    AND (%(before)s::bigint IS NULL OR r.request_id < %(before)s)
ORDER BY r.request_id DESC
LIMIT %(most)s

-- name: cancel
-- Cancels a request that waits, and asks the worker of one that runs to break it off; returns its
-- state, nothing if it has ended or may not be seen.
UPDATE requests AS r SET cancel_asked_at = coalesce(r.cancel_asked_at, %(now)s),
    state = CASE WHEN r.state = 'waiting' THEN 'cancelled' ELSE r.state END,
    finished_at = CASE WHEN r.state = 'waiting' THEN %(now)s::timestamptz END
WHERE r.request_id = %(request_id)s
    AND (%(owner)s::bigint IS NULL OR r.user_id = %(owner)s)
    AND r.kind = ANY(%(kinds)s)
    AND r.state IN ('waiting', 'running')
RETURNING r.state
