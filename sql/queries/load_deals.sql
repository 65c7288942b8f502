-- Loading a batch of deal events. Every statement reads `staged_deals` and may be run again.

-- name: make_staging
-- Creates the session's staging table, which each commit empties.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_deals (
    event_id text NOT NULL,
    filter_id bigint NOT NULL,
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    currency text NOT NULL,
    title text,
    image_url text,
    observed_at timestamptz NOT NULL,
    price_minor bigint,
    shipping_minor bigint,
    original_minor bigint,
    previous_minor bigint,
    list_price_minor bigint,
    discount_percent integer,
    score smallint NOT NULL,
    reasons text[] NOT NULL,
    rating real,
    review_count integer,
    sales_rank integer,
    root_category bigint,
    back_in_stock boolean NOT NULL,
    lightning_ends_at timestamptz,
    source text NOT NULL,
    run_id text NOT NULL,
    checked_at timestamptz NOT NULL
) ON COMMIT DELETE ROWS

-- name: copy_into_staging
-- Copies a batch of deals into the staging table, money in minor units.
COPY staged_deals (event_id, filter_id, asin, domain, price_type, currency, title, image_url,
    observed_at, price_minor, shipping_minor, original_minor, previous_minor, list_price_minor,
    discount_percent, score, reasons, rating, review_count, sales_rank, root_category,
    back_in_stock, lightning_ends_at, source, run_id, checked_at) FROM STDIN

-- name: upsert_products
-- Adds or updates products by the latest check of their deals; a null title or picture leaves the
-- former one. A product that a later price check may have corrected already is left alone.
INSERT INTO products AS p (asin, domain, title, image_url, source, described_at)
SELECT DISTINCT ON (asin, domain) asin, domain, title, image_url, source, checked_at
FROM staged_deals d
WHERE NOT EXISTS (
    SELECT FROM price_series s JOIN products USING (asin, domain)
    WHERE (s.asin, s.domain) = (d.asin, d.domain) AND s.last_checked_at > d.checked_at)
ORDER BY asin, domain, checked_at DESC
ON CONFLICT (asin, domain) DO UPDATE SET
    title = coalesce(excluded.title, p.title),
    image_url = coalesce(excluded.image_url, p.image_url),
    source = excluded.source,
    described_at = excluded.described_at
WHERE excluded.described_at > p.described_at

-- name: upsert_deals
-- Adds deals and updates known ones by their latest check; one whose filter has been deleted is
-- left out. Returns the number of new deals by the run of that check.
WITH stored AS (
    INSERT INTO collected_deals AS d (event_id, filter_id, asin, domain, price_type, currency,
        title, image_url, observed_at, price_minor, shipping_minor, original_minor, previous_minor,
        list_price_minor, discount_percent, score, reasons, rating, review_count, sales_rank,
        root_category, back_in_stock, lightning_ends_at, source, first_run_id, last_run_id,
        first_seen_at, last_seen_at)
    SELECT DISTINCT ON (s.event_id) s.event_id, s.filter_id, s.asin, s.domain, s.price_type,
        s.currency, s.title, s.image_url, s.observed_at, s.price_minor, s.shipping_minor,
        s.original_minor, s.previous_minor, s.list_price_minor, s.discount_percent, s.score,
        s.reasons, s.rating, s.review_count, s.sales_rank, s.root_category, s.back_in_stock,
        s.lightning_ends_at, s.source, s.run_id, s.run_id, s.checked_at, s.checked_at
    FROM staged_deals s
    JOIN deal_filters f USING (filter_id)
    ORDER BY s.event_id, s.checked_at DESC
    ON CONFLICT (event_id) DO UPDATE SET
        title = coalesce(excluded.title, d.title),
        image_url = coalesce(excluded.image_url, d.image_url),
        original_minor = excluded.original_minor,
        previous_minor = excluded.previous_minor,
        list_price_minor = excluded.list_price_minor,
        discount_percent = excluded.discount_percent,
        score = excluded.score,
        reasons = excluded.reasons,
        rating = excluded.rating,
        review_count = excluded.review_count,
        sales_rank = excluded.sales_rank,
        root_category = excluded.root_category,
        back_in_stock = excluded.back_in_stock,
        lightning_ends_at = excluded.lightning_ends_at,
        source = excluded.source,
        last_run_id = excluded.last_run_id,
        last_seen_at = excluded.last_seen_at
    WHERE excluded.last_seen_at > d.last_seen_at
    RETURNING last_run_id AS run_id, xmax = 0 AS is_new
)
SELECT run_id, count(*)::int AS deals FROM stored WHERE is_new GROUP BY run_id

-- name: date_first_observation
-- Sets a deal's first run and time to those of its earliest check: checks come in any order and
-- batching.
UPDATE collected_deals d SET first_run_id = s.run_id, first_seen_at = s.checked_at
FROM (
    SELECT DISTINCT ON (event_id) event_id, run_id, checked_at
    FROM staged_deals ORDER BY event_id, checked_at
) AS s
WHERE d.event_id = s.event_id AND s.checked_at < d.first_seen_at

-- name: follow_products
-- Adds watches of the system user, without a target and of the lowest priority, for the deals'
-- products; in NEW where the filter's price type is a dear one to check. A watch that exists stays
-- as it is, whatever its status.
INSERT INTO watched_products (user_id, asin, domain, price_type, status, priority)
SELECT DISTINCT u.user_id, s.asin, s.domain,
    CASE WHEN s.price_type = ANY (%(dear)s) THEN 'NEW' ELSE s.price_type END AS price_type,
    %(status)s, -1
FROM staged_deals s
JOIN deal_filters f USING (filter_id)
CROSS JOIN (SELECT user_id FROM users WHERE is_system ORDER BY user_id LIMIT 1) AS u
ORDER BY u.user_id, s.asin, s.domain, price_type
ON CONFLICT (user_id, asin, domain, price_type) DO NOTHING

-- name: count_for_run
-- Adds to the number of new deals of a run.
UPDATE pipeline_runs SET deals_stored = deals_stored + %(deals)s WHERE run_id = %(run_id)s
