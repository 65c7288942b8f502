ALTER TABLE token_ledger DROP COLUMN http_status;
