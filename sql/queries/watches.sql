-- The watch list.

-- name: ensure_user
-- Adds the user with an address, in whatever case, unless it is known; returns the id.
INSERT INTO users (email) VALUES (%(email)s)
-- Of a column whose changes nobody is notified of: others say that a user may see something else.
ON CONFLICT (lower(email)) DO UPDATE SET name = users.name
RETURNING user_id

-- name: ensure_channel
-- Adds mail as the channel of a user who has none, not even a paused one.
INSERT INTO channels (user_id, kind, address)
SELECT %(user_id)s, 'email', %(email)s
WHERE NOT EXISTS (SELECT FROM channels WHERE user_id = %(user_id)s)
ON CONFLICT DO NOTHING

-- name: lock_watches_of
-- Locks all watches of a user, by id as loaders lock them, and returns them, removed ones too.
SELECT asin, domain, price_type, target_minor, status, priority, rules::text AS rules, with_shipping,
    tags
FROM watched_products WHERE user_id = %(user_id)s ORDER BY watch_id FOR UPDATE

-- name: save_watch
-- Adds a watch, or makes the user's one of that series the same; null rules leave the former ones.
-- One that was removed begins anew: links in messages of its former life do nothing to it. Returns
-- whether it is new; no row if nothing changes.
INSERT INTO watched_products AS w (user_id, asin, domain, price_type, target_minor, status,
    priority, rules, with_shipping, tags)
VALUES (%(user_id)s, %(asin)s, %(domain)s, %(price_type)s, %(target_minor)s, %(status)s,
    %(priority)s, coalesce(%(rules)s::jsonb, '[]'), %(with_shipping)s, %(tags)s)
ON CONFLICT (user_id, asin, domain, price_type) DO UPDATE SET
    target_minor = excluded.target_minor,
    status = excluded.status,
    priority = excluded.priority,
    rules = coalesce(%(rules)s::jsonb, w.rules),
    with_shipping = excluded.with_shipping,
    tags = excluded.tags,
    created_at = CASE WHEN w.status = 'INACTIVE' AND excluded.status <> 'INACTIVE' THEN now()
        ELSE w.created_at END,
    updated_at = now()
WHERE (w.target_minor, w.status, w.priority, w.rules, w.with_shipping, w.tags)
    IS DISTINCT FROM (excluded.target_minor, excluded.status, excluded.priority,
        coalesce(%(rules)s::jsonb, w.rules), excluded.with_shipping, excluded.tags)
RETURNING watch_id, xmax = 0 AS is_new

-- name: forget_states_of_other_rules
-- Deletes the alert states that a watch about to be saved makes obsolete, so that changed rules are
-- evaluated afresh: of another target, of rules it has no more, all if it was removed or shipping
-- changes. Null rules leave them.
DELETE FROM alert_states a USING watched_products w
WHERE a.watch_id = w.watch_id AND w.user_id = %(user_id)s AND w.asin = %(asin)s
    AND w.domain = %(domain)s AND w.price_type = %(price_type)s
    AND (w.status = 'INACTIVE' OR w.with_shipping <> %(with_shipping)s
        OR (a.rule = 'target' AND w.target_minor IS DISTINCT FROM %(target_minor)s)
        OR (a.rule <> 'target' AND a.rule <> ALL (%(rule_names)s)))

-- name: list_watches
-- Returns a user's watches with their current prices, by locale, ASIN and price type; removed ones
-- too if asked for. A null price means no offer, or with a null observed_at that none is known; a
-- null kind means a standard product.
SELECT w.watch_id, u.email, w.asin, w.domain, w.price_type, w.target_minor, w.status,
    w.priority, w.rules::text AS rules, w.with_shipping, w.tags, p.title, c.price_minor, c.shipping_minor,
    c.currency, c.observed_at, c.implausible, c.source,
    w.last_checked_at, c.seen_at, c.is_price_hidden, k.kind, k.variations
FROM watched_products w
JOIN users u USING (user_id)
LEFT JOIN products p USING (asin, domain)
LEFT JOIN product_kinds k USING (asin, domain)
LEFT JOIN current_prices c USING (asin, domain, price_type)
WHERE lower(u.email) = lower(%(email)s) AND (w.status <> 'INACTIVE' OR %(all)s)
ORDER BY w.domain, w.asin, w.price_type

-- name: watched_locales
-- Returns the locales in which a user has watches of a product, and whether one is not removed.
SELECT w.domain, bool_or(w.status <> 'INACTIVE') AS is_watched
FROM watched_products w
JOIN users u USING (user_id)
WHERE lower(u.email) = lower(%(email)s) AND w.asin = %(asin)s
GROUP BY w.domain
ORDER BY w.domain

-- name: set_status
-- Sets the status of a user's watches of a product and returns them with the former and the new
-- one; a null locale or price type means every one. Removed ones stay, and are not returned.
WITH meant AS (
    SELECT w.watch_id, w.domain, w.price_type, w.status FROM watched_products w
    JOIN users u USING (user_id)
    WHERE lower(u.email) = lower(%(email)s) AND w.asin = %(asin)s
        AND (%(domain)s::text IS NULL OR w.domain = %(domain)s)
        AND (%(price_type)s::text IS NULL OR w.price_type = %(price_type)s)
        AND w.status <> 'INACTIVE'
    ORDER BY w.watch_id
    FOR UPDATE OF w
), changed AS (
    UPDATE watched_products w SET status = %(status)s, updated_at = now()
    FROM meant m
    WHERE w.watch_id = m.watch_id AND m.status <> %(status)s
        -- Keepa keeps no rents any more.
        AND NOT (m.price_type = 'RENT' AND %(status)s = 'ACTIVE')
    RETURNING w.watch_id
)
SELECT m.domain, m.price_type, m.status AS before,
    CASE WHEN c.watch_id IS NULL THEN m.status ELSE %(status)s END AS after
FROM meant m
LEFT JOIN changed c USING (watch_id)
ORDER BY m.domain, m.price_type

-- name: count_watches_of
-- Returns how many watches of a price type there are, removed ones left out.
SELECT count(*)::int AS number FROM watched_products
WHERE price_type = %(price_type)s AND status <> 'INACTIVE'

-- name: products_to_check
-- Returns the watched products with each price type's lowest target, null without one. Those
-- checked longest ago come first, so that a run cut short leaves out others each time.
SELECT asin, domain, jsonb_object_agg(price_type, target_minor) AS targets
FROM (
    SELECT asin, domain, price_type, min(target_minor) AS target_minor,
        min(coalesce(last_checked_at, '-infinity')) AS last_checked_at
    FROM watched_products WHERE status = 'ACTIVE'
    GROUP BY asin, domain, price_type
) AS series
GROUP BY asin, domain
ORDER BY min(last_checked_at), domain, asin

-- name: newest_points
-- Returns up to where price checks have published the points of watched products' series. A deal
-- publishes its newest point alone, so what lies between that and the last check is still missing.
SELECT c.asin, c.domain, c.price_type,
    CASE WHEN starts_with(c.run_id, 'collect_deals/') THEN h.observed_at ELSE c.observed_at END
        AS observed_at
FROM current_prices c
LEFT JOIN LATERAL (
    SELECT max(observed_at) AS observed_at FROM price_history p
    WHERE starts_with(c.run_id, 'collect_deals/')
        AND (p.asin, p.domain, p.price_type) = (c.asin, c.domain, c.price_type)
        AND NOT starts_with(p.run_id, 'collect_deals/')
) AS h ON true
WHERE (c.asin, c.domain) IN (SELECT asin, domain FROM watched_products WHERE status = 'ACTIVE')

-- name: watched_products
-- Returns every watched product with what its next check is worth: its price types and when each was
-- last checked or asked for in vain, null if a watch of it never was, but for one of low priority,
-- which counts from when it was added; the distance to the nearest target as a share of
-- it, null without target or price; price changes since a moment; the highest priority; what kind of
-- product it is, null for a standard one; by price type the users who watch it, but for the system's.
SELECT s.asin, s.domain,
    array_agg(s.price_type ORDER BY s.price_type) AS price_types,
    array_agg(s.last_checked_at ORDER BY s.price_type) AS checked_at,
    min(s.distance) AS distance,
    coalesce(sum(h.changes), 0)::int AS changes,
    max(s.priority)::int AS priority,
    jsonb_object_agg(s.price_type, s.owners) AS owners,
    k.kind, k.misses, k.asked_at
FROM (
    SELECT w.asin, w.domain, w.price_type,
        coalesce(
            CASE WHEN bool_and(coalesce(w.last_checked_at, w.last_asked_at) IS NOT NULL)
                THEN min(greatest(w.last_checked_at, w.last_asked_at)) END,
            CASE WHEN max(w.priority) < 0
                THEN min(greatest(w.last_checked_at, w.last_asked_at, w.created_at)) END
        ) AS last_checked_at,
        min((c.price_minor - w.target_minor)::float8 / w.target_minor) AS distance,
        max(w.priority) AS priority,
        coalesce(array_agg(w.user_id) FILTER (WHERE NOT u.is_system), '{}') AS owners
    FROM watched_products w
    JOIN users u USING (user_id)
    LEFT JOIN current_prices c USING (asin, domain, price_type)
    WHERE w.status = 'ACTIVE'
    GROUP BY w.asin, w.domain, w.price_type
) AS s
LEFT JOIN product_kinds k USING (asin, domain)
LEFT JOIN LATERAL (
    SELECT count(*) AS changes FROM price_history h
    WHERE (h.asin, h.domain, h.price_type) = (s.asin, s.domain, s.price_type)
        AND h.observed_at > %(changed_since)s
) AS h ON true
GROUP BY s.asin, s.domain, k.kind, k.misses, k.asked_at

-- name: published_histories
-- Returns the watched products with the price types whose whole history is published.
SELECT asin, domain, array_agg(price_type ORDER BY price_type) AS price_types
FROM published_histories
WHERE (asin, domain) IN (SELECT asin, domain FROM watched_products WHERE status = 'ACTIVE')
GROUP BY asin, domain

-- name: mark_history_published
-- Records that the whole history of a series is published; the first record stays.
INSERT INTO published_histories (asin, domain, price_type, run_id) VALUES (%s, %s, %s, %s)
ON CONFLICT (asin, domain, price_type) DO NOTHING

-- name: touch_in_vain
-- Moves on when the watches of a series were last asked for in vain; never back.
UPDATE watched_products SET last_asked_at = %s
WHERE (asin, domain, price_type) = (%s, %s, %s)
    AND (last_asked_at IS NULL OR last_asked_at < %s)

-- name: touch_without_history
-- Moves on when the watches of a series were last checked; never back.
UPDATE watched_products SET last_checked_at = %s
WHERE (asin, domain, price_type) = (%s, %s, %s)
    AND (last_checked_at IS NULL OR last_checked_at < %s)
