-- What Keepa's tokens are spent on, whose history is stored, and how much a watch matters.
-- depends: 0001_watch_list_and_prices

CREATE TABLE token_accounts (
    account text PRIMARY KEY,
    tokens_left integer NOT NULL,
    refill_rate integer NOT NULL,
    next_refill_at timestamptz NOT NULL,
    keepa_time timestamptz,
    read_at timestamptz NOT NULL,
    reserve integer NOT NULL DEFAULT 0 CHECK (reserve >= 0)
);
COMMENT ON TABLE token_accounts IS
    'The balance of each Keepa key as last told by Keepa; a key is known here by its fingerprint.';
COMMENT ON COLUMN token_accounts.reserve IS
    'Tokens that only checks of products about to alert may use; each run plans it anew.';
COMMENT ON COLUMN token_accounts.next_refill_at IS
    'By Keeper''s clock, from the duration Keepa told; Keepa''s own clock may be hours off.';

CREATE TABLE token_ledger (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    run_id text,
    endpoint text NOT NULL,
    domain text,
    products integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'RESERVED'
        CHECK (state IN ('RESERVED', 'CHARGED', 'REFUSED', 'UNKNOWN')),
    tokens_estimated integer NOT NULL,
    tokens_charged integer,
    tokens_expected integer,
    tokens_left integer,
    requested_at timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX token_ledger_by_run ON token_ledger (run_id);
CREATE INDEX token_ledger_by_time ON token_ledger (requested_at);
CREATE INDEX token_ledger_reserved ON token_ledger (account, requested_at) WHERE state = 'RESERVED';
COMMENT ON TABLE token_ledger IS
    'One row a request to Keepa, made before it is sent and settled with the reply''s envelope.';
COMMENT ON COLUMN token_ledger.state IS
    'UNKNOWN: no envelope came back, Keepa may have charged the estimate.';
COMMENT ON COLUMN token_ledger.tokens_expected IS
    'The balance after the request by Keeper''s own counting; tokens_left is what Keepa told. Summed
     over requests, what is missing was spent by others on the same key.';

CREATE TABLE published_histories (
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    run_id text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asin, domain, price_type)
);
COMMENT ON TABLE published_histories IS
    'Series whose whole past has been published to price-backfill; the next check need not again.';

ALTER TABLE watched_products ADD COLUMN priority smallint NOT NULL DEFAULT 0
    CHECK (priority BETWEEN -1 AND 1);
COMMENT ON COLUMN watched_products.priority IS
    '1 is checked first when tokens are short, -1 last.';

ALTER TABLE pipeline_runs
    ADD COLUMN products_postponed integer NOT NULL DEFAULT 0,
    ADD COLUMN tokens_estimated integer NOT NULL DEFAULT 0,
    ADD COLUMN tokens_left integer,
    ADD COLUMN history_published integer NOT NULL DEFAULT 0,
    ADD COLUMN history_stored integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN pipeline_runs.history_stored IS
    'Older points new to price_history; it grows until the backfill loader is through.';
COMMENT ON COLUMN pipeline_runs.products_postponed IS
    'Watched products left for the next run because the tokens do not reach.';
