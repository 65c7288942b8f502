-- A comparison of Elasticsearch with PostgreSQL that would delete too much says what it kept.
-- depends: 0023_limits_and_retries

ALTER TABLE reconciliations ADD COLUMN surplus_kept integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN reconciliations.surplus_kept IS
    'Documents of surplus that were left, because they were too many to delete without being asked to.';
