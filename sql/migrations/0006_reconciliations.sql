-- What the comparisons of Elasticsearch with PostgreSQL found.
-- depends: 0005_narrow_price_history

CREATE TABLE reconciliations (
    reconciliation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mirror text NOT NULL,
    run_id text,
    compared_at timestamptz NOT NULL,
    is_dry_run boolean NOT NULL,
    days integer NOT NULL,
    different integer NOT NULL,
    missing integer NOT NULL,
    outdated integer NOT NULL,
    surplus integer NOT NULL,
    in_motion integer NOT NULL,
    refused integer NOT NULL,
    examples text[] NOT NULL
);
CREATE INDEX reconciliations_by_time ON reconciliations (compared_at);
COMMENT ON TABLE reconciliations IS
    'One row a comparison of Elasticsearch with PostgreSQL: documents missing, saying something else, or of nothing stored.';
COMMENT ON COLUMN reconciliations.different IS 'Days and locales whose sums differed, of all days.';
COMMENT ON COLUMN reconciliations.in_motion IS
    'Documents passed over because they were checked a moment before.';
