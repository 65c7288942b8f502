-- Deals, saved searches and reports as the console shows them.

-- name: deal_page
-- Returns deals of the searches somebody may see (a null owner: everybody's), from a key and an id
-- on, in either order. Null filters let everything pass; the higher of the two minimum scores
-- counts. A null price means no offer. In braces: what it is sorted by, that key's type, how later
-- ones compare, and the direction.
SELECT d.event_id, d.filter_id, f.name AS filter, f.user_id, u.email, d.asin, d.domain,
    d.price_type, d.currency, d.title, d.image_url, d.price_minor, d.original_minor,
    d.previous_minor, d.list_price_minor, d.discount_percent, d.score, d.reasons,
    d.rating::float8 AS rating, d.review_count, d.sales_rank, d.back_in_stock,
    d.lightning_ends_at, d.observed_at, d.first_seen_at, d.last_seen_at, d.source,
    ({key})::text AS sort_key
FROM collected_deals d
JOIN deal_filters f USING (filter_id)
JOIN users u USING (user_id)
WHERE (%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)
    AND (%(event_id)s::text IS NULL OR d.event_id = %(event_id)s)
    AND (%(event_ids)s::text[] IS NULL OR d.event_id = ANY (%(event_ids)s))
    AND (%(user_id)s::bigint IS NULL OR f.user_id = %(user_id)s)
    AND (%(filter_id)s::bigint IS NULL OR d.filter_id = %(filter_id)s)
    AND (%(min_score)s::int IS NULL OR d.score >= greatest(%(min_score)s, f.min_score))
    AND (%(min_discount)s::int IS NULL OR d.discount_percent >= %(min_discount)s)
    AND (%(domain)s::text IS NULL OR d.domain = %(domain)s)
    AND (%(price_type)s::text IS NULL OR d.price_type = %(price_type)s)
    AND (%(below_minor)s::bigint IS NULL
        OR (d.currency = %(currency)s AND d.price_minor < %(below_minor)s))
    AND (%(search)s::text IS NULL OR d.asin = upper(%(search)s)
        OR strpos(lower(d.title), lower(%(search)s)) > 0)
    AND (%(since)s::timestamptz IS NULL OR d.last_seen_at >= %(since)s)
    AND (%(after_id)s::text IS NULL
        OR (({key}), d.event_id) {later} (%(after_key)s::{type}, %(after_id)s))
ORDER BY ({key}) {direction}, d.event_id {direction}
LIMIT %(most)s

-- name: deal_counts
-- Returns how many deals of the searches somebody may see (a null owner: everybody's) there are, in
-- all and by locale, price type, search, score and discount, in steps of ten, and whether they are
-- back in stock; kind says by which. Null filters let everything pass.
WITH found AS (
    SELECT d.domain, d.price_type, d.filter_id, f.name, least(d.score / 10 * 10, 90) AS score,
        CASE WHEN d.discount_percent >= 0 THEN least(d.discount_percent / 10 * 10, 90) END AS discount,
        d.back_in_stock
    FROM collected_deals d
    JOIN deal_filters f USING (filter_id)
    WHERE (%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)
        AND (%(user_id)s::bigint IS NULL OR f.user_id = %(user_id)s)
        AND (%(filter_id)s::bigint IS NULL OR d.filter_id = %(filter_id)s)
        AND (%(min_score)s::int IS NULL OR d.score >= greatest(%(min_score)s, f.min_score))
        AND (%(min_discount)s::int IS NULL OR d.discount_percent >= %(min_discount)s)
        AND (%(domain)s::text IS NULL OR d.domain = %(domain)s)
        AND (%(price_type)s::text IS NULL OR d.price_type = %(price_type)s)
        AND (%(below_minor)s::bigint IS NULL
            OR (d.currency = %(currency)s AND d.price_minor < %(below_minor)s))
        AND (%(search)s::text IS NULL OR d.asin = upper(%(search)s)
            OR strpos(lower(d.title), lower(%(search)s)) > 0)
        AND (%(since)s::timestamptz IS NULL OR d.last_seen_at >= %(since)s)
)
SELECT CASE grouping(domain, price_type, filter_id, score, discount, back_in_stock)
        WHEN 63 THEN 'all' WHEN 31 THEN 'domain' WHEN 47 THEN 'price_type' WHEN 55 THEN 'filter'
        WHEN 59 THEN 'score' WHEN 61 THEN 'discount' ELSE 'back_in_stock' END AS kind,
    coalesce(domain, price_type, filter_id::text, score::text, discount::text, back_in_stock::text)
        AS key,
    name, count(*)::int AS deals
FROM found
GROUP BY GROUPING SETS ((), (domain), (price_type), (filter_id, name), (score), (discount),
    (back_in_stock))
ORDER BY kind, deals DESC, key

-- name: filter_page
-- Returns saved searches that somebody may see (a null owner: everybody's) by id, after an id,
-- removed ones left out, with how many deals each has found and when one was last found, null
-- without any. Null filters let everything pass.
SELECT f.filter_id, f.user_id, u.email, f.name, f.domain, f.price_type, f.selection, f.min_score,
    f.status, f.problem, f.problem_at, f.created_at, f.updated_at, n.deals, n.last_seen_at
FROM deal_filters f
JOIN users u USING (user_id)
CROSS JOIN LATERAL (
    SELECT count(*)::int AS deals, max(d.last_seen_at) AS last_seen_at
    FROM collected_deals d WHERE d.filter_id = f.filter_id
) AS n
WHERE (%(owner)s::bigint IS NULL OR f.user_id = %(owner)s)
    AND f.status <> 'INACTIVE'
    AND (%(filter_id)s::bigint IS NULL OR f.filter_id = %(filter_id)s)
    AND (%(user_id)s::bigint IS NULL OR f.user_id = %(user_id)s)
    AND (%(name)s::text IS NULL OR lower(f.name) = lower(%(name)s))
    AND (%(after)s::bigint IS NULL OR f.filter_id > %(after)s)
ORDER BY f.filter_id
LIMIT %(most)s

-- name: report_page
-- Returns daily reports that somebody may see (a null owner: everybody's), newest first, before an
-- id, with the number of deals in each. Null filters let everything pass.
SELECT r.report_id, r.user_id, u.email, r.since, r.until, r.simulated, r.left_out,
    (SELECT count(*)::int FROM reported_deals d
        WHERE d.report_id = r.report_id AND d.position IS NOT NULL) AS deals
FROM deal_reports r
JOIN users u USING (user_id)
WHERE (%(owner)s::bigint IS NULL OR r.user_id = %(owner)s)
    AND (%(report_id)s::bigint IS NULL OR r.report_id = %(report_id)s)
    AND (%(user_id)s::bigint IS NULL OR r.user_id = %(user_id)s)
    AND (%(since)s::timestamptz IS NULL OR r.until >= %(since)s)
    AND (%(before)s::bigint IS NULL OR r.report_id < %(before)s)
ORDER BY r.report_id DESC
LIMIT %(most)s
