-- Saved searches for products, their proposals, and the decisions on them.

-- name: save_discovery
-- Adds a search, or changes the one of that name in its locale and activates it; returns its id.
INSERT INTO discoveries AS d (name, kind, domain, category, selection, rank_range_days, propose,
    price_type, below_average_percent)
VALUES (%(name)s, %(kind)s, %(domain)s, %(category)s, %(selection)s, %(rank_range_days)s,
    %(propose)s, %(price_type)s, %(below_average_percent)s)
ON CONFLICT (domain, name) DO UPDATE SET
    kind = excluded.kind, category = excluded.category, selection = excluded.selection,
    rank_range_days = excluded.rank_range_days, propose = excluded.propose,
    price_type = excluded.price_type, below_average_percent = excluded.below_average_percent,
    is_active = true, problem = NULL
RETURNING discovery_id

-- name: remove_discovery
-- Deactivates a search and returns its name, no row if it was not active; its proposals stay.
UPDATE discoveries SET is_active = false
WHERE discovery_id = %(discovery_id)s AND is_active
RETURNING name

-- name: list_discoveries
-- Returns the active searches with the number of their proposals. Those that searched longest ago
-- come first, so that a limit leaves out others each time; a null searched_at means never.
SELECT d.discovery_id, d.name, d.kind, d.domain, d.category, d.selection, d.rank_range_days,
    d.propose, d.price_type, d.below_average_percent, d.searched_at, d.problem,
    count(p.asin) FILTER (WHERE p.state = 'PROPOSED')::int AS proposed,
    count(p.asin) FILTER (WHERE p.state = 'APPROVED')::int AS approved,
    count(p.asin) FILTER (WHERE p.state = 'REJECTED')::int AS rejected,
    count(p.asin) FILTER (WHERE p.run_id = %(run_id)s)::int AS of_run,
    count(p.asin) FILTER (
        WHERE p.state = 'PROPOSED' AND p.run_id IS DISTINCT FROM %(run_id)s)::int AS left_over
FROM discoveries d
LEFT JOIN product_proposals p USING (discovery_id)
WHERE d.is_active
GROUP BY d.discovery_id
ORDER BY d.searched_at NULLS FIRST, d.discovery_id

-- name: record_search
-- Records when a search was made and why it failed; a null problem means that it did not.
UPDATE discoveries SET searched_at = %(searched_at)s, problem = %(problem)s
WHERE discovery_id = %(discovery_id)s

-- name: known_products
-- Returns those of some products that need no proposal: watched, even if paused or removed since,
-- or proposed before.
SELECT asin FROM unnest(%(asins)s::text[]) AS asked (asin)
WHERE EXISTS (
        SELECT FROM watched_products w JOIN users u USING (user_id)
        WHERE w.asin = asked.asin AND w.domain = %(domain)s
            -- What a deal left as a paused watch of Keeper's own was nobody's decision.
            AND NOT (u.is_system AND w.status = 'PAUSED' AND w.priority = -1))
    OR EXISTS (
        SELECT FROM product_proposals p WHERE p.asin = asked.asin AND p.domain = %(domain)s)

-- name: add_proposal
-- Adds a proposal, prices in minor units; a product proposed before in the locale stays as it is.
INSERT INTO product_proposals (asin, domain, discovery_id, title, price_type, price_minor, currency,
    average_90_days_minor, target_minor, rating, review_count, sales_rank, source, run_id)
VALUES (%(asin)s, %(domain)s, %(discovery_id)s, %(title)s, %(price_type)s, %(price_minor)s,
    %(currency)s, %(average_90_days_minor)s, %(target_minor)s, %(rating)s, %(review_count)s,
    %(sales_rank)s, %(source)s, %(run_id)s)
ON CONFLICT (asin, domain) DO NOTHING

-- name: list_proposals
-- Returns the proposals in a state, null for all, by locale, search and sales rank, unranked last.
SELECT p.asin, p.domain, p.discovery_id, p.title, p.price_type, p.price_minor, p.currency,
    p.average_90_days_minor, p.target_minor, p.rating::float8 AS rating, p.review_count,
    p.sales_rank, p.source, p.run_id, p.state, p.decided_by, p.decided_at, d.name AS found_by
FROM product_proposals p
JOIN discoveries d USING (discovery_id)
WHERE %(state)s::text IS NULL OR p.state = %(state)s
ORDER BY p.domain, p.discovery_id, p.sales_rank NULLS LAST, p.asin

-- name: proposal_page
-- Returns proposals by locale and ASIN, after one. Null filters let everything pass.
SELECT p.asin, p.domain, p.discovery_id, p.title, p.price_type, p.price_minor, p.currency,
    p.average_90_days_minor, p.target_minor, p.rating::float8 AS rating, p.review_count,
    p.sales_rank, p.source, p.run_id, p.state, p.decided_by, p.decided_at, d.name AS found_by
FROM product_proposals p
JOIN discoveries d USING (discovery_id)
WHERE (%(state)s::text IS NULL OR p.state = %(state)s)
    AND (%(domain)s::text IS NULL OR p.domain = %(domain)s)
    AND (%(discovery_id)s::bigint IS NULL OR p.discovery_id = %(discovery_id)s)
    AND (%(after_asin)s::text IS NULL
        OR (p.domain, p.asin) > (%(after_domain)s::text, %(after_asin)s))
ORDER BY p.domain, p.asin
LIMIT %(most)s

-- name: proposals_named
-- Returns the proposals of some products, given by locale and ASIN, and locks them.
SELECT p.asin, p.domain, p.discovery_id, p.title, p.price_type, p.price_minor, p.currency,
    p.average_90_days_minor, p.target_minor, p.rating::float8 AS rating, p.review_count,
    p.sales_rank, p.source, p.run_id, p.state, p.decided_by, p.decided_at, d.name AS found_by
FROM product_proposals p
JOIN discoveries d USING (discovery_id)
WHERE (p.domain, p.asin) IN (SELECT * FROM unnest(%(domains)s::text[], %(asins)s::text[]))
ORDER BY p.domain, p.asin
FOR UPDATE OF p

-- name: decide
-- Approves or rejects a proposal that is still open and returns it; the same again changes nothing
-- and returns no row.
UPDATE product_proposals SET state = %(state)s, decided_by = %(decided_by)s,
    decided_at = %(decided_at)s
WHERE asin = %(asin)s AND domain = %(domain)s AND state = 'PROPOSED'
RETURNING asin

-- name: system_user
-- Returns the address of the user who owns Keeper's own watches.
SELECT email FROM users WHERE is_system

-- name: watch_proposed
-- Adds a proposed product to a user's watch list. A watch somebody has made meanwhile stays as it
-- is; a paused one of the system user that a deal created is activated. Nobody reads the system
-- user's alerts, so its watches have no target.
INSERT INTO watched_products AS w (user_id, asin, domain, price_type, target_minor)
SELECT u.user_id, p.asin, p.domain, p.price_type, CASE WHEN NOT u.is_system THEN p.target_minor END
FROM product_proposals p, users u
WHERE p.asin = %(asin)s AND p.domain = %(domain)s AND lower(u.email) = lower(%(email)s)
ON CONFLICT (user_id, asin, domain, price_type) DO UPDATE SET
    status = 'ACTIVE', priority = 0, updated_at = now()
WHERE w.status = 'PAUSED' AND w.priority = -1
    AND w.user_id IN (SELECT user_id FROM users WHERE is_system)
