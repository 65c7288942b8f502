ALTER TABLE token_accounts DROP COLUMN flow_reduction;
