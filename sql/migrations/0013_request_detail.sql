-- How much a request asks of products, which decides what comes and what it costs; what Keepa says
-- of watched products that are no standard ones.
-- depends: 0012_token_flow_reduction

ALTER TABLE token_ledger ADD COLUMN detail text
    CHECK (detail IN ('basic', 'buy_box', 'offers'));
COMMENT ON COLUMN token_ledger.detail IS
    'How much was asked of products; null for other requests, and from before it was recorded.';
CREATE INDEX token_ledger_offers ON token_ledger (account, request_id) WHERE detail = 'offers';

ALTER TABLE pipeline_runs
    ADD COLUMN series_undelivered int NOT NULL DEFAULT 0,
    ADD COLUMN series_unreadable int NOT NULL DEFAULT 0;
COMMENT ON COLUMN pipeline_runs.series_undelivered IS
    'Watched price series that were asked for and did not come, as when Keepa could not fetch offers; they do not count as checked.';
COMMENT ON COLUMN pipeline_runs.series_unreadable IS
    'Watched price series of which nothing could be read; they do not count as checked.';

CREATE TABLE product_kinds (
    asin text NOT NULL,
    domain text NOT NULL,
    kind text NOT NULL CHECK (kind IN
        ('not found', 'downloadable', 'e-book', 'inaccessible', 'withdrawn', 'parent', 'unknown')),
    misses int NOT NULL DEFAULT 0 CHECK (misses >= 0),
    asked_at timestamptz NOT NULL,
    variations text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (asin, domain)
);
COMMENT ON TABLE product_kinds IS
    'Watched products that are no standard ones, as Keepa said when it was last asked: it keeps few prices of them, or none.';
COMMENT ON COLUMN product_kinds.kind IS
    'Not found: Keepa knows no such product. Parent: of variations, which have prices of their own. Unknown: a number Keeper does not know.';
COMMENT ON COLUMN product_kinds.misses IS
    'How often in a row Keepa did not know it; after two it is asked for once a day.';

ALTER TABLE watched_products ADD COLUMN last_asked_at timestamptz;
COMMENT ON COLUMN watched_products.last_asked_at IS
    'When Keepa was last asked for the price in vain: it did not deliver it, or not readably.';

-- These were checked by requests that could not bring them.
UPDATE watched_products w SET last_checked_at = NULL
WHERE w.status = 'ACTIVE' AND w.last_checked_at IS NOT NULL
    AND w.price_type IN ('BUY_BOX_SHIPPING', 'NEW_FBM_SHIPPING', 'WAREHOUSE', 'NEW_FBA',
        'USED_NEW_SHIPPING', 'USED_VERY_GOOD_SHIPPING', 'USED_GOOD_SHIPPING',
        'USED_ACCEPTABLE_SHIPPING', 'COLLECTIBLE_NEW_SHIPPING', 'COLLECTIBLE_VERY_GOOD_SHIPPING',
        'COLLECTIBLE_GOOD_SHIPPING', 'COLLECTIBLE_ACCEPTABLE_SHIPPING', 'REFURBISHED_SHIPPING',
        'BUY_BOX_USED_SHIPPING', 'PRIME_EXCL')
    AND NOT EXISTS (SELECT FROM price_series s
        WHERE (s.asin, s.domain, s.price_type) = (w.asin, w.domain, w.price_type));

-- Products of found deals are followed in NEW where the filter's price type is dear to check.
INSERT INTO watched_products (user_id, asin, domain, price_type, status, priority)
SELECT DISTINCT w.user_id, w.asin, w.domain, 'NEW', w.status, -1
FROM watched_products w
JOIN users u USING (user_id)
WHERE u.is_system AND w.status <> 'INACTIVE' AND w.priority = -1 AND w.target_minor IS NULL
    AND w.price_type NOT IN ('AMAZON', 'NEW', 'USED', 'LISTPRICE', 'COLLECTIBLE', 'REFURBISHED',
        'LIGHTNING_DEAL', 'EBAY_NEW_SHIPPING', 'EBAY_USED_SHIPPING', 'TRADE_IN')
ON CONFLICT (user_id, asin, domain, price_type) DO NOTHING;
UPDATE watched_products w SET status = 'INACTIVE', updated_at = now()
FROM users u
WHERE u.user_id = w.user_id AND u.is_system AND w.status <> 'INACTIVE' AND w.priority = -1
    AND w.target_minor IS NULL
    AND w.price_type NOT IN ('AMAZON', 'NEW', 'USED', 'LISTPRICE', 'COLLECTIBLE', 'REFURBISHED',
        'LIGHTNING_DEAL', 'EBAY_NEW_SHIPPING', 'EBAY_USED_SHIPPING', 'TRADE_IN');

-- Keepa keeps no rents any more.
UPDATE watched_products SET status = 'PAUSED', updated_at = now()
WHERE price_type = 'RENT' AND status = 'ACTIVE';
