ALTER TABLE pipeline_runs
    DROP COLUMN products_postponed, DROP COLUMN tokens_estimated, DROP COLUMN tokens_left,
    DROP COLUMN history_published, DROP COLUMN history_stored;
ALTER TABLE watched_products DROP COLUMN priority;
DROP TABLE published_histories;
DROP TABLE token_ledger;
DROP TABLE token_accounts;
