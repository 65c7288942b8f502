-- name: record
-- Records one comparison of Elasticsearch with PostgreSQL: days compared, documents at fault.
INSERT INTO reconciliations (mirror, run_id, compared_at, is_dry_run, days, different, missing,
    outdated, surplus, surplus_kept, in_motion, refused, examples)
VALUES (%(mirror)s, %(run_id)s, %(compared_at)s, %(is_dry_run)s, %(days)s, %(different)s,
    %(missing)s, %(outdated)s, %(surplus)s, %(surplus_kept)s, %(in_motion)s, %(refused)s, %(examples)s)
