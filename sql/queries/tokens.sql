-- Keepa's tokens: balances, reservations and what became of them.

-- name: lock_account
SELECT tokens_left, refill_rate, next_refill_at, read_at, keepa_time, reserve
FROM token_accounts WHERE account = %(account)s
FOR UPDATE

-- name: read_account
SELECT tokens_left, refill_rate, next_refill_at, read_at, keepa_time
FROM token_accounts WHERE account = %(account)s

-- name: save_account
INSERT INTO token_accounts (account, tokens_left, refill_rate, next_refill_at, read_at, keepa_time)
VALUES (%(account)s, %(tokens_left)s, %(refill_rate)s, %(next_refill_at)s, %(read_at)s,
    %(keepa_time)s)
ON CONFLICT (account) DO UPDATE SET
    tokens_left = excluded.tokens_left,
    refill_rate = excluded.refill_rate,
    next_refill_at = excluded.next_refill_at,
    read_at = excluded.read_at,
    keepa_time = excluded.keepa_time

-- name: keep_back
UPDATE token_accounts SET reserve = %(reserve)s WHERE account = %(account)s

-- name: end_lost_reservations
-- Whoever made them was killed before the reply came; Keepa may have charged them.
UPDATE token_ledger SET state = 'UNKNOWN', settled_at = %(now)s
WHERE account = %(account)s AND state = 'RESERVED' AND requested_at < %(lost_before)s

-- name: latest_requests
SELECT requested_at, state <> 'RESERVED' AS is_settled,
    state = 'UNKNOWN' OR coalesce(http_status >= 500, false) AS has_failed
FROM token_ledger WHERE account = %(account)s
ORDER BY request_id DESC LIMIT %(most)s

-- name: reserved_tokens
SELECT coalesce(sum(tokens_estimated), 0)::int AS tokens
FROM token_ledger WHERE account = %(account)s AND state = 'RESERVED'

-- name: reserve
INSERT INTO token_ledger (account, run_id, endpoint, domain, products, tokens_estimated,
    requested_at)
VALUES (%(account)s, %(run_id)s, %(endpoint)s, %(domain)s, %(products)s, %(tokens_estimated)s,
    %(now)s)
RETURNING request_id

-- name: settle
UPDATE token_ledger SET
    state = %(state)s,
    http_status = %(http_status)s,
    tokens_charged = %(tokens_charged)s,
    tokens_expected = %(tokens_expected)s,
    tokens_left = %(tokens_left)s,
    settled_at = %(now)s
WHERE request_id = %(request_id)s
RETURNING tokens_estimated

-- name: spent_since
-- What each endpoint has cost, and how many tokens were charged by others on the same key.
SELECT endpoint, count(*)::int AS requests, sum(products)::int AS products,
    sum(tokens_estimated)::int AS estimated,
    coalesce(sum(tokens_charged), 0)::int AS charged,
    coalesce(sum(tokens_estimated) FILTER (WHERE state IN ('UNKNOWN', 'RESERVED')), 0)::int
        AS unsettled,
    coalesce(sum(tokens_expected - tokens_left), 0)::int AS elsewhere
FROM token_ledger
WHERE account = %(account)s AND requested_at >= %(since)s
GROUP BY endpoint
ORDER BY charged DESC, endpoint
