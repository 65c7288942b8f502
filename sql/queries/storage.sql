-- The size and soundness of the database, and the rows that retention deletes.

-- name: partitions
-- Returns the partitions of price_points, oldest first, with their span of time, estimated rows and
-- bytes, indexes included.
SELECT c.relname AS name, bounds[1]::timestamptz AS since, bounds[2]::timestamptz AS until,
    greatest(c.reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS bytes
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL regexp_match(
    pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') AS bounds
WHERE i.inhparent = 'price_points'::regclass
ORDER BY since

-- name: tables
-- Returns the tables that are not partitioned, largest first, with estimated rows, dead ones apart,
-- and bytes, indexes included.
SELECT c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows,
    pg_total_relation_size(c.oid) AS bytes,
    coalesce(t.n_dead_tup, 0) AS dead_rows
FROM pg_class c
LEFT JOIN pg_stat_user_tables t ON t.relid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
ORDER BY bytes DESC

-- name: make_months
-- Creates the monthly partitions of price_points that are missing up to a time; returns their
-- names.
SELECT add_price_months(%(until)s) AS name

-- name: invalid_indexes
-- Returns the indexes that are not valid: a concurrent build of them failed.
SELECT indexrelid::regclass::text AS name FROM pg_index
JOIN pg_class c ON c.oid = indexrelid
WHERE NOT indisvalid AND c.relnamespace = 'public'::regnamespace

-- name: transactions_used
-- Returns how many of the two thousand million transactions are used after which PostgreSQL stops
-- writing.
SELECT age(datfrozenxid)::bigint AS used FROM pg_database WHERE datname = current_database()

-- name: due_before
-- Returns how many series have points before a time that are not rolled up.
SELECT count(*)::int AS series FROM price_series WHERE due_from < %(before)s

-- name: old_token_ledger
-- Returns the places of requests made before a moment; those without an outcome stay.
SELECT ctid FROM token_ledger WHERE requested_at < %(before)s AND state <> 'RESERVED'

-- name: old_price_corrections
-- Returns the places of corrections made before a moment.
SELECT ctid FROM price_corrections WHERE corrected_at < %(before)s

-- name: old_price_alerts
-- Returns the places of alerts raised before a moment, which take their deliveries with them; those
-- still to be delivered stay.
SELECT ctid FROM price_alerts WHERE raised_at < %(before)s AND status <> 'PENDING'

-- name: old_quarantined_records
-- Returns the places of records quarantined before a moment.
SELECT ctid FROM quarantined_records WHERE quarantined_at < %(before)s

-- name: old_pipeline_runs
-- Returns the places of runs that ended before a moment.
SELECT ctid FROM pipeline_runs WHERE finished_at < %(before)s AND state <> 'RUNNING'

-- name: old_reconciliations
-- Returns the places of comparisons made before a moment.
SELECT ctid FROM reconciliations WHERE compared_at < %(before)s

-- name: old_deal_reports
-- Returns the places of reports that ended before a moment, which take their deals with them; a
-- deal that old is over.
SELECT ctid FROM deal_reports WHERE until < %(before)s

-- name: old_collected_deals
-- Returns the places of deals last seen before a moment; those of a report that is kept stay.
SELECT ctid FROM collected_deals d WHERE last_seen_at < %(before)s
    AND NOT EXISTS (SELECT FROM reported_deals r WHERE r.event_id = d.event_id)

-- name: old_product_proposals
-- Returns the places of products proposed before a moment; rejected ones stay, that nobody proposes
-- them again.
SELECT ctid FROM product_proposals WHERE proposed_at < %(before)s AND state <> 'REJECTED'

-- name: old_operator_notices
-- Returns the places of notices resolved before a moment; open ones stay, and reports of what is past its
-- retention, which say that it may be deleted.
SELECT ctid FROM operator_notices
WHERE resolved_at < %(before)s AND NOT starts_with(topic, 'retention:')

-- name: old_audit_log
-- Returns the places of entries from before a moment.
SELECT ctid FROM audit_log WHERE happened_at < %(before)s

-- name: old_requests
-- Returns the places of requests that ended before a moment.
SELECT ctid FROM requests WHERE finished_at < %(before)s

-- name: old_sessions
-- Returns the places of sessions that expired before a moment.
SELECT ctid FROM sessions WHERE expires_at < %(before)s

-- name: old_sign_in_links
-- Returns the places of links to sign in that expired before a moment.
SELECT ctid FROM sign_in_links WHERE expires_at < %(before)s

-- name: old_idempotency_keys
-- Returns the places of keys that nobody can use any more: older than a day, whatever is kept else.
SELECT ctid FROM idempotency_keys WHERE claimed_at < greatest(%(before)s, now() - interval '1 day')

-- name: old_feed_tickets
-- Returns the places of tickets that nobody can use any more, whatever is kept else.
SELECT ctid FROM feed_tickets WHERE expires_at < greatest(%(before)s, now() - interval '1 day')

-- name: old_api_tokens
-- Returns the places of tokens that expired before a moment.
SELECT ctid FROM api_tokens WHERE expires_at < %(before)s

-- name: bytes_of_rows
-- Returns what some rows of a table take, as an estimate from its size, indexes included.
SELECT (pg_total_relation_size(oid)
    * least(1, %(rows)s::float / greatest(reltuples, %(rows)s, 1)))::bigint AS bytes
FROM pg_class WHERE oid = %(table)s::text::regclass

-- name: retention_topics
-- Returns the topics of reports of what is past its retention, open or not, the oldest first.
SELECT topic FROM operator_notices WHERE topic = %(topic)s OR starts_with(topic, %(topic)s || ':')
ORDER BY notice_id

-- name: drop_partition
-- Drops a partition of price_points and notifies keeper_changes that points of any series may have gone.
SELECT drop_price_partition(%(name)s)

-- name: longest_transaction
-- Returns the process, name and age in seconds of the transaction of this database that has been open
-- longest.
SELECT pid, coalesce(nullif(application_name, ''), usename, 'a session') AS application,
    extract(epoch FROM now() - xact_start)::int AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    AND backend_type = 'client backend'
ORDER BY xact_start LIMIT 1
