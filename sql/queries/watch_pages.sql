-- Watches as the console shows them.

-- name: watch_page
-- Returns watches that somebody may see (a null owner: everybody's), with their current prices, from
-- a key and an id on, in either order. Null filters let everything pass. A null price means no
-- offer, or with a null observed_at that none is known; a null kind means a standard product. In
-- braces: what it is sorted by, that key's type, how later ones compare, and the direction; the
-- price as the watch counts it, and the one before it; and which are asked for.
SELECT w.watch_id, w.user_id, u.email, w.asin, w.domain, w.price_type, w.target_minor, w.status,
    w.priority, w.rules::text AS rules, w.with_shipping, w.tags, w.snoozed_until, w.created_at, w.updated_at,
    w.last_checked_at, p.title, p.image_url, {before} AS before_minor, c.price_minor, c.shipping_minor, c.observed_at, c.seen_at,
    c.implausible, c.source, c.is_price_hidden, k.kind, k.variations, ({key})::text AS sort_key
FROM watched_products w
JOIN users u USING (user_id)
LEFT JOIN products p USING (asin, domain)
LEFT JOIN product_kinds k USING (asin, domain)
LEFT JOIN current_prices c USING (asin, domain, price_type)
LEFT JOIN price_series s USING (asin, domain, price_type)
WHERE {where}
    AND (%(after_id)s::bigint IS NULL
        OR (({key}), w.watch_id) {later} (%(after_key)s::{type}, %(after_id)s))
ORDER BY ({key}) {direction}, w.watch_id {direction}
LIMIT %(most)s

-- name: watch_count
-- Returns how many watches somebody may see, of the same ones; no more than a limit are counted.
SELECT count(*)::int AS watches
FROM (
    SELECT FROM watched_products w
    JOIN users u USING (user_id)
    LEFT JOIN products p USING (asin, domain)
    LEFT JOIN current_prices c USING (asin, domain, price_type)
    LEFT JOIN price_series s USING (asin, domain, price_type)
    WHERE {where}
    LIMIT %(most)s
) AS found

-- name: asked_for
-- Which watches are asked for, of those that somebody may see. In braces, as in watch_page.
NOT u.is_system
    AND (%(owner)s::bigint IS NULL OR w.user_id = %(owner)s)
    AND (%(watch_id)s::bigint IS NULL OR w.watch_id = %(watch_id)s)
    AND (%(user_id)s::bigint IS NULL OR w.user_id = %(user_id)s)
    AND (%(statuses)s::text[] IS NULL OR w.status = ANY (%(statuses)s))
    AND (%(domain)s::text IS NULL OR w.domain = %(domain)s)
    AND (%(price_type)s::text IS NULL OR w.price_type = %(price_type)s)
    AND (%(asin)s::text IS NULL OR w.asin = %(asin)s)
    AND (%(held_at)s::timestamptz IS NULL OR w.snoozed_until > %(held_at)s)
    AND (%(tags)s::text[] IS NULL OR w.tags @> %(tags)s::text[])
    AND (%(search)s::text IS NULL OR w.asin = upper(%(search)s)
        OR strpos(lower(p.title), lower(%(search)s)) > 0)
    AND CASE %(price_is)s::text
        WHEN 'at_target' THEN w.target_minor * 101 >= 100 * ({counted})
        WHEN 'without_offer' THEN c.asin IS NOT NULL AND c.price_minor IS NULL
        WHEN 'not_checked' THEN w.last_checked_at IS NULL
        WHEN 'stale' THEN EXISTS (
            SELECT FROM unnest(%(aging_types)s::text[], %(old_after)s::interval[]) AS a (name, old_after)
            WHERE a.name = w.price_type AND (w.last_checked_at < %(at)s::timestamptz - a.old_after
                OR w.last_checked_at - c.seen_at > a.old_after))
        WHEN 'dropped' THEN NOT c.implausible AND c.observed_at > %(at)s::timestamptz - interval '7 days'
            AND ({counted}) < {before}
        WHEN 'lowest' THEN NOT c.implausible AND (
            SELECT min(q.price_minor + {shipping}) >= ({counted})
                AND max(q.price_minor + {shipping}) > ({counted})
            FROM price_points q
            WHERE q.series_id = s.series_id AND NOT q.implausible
                AND q.observed_at >= {comparable_since}
                AND q.observed_at >= coalesce((
                    SELECT r.observed_at FROM price_points r
                    WHERE r.series_id = s.series_id AND NOT r.implausible
                        AND r.observed_at <= %(at)s::timestamptz - interval '90 days'
                    ORDER BY r.observed_at DESC LIMIT 1), '-infinity'))
        ELSE true END

-- name: counted
-- What a watch counts of the current price: with shipping or without; null without an offer.
c.price_minor + CASE WHEN w.with_shipping THEN coalesce(c.shipping_minor, 0) ELSE 0 END

-- name: shipping_of_point
-- What a watch counts of a point's shipping.
CASE WHEN w.with_shipping THEN coalesce(q.shipping_minor, 0) ELSE 0 END

-- name: comparable_since
-- Since when prices mean what the current one means.
coalesce(analytics.comparable_since(w.price_type, c.observed_at), '-infinity')

-- name: before
-- What a watch counts of the last offer before the current price; null if there was none.
(SELECT q.price_minor + CASE WHEN w.with_shipping THEN coalesce(q.shipping_minor, 0) ELSE 0 END
    FROM price_points q
    WHERE q.series_id = s.series_id AND q.observed_at < c.observed_at AND NOT q.implausible
        AND q.price_minor IS NOT NULL
        AND q.observed_at >= coalesce(analytics.comparable_since(w.price_type, c.observed_at), '-infinity')
    ORDER BY q.observed_at DESC LIMIT 1)

-- name: tags
-- Returns the tags of the watches that somebody may see (a null owner: everybody's), removed ones
-- left out, with how many watches have each; a null user lets everybody's pass.
SELECT tag, count(*)::int AS watches
FROM watched_products w
CROSS JOIN unnest(w.tags) AS tag
WHERE (%(owner)s::bigint IS NULL OR w.user_id = %(owner)s)
    AND (%(user_id)s::bigint IS NULL OR w.user_id = %(user_id)s)
    AND w.status <> 'INACTIVE'
GROUP BY tag
ORDER BY tag COLLATE "C"

-- name: watched_products
-- Returns locale/ASIN of what somebody watches, paused watches too.
SELECT DISTINCT domain || '/' || asin AS product FROM watched_products
WHERE user_id = %(owner)s AND status <> 'INACTIVE'
