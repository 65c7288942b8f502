-- Saved searches for deals.

-- name: save_filter
-- Adds a filter, or changes the user's one of that name and activates it; returns whether it is
-- new. No row if nothing changes.
INSERT INTO deal_filters AS f (user_id, name, domain, price_type, selection, min_score)
VALUES (%(user_id)s, %(name)s, %(domain)s, %(price_type)s, %(selection)s, %(min_score)s)
ON CONFLICT (user_id, lower(name)) DO UPDATE SET
    name = excluded.name,
    domain = excluded.domain,
    price_type = excluded.price_type,
    selection = excluded.selection,
    min_score = excluded.min_score,
    status = 'ACTIVE',
    problem = NULL,
    problem_at = NULL,
    updated_at = now()
WHERE (f.name, f.domain, f.price_type, f.selection, f.min_score, f.status) IS DISTINCT FROM
    (excluded.name, excluded.domain, excluded.price_type, excluded.selection, excluded.min_score,
    'ACTIVE')
RETURNING filter_id, xmax = 0 AS is_new

-- name: change_filter
-- Replaces name, locale, price type, selection and least score of a filter, and forgets what Keepa had
-- against it; nothing if it has all of these.
UPDATE deal_filters SET name = %(name)s, domain = %(domain)s, price_type = %(price_type)s,
    selection = %(selection)s, min_score = %(min_score)s, problem = NULL, problem_at = NULL,
    updated_at = now()
WHERE filter_id = %(filter_id)s AND (name, domain, price_type, selection, min_score)
    IS DISTINCT FROM (%(name)s, %(domain)s, %(price_type)s, %(selection)s, %(min_score)s)

-- name: active_filters
-- Returns the filters of all users that the next run searches with, oldest first.
SELECT filter_id, name, domain, price_type, selection, min_score
FROM deal_filters WHERE status = 'ACTIVE'
ORDER BY filter_id

-- name: list_filters
-- Returns a user's filters by name, paused ones too but not removed ones, with the number of deals
-- each has found and when one was last found, null without any.
SELECT f.filter_id, f.name, f.domain, f.price_type, f.selection, f.min_score, f.status, f.problem,
    f.problem_at, count(d.event_id)::int AS deals, max(d.last_seen_at) AS last_seen_at
FROM deal_filters f
JOIN users u USING (user_id)
LEFT JOIN collected_deals d USING (filter_id)
WHERE lower(u.email) = lower(%(email)s) AND f.status <> 'INACTIVE'
GROUP BY f.filter_id
ORDER BY f.name

-- name: set_filter_status
-- Sets the status of a user's filter and returns the former one; no row if there is none of that
-- name, in whatever case, or it was removed.
WITH meant AS (
    SELECT f.filter_id, f.status FROM deal_filters f
    JOIN users u USING (user_id)
    WHERE lower(u.email) = lower(%(email)s) AND lower(f.name) = lower(%(name)s)
        AND f.status <> 'INACTIVE'
    FOR UPDATE OF f
)
UPDATE deal_filters f SET status = %(status)s,
    updated_at = CASE WHEN m.status = %(status)s THEN f.updated_at ELSE now() END
FROM meant m WHERE f.filter_id = m.filter_id
RETURNING m.status AS before

-- name: record_problem
-- Records why Keepa refused a filter, null once it does not; the same reason again keeps its time.
UPDATE deal_filters
SET problem = %(problem)s, problem_at = CASE WHEN %(problem)s::text IS NOT NULL THEN now() END
WHERE filter_id = %(filter_id)s AND problem IS DISTINCT FROM %(problem)s

-- name: best_deals
-- Returns a user's deals that were found again since a moment, best score first. A null filter
-- means all, a null locale any; the higher of the two minimum scores counts.
SELECT f.name AS filter, d.asin, d.domain, d.price_type, d.currency, d.title, d.price_minor,
    d.original_minor, d.discount_percent, d.score, d.reasons, d.observed_at, d.first_seen_at,
    d.last_seen_at, d.source
FROM collected_deals d
JOIN deal_filters f USING (filter_id)
JOIN users u USING (user_id)
WHERE lower(u.email) = lower(%(email)s)
    AND (%(filter)s::text IS NULL OR lower(f.name) = lower(%(filter)s))
    AND d.score >= greatest(%(min_score)s, f.min_score)
    AND (%(domain)s::text IS NULL OR d.domain = %(domain)s)
    AND d.last_seen_at >= %(since)s
ORDER BY d.score DESC, d.last_seen_at DESC, d.asin
LIMIT %(limit)s
