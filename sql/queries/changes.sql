-- What commits have changed, as the relay learns of it.

-- name: become_relay
-- Returns whether the session is the one relay of this database from now on, until it ends.
SELECT pg_try_advisory_lock(hashtext('keeper relay')) AS is_relay

-- name: send_heartbeat
-- Notifies keeper_changes, behind the notifications of all that has been committed. By the triggers'
-- function: without them there must be no heartbeats either.
SELECT notify_changes(%(kind)s, ARRAY[%(name)s])

-- name: products_of_series
-- Returns locale/ASIN of series.
SELECT DISTINCT domain || '/' || asin AS product FROM price_series
WHERE series_id = ANY (%(series_ids)s::integer[])
ORDER BY product
