DROP TABLE product_kinds;
ALTER TABLE watched_products DROP COLUMN last_asked_at;
ALTER TABLE pipeline_runs DROP COLUMN series_undelivered, DROP COLUMN series_unreadable;
ALTER TABLE token_ledger DROP COLUMN detail;
