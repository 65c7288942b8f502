-- What each user may have and do, and how much of it they have used.

-- name: own_limits
-- Returns what an operator has set for a user instead of the settings; null for no limit.
SELECT name, most FROM user_limits WHERE user_id = %(user_id)s ORDER BY name

-- name: set_limit
-- Sets a limit of one user; null for none.
INSERT INTO user_limits (user_id, name, most) VALUES (%(user_id)s, %(name)s, %(most)s)
ON CONFLICT (user_id, name) DO UPDATE SET most = excluded.most

-- name: unset_limit
-- Deletes a limit of one user: the settings' is theirs again.
DELETE FROM user_limits WHERE user_id = %(user_id)s AND name = %(name)s

-- name: use_limit
-- Adds to what a user has used of a limit, and returns since when how much that is; a new span
-- begins with the first use after the former has ended. Of two at once the second counts the first.
INSERT INTO limit_uses AS u (user_id, name, since, used)
VALUES (%(user_id)s, %(name)s, %(at)s, %(amount)s)
ON CONFLICT (user_id, name) DO UPDATE SET
    since = CASE WHEN u.since > %(at)s - %(span)s::interval THEN u.since ELSE excluded.since END,
    used = CASE WHEN u.since > %(at)s - %(span)s::interval THEN u.used ELSE 0 END + excluded.used
RETURNING since, used

-- name: used_limits
-- Returns since when a user has used how much of each limit by the hour or the day.
SELECT name, since, used FROM limit_uses WHERE user_id = %(user_id)s

-- name: count_deal_filters
-- Returns how many deal filters a user has, removed ones left out.
SELECT count(*)::int AS number FROM deal_filters
WHERE user_id = %(user_id)s AND status <> 'INACTIVE'

-- name: count_watches
-- Returns how many watches a user has, removed ones left out.
SELECT count(*)::int AS number FROM watched_products
WHERE user_id = %(user_id)s AND status <> 'INACTIVE'
