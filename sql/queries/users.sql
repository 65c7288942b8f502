-- People, their roles, and what goes with them when they are removed.

-- name: find_user
-- Returns the user with an address, in whatever case; no row for one unknown or the system's own.
SELECT user_id, email, role FROM users WHERE lower(email) = lower(%(email)s) AND NOT is_system

-- name: lock_user
-- Returns a user by id, and keeps them from being removed until the transaction ends; no row if
-- they are gone.
SELECT user_id, email, role FROM users WHERE user_id = %(user_id)s AND NOT is_system FOR NO KEY UPDATE

-- name: list_users
-- Returns users after an id, by id, with the number of their watches and when they last used a
-- session; null if never.
SELECT u.user_id, u.email, u.role, u.created_at,
    (SELECT count(*)::int FROM watched_products w
     WHERE w.user_id = u.user_id AND w.status <> 'INACTIVE') AS watches,
    (SELECT max(s.last_used_at) FROM sessions s WHERE s.user_id = u.user_id) AS last_seen_at
FROM users u
WHERE NOT u.is_system AND u.user_id > %(after)s
ORDER BY u.user_id
LIMIT %(most)s

-- name: time_zone
-- Returns the zone of a user's clock.
SELECT time_zone FROM users WHERE user_id = %(user_id)s

-- name: language
-- Returns the language that a user is spoken to in.
SELECT language FROM users WHERE user_id = %(user_id)s

-- name: set_language
-- Sets the language that a user is spoken to in.
UPDATE users SET language = %(language)s WHERE user_id = %(user_id)s

-- name: get_user
-- Returns one user by id as list_users does; no row if there is none.
SELECT u.user_id, u.email, u.role, u.created_at,
    (SELECT count(*)::int FROM watched_products w
     WHERE w.user_id = u.user_id AND w.status <> 'INACTIVE') AS watches,
    (SELECT max(s.last_used_at) FROM sessions s WHERE s.user_id = u.user_id) AS last_seen_at
FROM users u
WHERE NOT u.is_system AND u.user_id = %(user_id)s

-- name: set_role
-- Sets a user's role.
UPDATE users SET role = %(role)s WHERE user_id = %(user_id)s

-- name: lock_watches_to_remove
-- Locks all watches of a user, by id as loaders lock them, so that none raises an alert while its
-- user is removed.
SELECT watch_id FROM watched_products WHERE user_id = %(user_id)s ORDER BY watch_id FOR UPDATE

-- name: hand_on_filters
-- Gives a user's deal filters to the system's user, switched off, so that the deals they found stay;
-- returns their ids. Their former names are theirs no more.
UPDATE deal_filters f
SET user_id = s.user_id, status = 'INACTIVE', name = 'removed ' || f.filter_id, updated_at = now()
FROM users s
WHERE f.user_id = %(user_id)s AND s.is_system
RETURNING f.filter_id

-- name: hand_on_watches
-- Gives a user's watches to another user, with their alerts; those that the other has too, and removed
-- ones, stay. Alerts on their way are queued for the other's channels, whose deliverers wake at the
-- commit. Returns how many watches moved.
WITH moved AS (
    UPDATE watched_products w SET user_id = %(heir_id)s, updated_at = now()
    WHERE w.user_id = %(user_id)s AND w.status <> 'INACTIVE' AND NOT EXISTS (
        SELECT FROM watched_products h WHERE h.user_id = %(heir_id)s
            AND (h.asin, h.domain, h.price_type) = (w.asin, w.domain, w.price_type))
    RETURNING w.watch_id
), alerts AS (
    UPDATE price_alerts a SET user_id = %(heir_id)s
    FROM moved m WHERE a.watch_id = m.watch_id
    RETURNING a.alert_id, a.status
), queued AS (
    INSERT INTO outbox (channel_id, alert_id)
    SELECT c.channel_id, a.alert_id FROM alerts a
    JOIN channels c ON c.user_id = %(heir_id)s AND c.status = 'ACTIVE'
    WHERE a.status = 'PENDING'
    RETURNING message_id
), woken AS (
    SELECT pg_notify('keeper_outbox', '') FROM queued LIMIT 1
)
SELECT (SELECT count(*)::int FROM moved) AS watches, (SELECT count(*) FROM woken) AS woken

-- name: hand_filters_to
-- Gives a user's deal filters to another user, who may have one of the same name: it gets its
-- number behind it then. Returns their ids.
UPDATE deal_filters f
SET user_id = %(heir_id)s, updated_at = now(),
    name = CASE WHEN EXISTS (SELECT FROM deal_filters h
        WHERE h.user_id = %(heir_id)s AND lower(h.name) = lower(f.name))
        THEN f.name || ' ' || f.filter_id ELSE f.name END
WHERE f.user_id = %(user_id)s
RETURNING f.filter_id

-- name: delete_user
-- Deletes a user with watches, alerts, channels, messages, reports, sessions, links and tokens.
DELETE FROM users WHERE user_id = %(user_id)s AND NOT is_system

-- name: first_at
-- Returns when the first user was made, which is about when Keeper was installed.
SELECT min(created_at) AS first_at FROM users
