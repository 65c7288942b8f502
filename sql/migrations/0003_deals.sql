-- Saved searches for deals, and the deals they found.
-- depends: 0002_tokens_and_histories

CREATE TABLE deal_filters (
    filter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    selection jsonb NOT NULL DEFAULT '{}',
    min_score smallint NOT NULL DEFAULT 0 CHECK (min_score BETWEEN 0 AND 100),
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAUSED', 'INACTIVE')),
    problem text,
    problem_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX deal_filters_name ON deal_filters (user_id, lower(name));
COMMENT ON COLUMN deal_filters.selection IS 'Keepa''s selection fields by their own names.';
COMMENT ON COLUMN deal_filters.problem IS
    'Why Keepa refused the filter in the last run; null when it did not.';

CREATE TABLE collected_deals (
    event_id text PRIMARY KEY,
    filter_id bigint NOT NULL REFERENCES deal_filters ON DELETE CASCADE,
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    currency text NOT NULL,
    title text,
    image_url text,
    observed_at timestamptz NOT NULL,
    price_minor bigint CHECK (price_minor > 0),
    shipping_minor bigint CHECK (shipping_minor >= 0),
    original_minor bigint CHECK (original_minor > 0),
    previous_minor bigint CHECK (previous_minor > 0),
    list_price_minor bigint CHECK (list_price_minor > 0),
    discount_percent integer,
    score smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
    reasons text[] NOT NULL,
    rating real,
    review_count integer,
    sales_rank integer,
    root_category bigint,
    back_in_stock boolean NOT NULL,
    lightning_ends_at timestamptz,
    source text NOT NULL CHECK (source IN ('keepa', 'simulator')),
    first_run_id text NOT NULL,
    last_run_id text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
CREATE INDEX collected_deals_by_filter ON collected_deals (filter_id, first_seen_at DESC);
CREATE INDEX collected_deals_by_product ON collected_deals (asin, domain);
CREATE INDEX collected_deals_by_score ON collected_deals (score DESC, last_seen_at DESC);
COMMENT ON TABLE collected_deals IS
    'One row a deal: a product at a price since a moment, found by one filter; seen again it is the same row.';
COMMENT ON COLUMN collected_deals.original_minor IS
    'What the product usually costs: its 90-day average. The discount counts from here, not from the list price.';
COMMENT ON COLUMN collected_deals.score IS
    '0 to 100, against the product''s own history, as the latest check judged it; reasons say why.';

ALTER TABLE pipeline_runs ADD COLUMN deals_stored integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN pipeline_runs.deals_stored IS 'Deals the run found that no run had found before.';
