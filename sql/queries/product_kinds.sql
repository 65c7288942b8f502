-- Watched products that are no standard ones.

-- name: save_kind
-- Records what a product is unless something newer is known of it; returns how often in a row Keepa
-- did not know it, and its former kind, null without one. No row if nothing is recorded.
INSERT INTO product_kinds AS k (asin, domain, kind, misses, asked_at, variations)
SELECT %(asin)s, %(domain)s, %(kind)s, %(misses)s, %(asked_at)s, %(variations)s::text[]
WHERE NOT EXISTS (
    SELECT FROM watched_products
    WHERE asin = %(asin)s AND domain = %(domain)s AND last_checked_at > %(asked_at)s)
ON CONFLICT (asin, domain) DO UPDATE SET
    kind = excluded.kind,
    misses = CASE WHEN excluded.misses > 0 THEN k.misses + excluded.misses ELSE 0 END,
    asked_at = excluded.asked_at,
    variations = excluded.variations
WHERE k.asked_at < excluded.asked_at
RETURNING k.misses,
    -- As it was before this statement.
    (SELECT kind FROM product_kinds WHERE asin = %(asin)s AND domain = %(domain)s) AS former

-- name: forget_kinds
-- Deletes what was recorded before some moments of products that are standard ones; returns these.
DELETE FROM product_kinds k
USING unnest(%(asins)s::text[], %(domains)s::text[], %(times)s::timestamptz[])
    AS s (asin, domain, seen_at)
WHERE (k.asin, k.domain) = (s.asin, s.domain) AND k.asked_at < s.seen_at
RETURNING k.asin, k.domain

-- name: of_kinds
-- Returns the products that were recorded as of some kinds.
SELECT asin, domain FROM product_kinds WHERE kind = ANY (%(kinds)s)

-- name: watchers
-- Returns who actively watches a product.
SELECT DISTINCT user_id, email FROM watched_products JOIN users USING (user_id)
WHERE asin = %(asin)s AND domain = %(domain)s AND status = 'ACTIVE'
ORDER BY user_id

-- name: save_labels
-- Adds root categories and brands of products as of some moments where they differ from those before.
INSERT INTO product_labels (asin, domain, since, root_category, brand)
SELECT s.asin, s.domain, s.since, s.root_category, s.brand
FROM unnest(%(asins)s::text[], %(domains)s::text[], %(times)s::timestamptz[],
    %(root_categories)s::bigint[], %(brands)s::text[]) AS s (asin, domain, since, root_category, brand)
LEFT JOIN LATERAL (
    SELECT l.root_category, l.brand, true AS is_there FROM product_labels l
    WHERE (l.asin, l.domain) = (s.asin, s.domain) AND l.since <= s.since
    ORDER BY l.since DESC LIMIT 1
) AS former ON true
WHERE former.is_there IS NULL
    OR (former.root_category, former.brand) IS DISTINCT FROM (s.root_category, s.brand)
ORDER BY s.asin, s.domain, s.since
ON CONFLICT DO NOTHING
