-- Answers that are kept for who repeats a request.

-- name: claim_key
-- Claims a user's key for a request and returns a row; no row if the key is in use. One that is past
-- its time is new again, and so is one whose request was not answered in time, for the same request.
INSERT INTO idempotency_keys AS k (user_id, key, request, claim, claimed_at)
VALUES (%(user_id)s, %(key)s, %(request)s, %(claim)s, %(at)s)
ON CONFLICT (user_id, key) DO UPDATE SET request = excluded.request, claim = excluded.claim,
    claimed_at = excluded.claimed_at, status = NULL, headers = NULL, body = NULL
WHERE k.claimed_at <= %(forgotten_before)s
    OR k.status IS NULL AND k.claimed_at <= %(abandoned_before)s AND k.request = excluded.request
RETURNING k.claim

-- name: find_key
-- Returns the request and the answer of a user's key; a null status while nothing is answered.
SELECT request, status, headers, body FROM idempotency_keys
WHERE user_id = %(user_id)s AND key = %(key)s

-- name: keep_answer
-- Keeps the answer of a request for its key, unless another request has claimed it meanwhile.
UPDATE idempotency_keys SET status = %(status)s, headers = %(headers)s, body = %(body)s
WHERE user_id = %(user_id)s AND key = %(key)s AND claim = %(claim)s

-- name: free_key
-- Deletes a key whose request was answered with an error, unless another has claimed it meanwhile.
DELETE FROM idempotency_keys
WHERE user_id = %(user_id)s AND key = %(key)s AND claim = %(claim)s
