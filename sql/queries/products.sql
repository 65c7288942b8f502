-- Products as the console lists them.

-- name: product_page
-- Returns products that somebody may see (a null owner: all), as last described, from an ASIN and
-- locale on. Null filters let everything pass; all words must occur in a title. A null kind means a
-- standard product.
SELECT p.asin, p.domain, p.title, p.image_url, k.kind, k.variations
FROM products p
LEFT JOIN product_kinds k USING (asin, domain)
WHERE (%(owner)s::bigint IS NULL
        OR EXISTS (
            SELECT FROM watched_products w
            WHERE (w.user_id, w.asin, w.domain) = (%(owner)s, p.asin, p.domain))
        OR EXISTS (
            SELECT FROM collected_deals d JOIN deal_filters f USING (filter_id)
            WHERE (f.user_id, d.asin, d.domain) = (%(owner)s, p.asin, p.domain)))
    AND (%(asins)s::text[] IS NULL
        OR (p.asin, p.domain) IN (SELECT * FROM unnest(%(asins)s::text[], %(domains)s::text[])))
    AND (%(domain)s::text IS NULL OR p.domain = %(domain)s)
    AND (%(search)s::text IS NULL OR p.asin = upper(%(search)s) OR (
        SELECT bool_and(strpos(lower(p.title), lower(word)) > 0)
        FROM unnest(%(words)s::text[]) AS word))
    AND (%(after_asin)s::text IS NULL OR (p.asin, p.domain) > (%(after_asin)s, %(after_domain)s))
ORDER BY p.asin, p.domain
LIMIT %(most)s

-- name: current_prices_of
-- Returns the current prices of products; a null price means no offer.
SELECT c.asin, c.domain, c.price_type, c.price_minor, c.shipping_minor, c.observed_at,
    c.last_checked_at, c.seen_at, c.implausible, c.is_price_hidden, c.source
FROM unnest(%(asins)s::text[], %(domains)s::text[]) AS wanted (asin, domain)
JOIN current_prices c USING (asin, domain)
ORDER BY c.price_type

-- name: watched_products
-- Returns the products that somebody watches (a null owner: that anybody does), those on pause and
-- removed ones left out.
SELECT DISTINCT w.asin, w.domain FROM watched_products w
WHERE w.status = 'ACTIVE' AND (%(owner)s::bigint IS NULL OR w.user_id = %(owner)s)

-- name: check_run
-- Returns what a run of checks has done; no row before it has begun.
SELECT state, started_at, finished_at, products_planned, products_fetched, products_missing,
    products_postponed, tokens_spent, problem
FROM pipeline_runs
WHERE run_id = %(run_id)s
