-- Trends, as docs/TRENDS.md defines them: whole numbers alone, so that every engine counts the same.
-- An implausible price that nothing has confirmed counts as not seen. Prices include shipping.
-- Roll-ups stay when old points are dropped: what reaches back beyond a window reads price_days.

-- name: reach
-- Returns the beginning of the first partition of price_points, older points have been dropped, and
-- which origins are made up: the simulator's, once there are others.
SELECT (
        SELECT min((regexp_match(
            pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\)'))[1]::timestamptz)
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'price_points'::regclass
    ) AS points_since, (
        SELECT coalesce(array_agg(origin_id) FILTER (WHERE source = 'simulator'), '{}')
        FROM price_origins WHERE EXISTS (SELECT FROM price_origins WHERE source = 'keepa')
    ) AS made_up

-- name: due_from_changes
-- Marks the windows that changed series touch, and forgets the changes: those of their points from the
-- first changed one on; and all later days whose base a change brings a series into or out of: where
-- there was no price before, or where it had left a year after its last change.
WITH changed AS (
    DELETE FROM trend_changes RETURNING series_id, greatest(since, %(since)s) AS since
), moments AS (
    SELECT p.series_id, p.observed_at FROM changed c
    JOIN price_points p ON p.series_id = c.series_id AND p.observed_at >= c.since
        AND p.observed_at < %(latest)s
    UNION ALL
    -- What was deleted there.
    SELECT series_id, since FROM changed WHERE since < %(latest)s
), days AS (
    SELECT DISTINCT date_trunc('day', observed_at, 'UTC') AS day FROM moments
), hours AS (
    SELECT DISTINCT date_trunc('hour', observed_at, 'UTC') AS hour FROM moments
    WHERE observed_at >= %(hours_since)s
), joined AS (
    SELECT min(CASE WHEN EXISTS (
            SELECT FROM price_days i WHERE i.series_id = c.series_id AND i.day < c.since::date
                AND i.low_minor IS NOT NULL)
        THEN greatest(c.since, b.day::timestamptz + interval '365 days') ELSE c.since END) AS since
    FROM changed c
    LEFT JOIN LATERAL (
        SELECT i.day FROM price_days i WHERE i.series_id = c.series_id AND i.day < c.since::date
        ORDER BY i.day DESC LIMIT 1
    ) AS b ON true
)
INSERT INTO due_trends (span, started_at)
SELECT 'day', day FROM days
UNION
SELECT 'movers', day FROM days WHERE day >= %(hours_since)s
UNION
SELECT 'day', t.started_at FROM joined
JOIN (SELECT DISTINCT started_at FROM price_trends WHERE span = 'day') AS t
    ON t.started_at >= date_trunc('day', joined.since, 'UTC')
UNION
SELECT '6h', hour - n * interval '1 hour' FROM hours CROSS JOIN generate_series(0, 5) AS n
ON CONFLICT DO NOTHING

-- name: due_from_deals
-- Marks the windows of deals seen since a moment whose numbers are not those stored.
WITH moments AS (
    SELECT DISTINCT date_trunc('hour', observed_at, 'UTC') AS hour FROM collected_deals
    WHERE last_seen_at >= %(seen_since)s AND observed_at >= %(hours_since)s
        AND observed_at < %(latest)s
), windows AS (
    SELECT '6h' AS span, hour - n * interval '1 hour' AS started_at, interval '6 hours' AS lasting
    FROM moments CROSS JOIN generate_series(0, 5) AS n
    UNION
    SELECT 'day', date_trunc('day', hour, 'UTC'), interval '1 day' FROM moments
), best AS (
    SELECT w.span, w.started_at, d.domain, d.price_type, g.root_category, d.asin, max(d.score) AS score
    FROM windows w
    JOIN collected_deals d ON d.observed_at >= w.started_at AND d.observed_at < w.started_at + w.lasting
        AND (d.source <> 'simulator' OR NOT %(without_made_up)s)
    CROSS JOIN LATERAL (VALUES (0), (d.root_category)) AS g (root_category)
    WHERE g.root_category IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
), found AS (
    SELECT span, started_at, domain, price_type, root_category, count(*) AS deals,
        sum(score) AS score_sum
    FROM best
    GROUP BY 1, 2, 3, 4, 5
), stored AS (
    SELECT span, started_at, t.domain, t.price_type, t.root_category, t.deals, t.deal_score_sum
    FROM windows
    JOIN price_trends t USING (span, started_at)
    WHERE t.scope <> 'brand' AND t.deals > 0
)
INSERT INTO due_trends (span, started_at)
SELECT DISTINCT span, started_at FROM found f
FULL JOIN stored t USING (span, started_at, domain, price_type, root_category)
WHERE (t.deals, t.deal_score_sum) IS DISTINCT FROM (f.deals, f.score_sum)
ON CONFLICT DO NOTHING

-- name: due_between
-- Marks all windows that end after one moment and until another, and the days' movers.
INSERT INTO due_trends (span, started_at)
SELECT '6h', ended - interval '6 hours'
FROM generate_series(date_trunc('hour', %(since)s::timestamptz, 'UTC'), %(until)s, interval '1 hour')
    AS ended
WHERE ended > %(since)s
UNION
SELECT 'day', ended - interval '1 day'
FROM generate_series(date_trunc('day', %(since)s::timestamptz, 'UTC'), %(until)s, interval '1 day')
    AS ended
WHERE ended > %(since)s
UNION
SELECT 'movers', day
FROM generate_series(date_trunc('day', %(since)s::timestamptz, 'UTC'), %(until)s, interval '1 day')
    AS day
WHERE day < %(until)s
ON CONFLICT DO NOTHING

-- name: due_windows
-- Returns the windows to count again that have ended, the oldest first; movers once their day has
-- begun. Those from before points were dropped stay as they are.
SELECT span, started_at FROM due_trends
WHERE started_at >= %(points_since)s
    AND started_at + CASE span WHEN '6h' THEN interval '6 hours' WHEN 'day' THEN interval '1 day'
        ELSE interval '0' END <= %(at)s
ORDER BY started_at, span

-- name: take_due
-- Takes windows that are counted in this transaction off the list.
DELETE FROM due_trends d
USING unnest(%(spans)s::text[], %(starts)s::timestamptz[]) AS w (span, started_at)
WHERE (d.span, d.started_at) = (w.span, w.started_at)

-- name: count_windows
-- Counts windows of one length anew and stores what differs; returns how many rows.
WITH windows AS (
    SELECT started_at, started_at + %(lasting)s::interval AS ended_at
    FROM unnest(%(starts)s::timestamptz[]) AS w (started_at)
), points AS MATERIALIZED (
    SELECT p.series_id, s.domain, s.price_type, p.observed_at, l.root_category, l.brand,
        p.price_minor + coalesce(p.shipping_minor, 0) AS landed,
        CASE WHEN p.price_minor IS NULL OR (s.price_type = ANY (%(landed_types)s)
                AND b.observed_at < %(landed_since)s AND p.observed_at >= %(landed_since)s)
            THEN NULL ELSE b.landed END AS former
    FROM price_points p
    JOIN price_series s USING (series_id)
    LEFT JOIN LATERAL (
        (SELECT q.observed_at, q.price_minor + coalesce(q.shipping_minor, 0) AS landed
        FROM price_points q
        WHERE q.series_id = p.series_id AND q.observed_at < p.observed_at AND NOT q.implausible
            AND q.price_minor IS NOT NULL
            AND q.origin_id <> ALL (%(made_up)s::integer[])
        ORDER BY q.observed_at DESC LIMIT 1)
        UNION ALL
        -- Of points that have been dropped: what the last of their days with an offer closed at.
        (SELECT i.day::timestamptz, i.close_minor FROM price_days i
        WHERE i.series_id = p.series_id AND i.day < %(points_day)s::date AND i.close_minor IS NOT NULL
        ORDER BY i.day DESC LIMIT 1)
        ORDER BY observed_at DESC LIMIT 1
    ) AS b ON p.price_minor IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT n.root_category, n.brand FROM product_labels n
        WHERE (n.asin, n.domain) = (s.asin, s.domain)
        -- The first one that is known, for what was fetched before it.
        ORDER BY n.since <= p.checked_at DESC, abs(extract(epoch FROM n.since - p.checked_at)) LIMIT 1
    ) AS l ON true
    WHERE p.observed_at >= %(first)s AND p.observed_at < %(last)s AND NOT p.implausible
        AND p.origin_id <> ALL (%(made_up)s::integer[])
), moves AS MATERIALIZED (
    SELECT series_id, domain, price_type, observed_at, root_category, brand, landed,
        -- Twenty-four digits, so that the one rounding is right.
        CASE WHEN former IS NOT NULL THEN round((ln(landed::numeric(40, 24))
            - ln(former::numeric(40, 24))) * 1000000000)::bigint END AS log_e9,
        CASE WHEN landed < former THEN ((former - landed) * 10000 / former)::integer END AS drop_bp
    FROM points
), placed AS (
    SELECT w.started_at, m.*,
        m.landed IS NULL AND lead(m.observed_at) OVER (
            PARTITION BY m.series_id, w.started_at ORDER BY m.observed_at) IS NULL AS is_sold_out
    FROM windows w
    JOIN moves m ON m.observed_at >= w.started_at AND m.observed_at < w.ended_at
), counted AS (
    SELECT p.started_at, p.domain, p.price_type, g.scope, g.root_category, g.brand,
        count(DISTINCT p.series_id)::integer AS products, count(p.log_e9)::integer AS changes,
        count(p.drop_bp)::integer AS drops,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY p.drop_bp) AS median_drop_bp,
        coalesce(sum(p.log_e9), 0)::bigint AS log_sum_e9,
        (count(*) FILTER (WHERE p.is_sold_out))::integer AS sold_out
    FROM placed p
    CROSS JOIN LATERAL (VALUES ('locale', 0, ''), ('category', p.root_category, ''),
        ('brand', p.root_category, p.brand)) AS g (scope, root_category, brand)
    WHERE g.root_category IS NOT NULL AND g.brand IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
), deals AS (
    -- Found by several filters it is one deal; of its scores the best.
    SELECT w.started_at, d.domain, d.price_type, g.scope, g.root_category, d.asin, max(d.score) AS score
    FROM windows w
    JOIN collected_deals d ON d.observed_at >= w.started_at AND d.observed_at < w.ended_at
        AND (d.source <> 'simulator' OR NOT %(without_made_up)s)
    CROSS JOIN LATERAL (VALUES ('locale', 0), ('category', d.root_category)) AS g (scope, root_category)
    WHERE g.root_category IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
), deals_counted AS (
    SELECT started_at, domain, price_type, scope, root_category, '' AS brand,
        count(*)::integer AS deals, sum(score)::integer AS deal_score_sum
    FROM deals
    GROUP BY 1, 2, 3, 4, 5
), rows AS (
    SELECT started_at, domain, price_type, scope, root_category, brand,
        coalesce(c.products, 0) AS products, coalesce(c.changes, 0) AS changes,
        coalesce(c.drops, 0) AS drops, c.median_drop_bp, coalesce(c.log_sum_e9, 0) AS log_sum_e9,
        coalesce(c.sold_out, 0) AS sold_out, coalesce(d.deals, 0) AS deals,
        coalesce(d.deal_score_sum, 0) AS deal_score_sum
    FROM counted c
    FULL JOIN deals_counted d USING (started_at, domain, price_type, scope, root_category, brand)
), gone AS (
    DELETE FROM price_trends t USING windows w
    WHERE (t.span, t.started_at) = (%(span)s, w.started_at) AND NOT EXISTS (
        SELECT FROM rows r
        WHERE (r.started_at, r.domain, r.price_type, r.scope, r.root_category, r.brand)
            = (t.started_at, t.domain, t.price_type, t.scope, t.root_category, t.brand))
    RETURNING 1
), stored AS (
    INSERT INTO price_trends AS t
    SELECT %(span)s, * FROM rows
    ON CONFLICT (span, started_at, domain, price_type, scope, root_category, brand) DO UPDATE SET
        products = excluded.products, changes = excluded.changes, drops = excluded.drops,
        median_drop_bp = excluded.median_drop_bp, log_sum_e9 = excluded.log_sum_e9,
        sold_out = excluded.sold_out, deals = excluded.deals,
        deal_score_sum = excluded.deal_score_sum
    WHERE (t.products, t.changes, t.drops, t.median_drop_bp, t.log_sum_e9, t.sold_out, t.deals,
        t.deal_score_sum) IS DISTINCT FROM (excluded.products, excluded.changes, excluded.drops,
        excluded.median_drop_bp, excluded.log_sum_e9, excluded.sold_out, excluded.deals,
        excluded.deal_score_sum)
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone)::int AS gone, (SELECT count(*) FROM stored)::int AS stored

-- name: remove_bases
-- Deletes the bases of days, which are counted again.
DELETE FROM trend_bases WHERE day = ANY (%(days)s::date[])

-- name: add_bases
-- Counts the products of a day's groups: those with a price by its end that had a point in the year. A
-- group in which nothing happened that day has no row.
INSERT INTO trend_bases (day, domain, price_type, scope, root_category, brand, products)
SELECT b.* FROM (
    SELECT d.day, s.domain, s.price_type, g.scope, g.root_category, g.brand,
        count(*) AS products
    FROM unnest(%(days)s::date[]) AS d (day)
    CROSS JOIN LATERAL (
        SELECT (d.day + 1)::timestamp AT TIME ZONE 'UTC' AS ended_at) AS e
    CROSS JOIN price_series s
    LEFT JOIN LATERAL (
        SELECT n.root_category, n.brand FROM product_labels n
        WHERE (n.asin, n.domain) = (s.asin, s.domain)
        -- The first one that is known, for days before it: older points may have come with it.
        ORDER BY n.since < e.ended_at DESC,
            abs(extract(epoch FROM n.since - e.ended_at)) LIMIT 1
    ) AS l ON true
    CROSS JOIN LATERAL (VALUES ('locale', 0, ''), ('category', l.root_category, ''),
        ('brand', l.root_category, l.brand)) AS g (scope, root_category, brand)
    WHERE g.root_category IS NOT NULL AND g.brand IS NOT NULL
        AND (s.origin_id = ANY (%(made_up)s::integer[])) IS NOT TRUE
        AND EXISTS (
            SELECT FROM price_days i WHERE i.series_id = s.series_id
                AND i.day > d.day - 365 AND i.day <= d.day)
        AND EXISTS (
            SELECT FROM price_days i WHERE i.series_id = s.series_id AND i.day <= d.day
                AND i.low_minor IS NOT NULL)
    GROUP BY 1, 2, 3, 4, 5, 6
) AS b
JOIN price_trends t ON (t.span, t.started_at, t.domain, t.price_type, t.scope, t.root_category, t.brand)
    = ('day', b.day::timestamptz, b.domain, b.price_type, b.scope, b.root_category, b.brand)
WHERE t.products > 0

-- name: remove_movers
-- Deletes the movers of a day, which are counted again.
DELETE FROM price_movers WHERE day = %(day)s

-- name: add_movers
-- Compares what a day closed at so far with the days before: the median and the median distance from
-- it, each the lower of two in the middle, over days that closed with a price.
WITH moved AS (
    SELECT d.series_id, d.close_minor, c.is_cut,
        CASE WHEN c.is_cut THEN %(landed_day)s::date ELSE d.day - 90 END AS since
    FROM price_days d
    JOIN price_series s USING (series_id)
    CROSS JOIN LATERAL (
        SELECT s.price_type = ANY (%(landed_types)s)
            AND %(landed_day)s::date BETWEEN d.day - 90 AND d.day AS is_cut) AS c
    WHERE d.day = %(day)s AND d.close_minor IS NOT NULL
        AND (s.origin_id = ANY (%(made_up)s::integer[])) IS NOT TRUE
), spans AS (
    SELECT m.series_id, m.since, m.close_minor AS now_minor, d.day, d.close_minor,
        lead(d.day, 1, %(day)s::date) OVER (PARTITION BY m.series_id ORDER BY d.day) AS until
    FROM moved m
    JOIN LATERAL (
        SELECT i.day, i.close_minor FROM price_days i
        WHERE i.series_id = m.series_id AND i.day >= m.since AND i.day < %(day)s
        UNION ALL
        -- What the first of the days began with; not from before prices meant the same.
        (SELECT i.day, i.close_minor FROM price_days i
        WHERE i.series_id = m.series_id AND i.day < m.since AND NOT m.is_cut
        ORDER BY i.day DESC LIMIT 1)
    ) AS d ON true
), held AS (
    SELECT series_id, now_minor, close_minor, until - greatest(day, since) AS days FROM spans
    WHERE close_minor IS NOT NULL AND until > since
), ranked AS (
    SELECT series_id, now_minor, close_minor, days,
        sum(days) OVER (PARTITION BY series_id ORDER BY close_minor) AS up_to,
        sum(days) OVER (PARTITION BY series_id) AS known
    FROM held
), medians AS (
    -- No joins: a plan that was made for few rows would compare many each with each.
    SELECT series_id, now_minor, close_minor, days, known,
        min(close_minor) FILTER (WHERE 2 * up_to >= known) OVER (PARTITION BY series_id) AS median
    FROM ranked
), distances AS (
    SELECT series_id, now_minor, median, known, abs(close_minor - median) AS distance,
        sum(days) OVER (PARTITION BY series_id ORDER BY abs(close_minor - median)) AS up_to
    FROM medians
)
INSERT INTO price_movers (day, series_id, price_minor, median_minor, mad_minor, days)
SELECT %(day)s, series_id, min(now_minor), min(median),
    min(distance) FILTER (WHERE 2 * up_to >= known), min(known)::integer
FROM distances
GROUP BY series_id

-- name: forget_old
-- Deletes windows of six hours and movers from before a moment; days stay. What is due of before then,
-- or of before points were dropped, is never counted again.
WITH old AS (
    DELETE FROM price_trends WHERE span = '6h' AND started_at < %(before)s
), old_movers AS (
    DELETE FROM price_movers WHERE day < (%(before)s::timestamptz AT TIME ZONE 'UTC')::date
)
DELETE FROM due_trends WHERE started_at < greatest(%(before)s, %(points_since)s)

-- name: trend_page
-- Returns windows of the groups of a locale that rest on enough products, the newest first, after a
-- row; a null group means all of the scope.
SELECT started_at, root_category, brand, products, changes, drops, median_drop_bp, sold_out, deals,
    deal_score_sum
FROM price_trends
WHERE (span, domain, price_type, scope) = (%(span)s, %(domain)s, %(price_type)s, %(scope)s)
    AND (%(root_category)s::bigint IS NULL OR root_category = %(root_category)s)
    AND (%(brand)s::text IS NULL OR brand = %(brand)s)
    AND products >= %(floor)s
    AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
    AND (%(after_at)s::timestamptz IS NULL OR started_at < %(after_at)s
        OR (started_at = %(after_at)s
            AND (root_category, brand) > (%(after_category)s::bigint, %(after_brand)s::text)))
ORDER BY started_at DESC, root_category, brand
LIMIT %(most)s

-- name: index_days
-- Returns the days of a group's price index, from a day on to another, that rest on enough products.
SELECT day, products, moved, step_percent, price_index
FROM analytics.price_index(%(domain)s, %(root_category)s, %(brand)s, %(price_type)s, %(first_day)s,
    %(last_day)s, %(floor)s)

-- name: movers_of
-- Returns the products somebody may see (a null owner: all) whose price of a day is farthest from
-- their usual one.
SELECT m.asin, m.domain, m.price_type, m.title, m.currency, m.price_minor, m.median_minor,
    m.change_percent, m.z_score, m.days
FROM analytics.movers(%(day)s) AS m
WHERE (%(owner)s::bigint IS NULL
        OR EXISTS (
            SELECT FROM watched_products w
            WHERE (w.user_id, w.asin, w.domain) = (%(owner)s, m.asin, m.domain))
        OR EXISTS (
            SELECT FROM collected_deals d JOIN deal_filters f USING (filter_id)
            WHERE (f.user_id, d.asin, d.domain) = (%(owner)s, m.asin, m.domain)))
    AND (%(domain)s::text IS NULL OR m.domain = %(domain)s)
    AND m.price_type = %(price_type)s AND abs(m.z_score) >= %(least_z)s
ORDER BY abs(m.z_score) DESC, m.asin, m.domain
LIMIT %(most)s
