-- What a restore does to a database that has come back from a moment in the past, so that nothing
-- that has happened since happens twice.

-- name: sessions
-- Returns the other sessions that use some databases, psql's left out, which somebody looks by.
SELECT datname AS database, application_name AS application, count(*)::int AS sessions
FROM pg_stat_activity
WHERE datname = ANY (%(databases)s) AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
    AND application_name NOT IN ('psql', 'keeper-restore')
GROUP BY 1, 2
ORDER BY 1, 2

-- name: tables
-- Returns whether the database holds any table of Keeper's, or of Airflow's.
SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'p')) AS has_tables

-- name: mark
-- Returns which restore the server as a whole is of, null if of none, and whether it still recovers.
SELECT current_setting('keeper.restored', true) AS mark, pg_is_in_recovery() AS recovers

-- name: progress
-- Returns the database's comment, in which a restore keeps how far it has come.
SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database
WHERE datname = current_database()

-- name: newest_moment
-- Returns the latest moment at which the database was certainly in use, by the server's clock; null
-- if nothing says so.
SELECT greatest(
    (SELECT max(queued_at) FROM outbox),
    (SELECT max(happened_at) FROM audit_log),
    (SELECT max(raised_at) FROM price_alerts)) AS moment

-- name: move_identities
-- Moves every sequence on, so that no number is given out a second time; returns how many.
SELECT count(setval(format('%%I.%%I', schemaname, sequencename)::regclass,
    coalesce(last_value, start_value) + %(ahead)s))::int AS moved
FROM pg_sequences WHERE schemaname = 'public'

-- name: end_sessions
-- Ends every session of the console's.
DELETE FROM sessions

-- name: revoke_tokens
-- Revokes every API token: which of them were revoked after the moment nobody knows.
UPDATE api_tokens SET revoked_at = %(at)s WHERE revoked_at IS NULL

-- name: use_up_links
-- Uses up every link to sign in: those used after the moment would serve again.
UPDATE sign_in_links SET used_at = %(at)s WHERE used_at IS NULL

-- name: unlink_telegram
-- Takes every Telegram account from its user, and the short tokens with it: which were taken away
-- after the moment nobody knows.
DELETE FROM telegram_links

-- name: forget_telegram_codes
-- Forgets every code that links a Telegram account: those used after the moment would serve again.
DELETE FROM telegram_codes

-- name: forget_feed_tickets
-- Forgets every ticket for the live feed: those used after the moment would serve again.
DELETE FROM feed_tickets

-- name: end_requests
-- Cancels what users asked the API for and was not done: it may have been, after the moment.
UPDATE requests SET state = 'cancelled', finished_at = %(at)s, claim = NULL, claimed_until = NULL,
    problem = 'PostgreSQL was restored; ask again if it is still wanted'
WHERE state IN ('waiting', 'running')

-- name: end_runs
-- Ends the runs that were under way.
UPDATE pipeline_runs SET state = 'FAILED', finished_at = %(at)s,
    problem = 'PostgreSQL was restored to a moment at which this run was under way'
WHERE state = 'RUNNING'

-- name: skip_reports
-- Adds an empty report, for nobody to be sent, to each reader of reports: deals of before are not
-- reported again.
INSERT INTO deal_reports (user_id, run_id, since, until, simulated, left_out, published_at)
SELECT u.user_id, %(run_id)s, %(since)s, %(at)s, false, 0, %(at)s FROM users u
WHERE EXISTS (SELECT FROM deal_filters f WHERE f.user_id = u.user_id)
    AND NOT EXISTS (
        SELECT FROM deal_reports r WHERE r.user_id = u.user_id AND r.run_id = %(run_id)s)

-- name: put_off_reports
-- Lets every user's next report be due after now: today's may have been sent.
UPDATE users SET report_due_from = greatest(report_due_from, %(at)s)

-- name: free_channels
-- Frees the channels that were in use.
UPDATE channels SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by IS NOT NULL

-- name: cancel_pending
-- Cancels every message that waits, for it may have been sent after the moment; returns them.
UPDATE outbox SET status = 'CANCELLED', settled_at = %(at)s, claimed_by = NULL, claimed_until = NULL
WHERE status = 'PENDING'
RETURNING message_id

-- name: paid_replies
-- Returns how many replies each run was charged for since a moment, by endpoint.
SELECT run_id, endpoint, count(*)::int AS replies FROM token_ledger
WHERE state = 'CHARGED' AND http_status = 200 AND run_id IS NOT NULL AND requested_at >= %(since)s
GROUP BY run_id, endpoint
ORDER BY run_id, endpoint

-- name: pause_dags
-- Pauses DAGs of Airflow's, in Airflow's own database.
UPDATE dag SET is_paused = true WHERE dag_id = ANY (%(dags)s) AND NOT is_paused

-- name: fail_dag_runs
-- Ends Airflow's runs that were under way, in Airflow's own database.
UPDATE dag_run SET state = 'failed', end_date = %(at)s WHERE state IN ('running', 'queued')

-- name: fail_tasks
-- Ends Airflow's tasks that were under way, in Airflow's own database.
UPDATE task_instance SET state = 'failed', end_date = %(at)s, trigger_id = NULL
WHERE state IN ('running', 'queued', 'scheduled', 'deferred', 'up_for_retry', 'up_for_reschedule',
    'restarting', 'awaiting_input')
