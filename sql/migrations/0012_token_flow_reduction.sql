-- Tokens that trackings of a key take from its refills, so that waits and plans count without them.
-- depends: 0011_status_of_requests

ALTER TABLE token_accounts ADD COLUMN flow_reduction int NOT NULL DEFAULT 0
    CHECK (flow_reduction >= 0);
COMMENT ON COLUMN token_accounts.flow_reduction IS
    'Tokens a refill lacks because trackings of the same key take them, as Keepa last told.';
