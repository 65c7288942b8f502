-- What the database takes, whether it is sound, and what is past its retention.

-- name: partitions
SELECT c.relname AS name, bounds[1]::timestamptz AS since, bounds[2]::timestamptz AS until,
    greatest(c.reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS bytes
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL regexp_match(
    pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') AS bounds
WHERE i.inhparent = 'price_points'::regclass
ORDER BY since

-- name: tables
-- Of a partitioned table its partitions count.
SELECT c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows,
    pg_total_relation_size(c.oid) AS bytes,
    coalesce(t.n_dead_tup, 0) AS dead_rows
FROM pg_class c
LEFT JOIN pg_stat_user_tables t ON t.relid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
ORDER BY bytes DESC

-- name: make_months
SELECT add_price_months(%(until)s) AS name

-- name: invalid_indexes
SELECT indexrelid::regclass::text AS name FROM pg_index
JOIN pg_class c ON c.oid = indexrelid
WHERE NOT indisvalid AND c.relnamespace = 'public'::regnamespace

-- name: transactions_used
-- Of the two thousand million after which PostgreSQL stops writing.
SELECT age(datfrozenxid)::bigint AS used FROM pg_database WHERE datname = current_database()

-- name: due_before
SELECT count(*)::int AS series FROM price_series WHERE due_from < %(before)s

-- name: old_token_ledger
SELECT ctid FROM token_ledger WHERE requested_at < %(before)s AND state <> 'RESERVED'

-- name: old_price_corrections
SELECT ctid FROM price_corrections WHERE corrected_at < %(before)s

-- name: old_price_alerts
-- With their deliveries.
SELECT ctid FROM price_alerts WHERE raised_at < %(before)s AND status <> 'PENDING'

-- name: old_quarantined_records
SELECT ctid FROM quarantined_records WHERE quarantined_at < %(before)s

-- name: old_pipeline_runs
SELECT ctid FROM pipeline_runs WHERE finished_at < %(before)s AND state <> 'RUNNING'

-- name: old_reconciliations
SELECT ctid FROM reconciliations WHERE compared_at < %(before)s

-- name: old_deal_reports
-- With what they told; a deal that old is over.
SELECT ctid FROM deal_reports WHERE until < %(before)s

-- name: old_operator_notices
SELECT ctid FROM operator_notices WHERE resolved_at < %(before)s
