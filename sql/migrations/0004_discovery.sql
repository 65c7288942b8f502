-- Saved searches for products worth watching, and what they proposed.
-- depends: 0003_deals

CREATE TABLE discoveries (
    discovery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('best_sellers', 'finder')),
    domain text NOT NULL,
    category bigint,
    selection jsonb,
    rank_range_days smallint NOT NULL DEFAULT 0 CHECK (rank_range_days IN (0, 30, 90, 180)),
    propose smallint NOT NULL DEFAULT 20 CHECK (propose BETWEEN 1 AND 100),
    price_type text NOT NULL DEFAULT 'NEW',
    below_average_percent smallint CHECK (below_average_percent BETWEEN 1 AND 90),
    is_active boolean NOT NULL DEFAULT true,
    searched_at timestamptz,
    problem text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain, name),
    CHECK ((kind = 'best_sellers') = (category IS NOT NULL)),
    CHECK ((kind = 'finder') = (selection IS NOT NULL))
);
COMMENT ON TABLE discoveries IS 'What discover_products looks for; removed ones are not active.';
COMMENT ON COLUMN discoveries.propose IS
    'How many of its proposals may wait for a decision at once.';
COMMENT ON COLUMN discoveries.below_average_percent IS
    'An approved product''s target is this much below its average of 90 days; null sets none.';
COMMENT ON COLUMN discoveries.problem IS 'Why the last search failed; null if it did not.';

CREATE TABLE product_proposals (
    asin text NOT NULL CHECK (asin ~ '^[0-9A-Z]{10}$'),
    domain text NOT NULL,
    discovery_id bigint NOT NULL REFERENCES discoveries,
    title text,
    price_type text NOT NULL,
    price_minor bigint CHECK (price_minor > 0),
    currency text NOT NULL,
    average_90_days_minor bigint CHECK (average_90_days_minor > 0),
    target_minor bigint CHECK (target_minor > 0),
    rating numeric(2, 1),
    review_count integer,
    sales_rank integer,
    source text NOT NULL CHECK (source IN ('keepa', 'simulator')),
    state text NOT NULL DEFAULT 'PROPOSED' CHECK (state IN ('PROPOSED', 'APPROVED', 'REJECTED')),
    decided_by text,
    decided_at timestamptz,
    run_id text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asin, domain),
    CHECK ((state = 'PROPOSED') = (decided_at IS NULL))
);
CREATE INDEX product_proposals_by_discovery ON product_proposals (discovery_id);
COMMENT ON TABLE product_proposals IS
    'Products discoveries found, one row for ever: what was rejected is never proposed again.';
COMMENT ON COLUMN product_proposals.target_minor IS
    'The target its watch gets when approved; all money in the minor unit of currency.';
