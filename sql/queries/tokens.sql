-- Keepa's tokens: balances, reservations and their outcomes.

-- name: lock_account
-- Locks an account and returns its balance and reserve; no row for an unknown one.
SELECT tokens_left, refill_rate, next_refill_at, read_at, keepa_time, flow_reduction, reserve
FROM token_accounts WHERE account = %(account)s
FOR UPDATE

-- name: read_account
-- Returns the balance of an account without a lock; no row for an unknown one.
SELECT tokens_left, refill_rate, next_refill_at, read_at, keepa_time, flow_reduction
FROM token_accounts WHERE account = %(account)s

-- name: save_account
-- Adds or replaces the balance of an account; its reserve stays.
INSERT INTO token_accounts (account, tokens_left, refill_rate, next_refill_at, read_at, keepa_time,
    flow_reduction)
VALUES (%(account)s, %(tokens_left)s, %(refill_rate)s, %(next_refill_at)s, %(read_at)s,
    %(keepa_time)s, %(flow_reduction)s)
ON CONFLICT (account) DO UPDATE SET
    tokens_left = excluded.tokens_left,
    refill_rate = excluded.refill_rate,
    next_refill_at = excluded.next_refill_at,
    read_at = excluded.read_at,
    keepa_time = excluded.keepa_time,
    flow_reduction = excluded.flow_reduction

-- name: keep_back
-- Sets the reserve of an account: tokens only for requests that may use it.
UPDATE token_accounts SET reserve = %(reserve)s WHERE account = %(account)s

-- name: end_lost_reservations
-- Marks reservations from before a moment as UNKNOWN: their process was killed before the reply
-- came, and Keepa may have charged them.
UPDATE token_ledger SET state = 'UNKNOWN', settled_at = %(now)s
WHERE account = %(account)s AND state = 'RESERVED' AND requested_at < %(lost_before)s

-- name: latest_requests
-- Returns an account's latest requests, newest first; has_failed means no reply or HTTP 5xx.
SELECT requested_at, state <> 'RESERVED' AS has_outcome,
    state = 'UNKNOWN' OR coalesce(http_status >= 500, false) AS has_failed
FROM token_ledger WHERE account = %(account)s
ORDER BY request_id DESC LIMIT %(most)s

-- name: reserved_tokens
-- Returns how many tokens are reserved for requests without an outcome.
SELECT coalesce(sum(tokens_estimated), 0)::int AS tokens
FROM token_ledger WHERE account = %(account)s AND state = 'RESERVED'

-- name: offers_price
-- Returns how many tokens the latest products asked for with offers have cost together, and how many
-- they were; refused requests and those without an outcome do not count.
SELECT sum(products)::int AS products, sum(tokens_charged)::int AS tokens
FROM (
    SELECT products, tokens_charged,
        sum(products) OVER (ORDER BY request_id DESC) - products AS newer
    FROM token_ledger
    WHERE account = %(account)s AND endpoint = 'product' AND detail = 'offers'
        AND state = 'CHARGED' AND products > 0 AND tokens_charged IS NOT NULL
    ORDER BY request_id DESC
    LIMIT %(most)s
) AS latest
WHERE newer < %(most)s

-- name: reserve
-- Adds a reservation for a request and returns its id. The account's lock is held.
INSERT INTO token_ledger (account, run_id, endpoint, domain, products, detail, tokens_estimated,
    requested_at)
VALUES (%(account)s, %(run_id)s, %(endpoint)s, %(domain)s, %(products)s, %(detail)s,
    %(tokens_estimated)s, %(now)s)
RETURNING request_id

-- name: record_outcome
-- Records the outcome of a request and returns the tokens that were reserved for it. Null means
-- unknown: no reply came, or Keepa's envelope was missing.
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
-- Returns what each endpoint has cost since a moment, the dearest first: unsettled sums estimates
-- without a reply, elsewhere what others on the same key were charged.
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
