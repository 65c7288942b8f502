-- What Keepa answered a request with, so that a failing Keepa is told from one that refuses.
-- depends: 0010_reports_and_notices

ALTER TABLE token_ledger ADD COLUMN http_status smallint;
COMMENT ON COLUMN token_ledger.http_status IS
    'The HTTP status of Keepa''s reply; null if none came, or from before it was noted.';
