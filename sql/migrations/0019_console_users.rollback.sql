DROP TABLE audit_log, api_tokens, sessions, sign_in_links;
ALTER TABLE users DROP COLUMN role;
