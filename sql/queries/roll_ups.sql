-- Daily roll-ups and statistics. An implausible price that nothing has confirmed counts as not seen.

-- name: mend_series
-- Moves newest_at on and due_from back for series with points later than newest_at: they came by
-- other means than the loaders, a restore or somebody's INSERT. Locks these series, by id.
WITH behind AS (
    SELECT s.series_id FROM price_series s
    WHERE EXISTS (
        SELECT FROM price_points p
        WHERE p.series_id = s.series_id AND p.observed_at > coalesce(s.newest_at, '-infinity'))
    ORDER BY s.series_id
    FOR UPDATE
)
UPDATE price_series s SET due_from = least(s.due_from, coalesce(s.newest_at, '2011-01-01Z')),
    newest_at = (SELECT max(p.observed_at) FROM price_points p WHERE p.series_id = s.series_id)
FROM behind
WHERE s.series_id = behind.series_id

-- name: due_series
-- Locks and returns the next series with points that are not rolled up, by id as loaders lock them.
SELECT series_id, due_from FROM price_series
WHERE due_from IS NOT NULL
ORDER BY series_id LIMIT %(series)s
FOR UPDATE

-- name: count_due
-- Returns how many series have points that are not rolled up.
SELECT count(*)::int AS due FROM price_series WHERE due_from IS NOT NULL

-- name: points_since
-- Returns the beginning of the first partition. Older points have been dropped; their days stay.
SELECT min((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\)'))[1]::timestamptz)
    AS since
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'price_points'::regclass

-- name: remove_days
-- Deletes the days of series from a day on, which are computed again.
DELETE FROM price_days d
USING unnest(%(series_ids)s::integer[], %(days)s::date[]) AS due (series_id, day)
WHERE d.series_id = due.series_id AND d.day >= due.day

-- name: add_days
-- Adds a row for each UTC day from a day on with a price change: prices with shipping in minor
-- units, null for no offer, times in seconds.
WITH due AS (
    SELECT series_id, day FROM unnest(%(series_ids)s::integer[], %(days)s::date[])
        AS due (series_id, day)
), points AS (
    SELECT p.series_id, due.day AS due_day, p.observed_at,
        p.price_minor + coalesce(p.shipping_minor, 0) AS landed
    FROM due
    JOIN price_points p ON p.series_id = due.series_id AND p.observed_at >= due.day
    WHERE NOT p.implausible
    UNION ALL
    SELECT due.series_id, due.day, b.observed_at, b.price_minor + coalesce(b.shipping_minor, 0)
    FROM due
    CROSS JOIN LATERAL (
        SELECT p.observed_at, p.price_minor, p.shipping_minor FROM price_points p
        WHERE p.series_id = due.series_id AND p.observed_at < due.day AND NOT p.implausible
        ORDER BY p.observed_at DESC LIMIT 1
    ) AS b
), spans AS (
    SELECT series_id, due_day, observed_at::date AS day, observed_at AS since, landed,
        lead(observed_at) OVER series AS until,
        lag(landed) OVER series AS landed_before,
        lag(observed_at) OVER series AS changed_before
    FROM points
    WINDOW series AS (PARTITION BY series_id ORDER BY observed_at)
), pieces AS (
    SELECT series_id, day, since, least(until, (day + 1)::timestamptz) AS ended, landed,
        true AS is_change
    FROM spans
    WHERE day >= due_day
    UNION ALL
    -- The price a day begins with.
    SELECT series_id, day, day::timestamptz, since, landed_before, false
    FROM spans
    WHERE day >= due_day AND changed_before < day::timestamptz AND since > day::timestamptz
)
INSERT INTO price_days (series_id, day, open_minor, high_minor, low_minor, close_minor, changes,
    in_stock_s, priced_s)
SELECT series_id, day,
    CASE WHEN min(since) = day::timestamptz THEN (array_agg(landed ORDER BY since))[1] END,
    max(landed), min(landed), (array_agg(landed ORDER BY since DESC))[1],
    count(*) FILTER (WHERE is_change),
    coalesce(sum(extract(epoch FROM ended - since)) FILTER (WHERE landed IS NOT NULL), 0),
    coalesce(sum(landed * extract(epoch FROM ended - since)), 0)
FROM pieces
GROUP BY series_id, day

-- name: keep_changes
-- Keeps since when the points of series have changed, for the trends. Their locks are held.
INSERT INTO trend_changes AS c (series_id, since)
SELECT series_id, due_from FROM price_series
WHERE series_id = ANY (%(series_ids)s) AND due_from IS NOT NULL
ORDER BY series_id
ON CONFLICT (series_id) DO UPDATE SET since = least(c.since, excluded.since)

-- name: mark_rolled_up
-- Marks series as rolled up. Their locks are held.
UPDATE price_series SET due_from = NULL WHERE series_id = ANY (%(series_ids)s)

-- name: stale_series
-- Returns the next series, by id, whose statistics are older than a moment and move with time
-- alone: averages do while a change lies within the 90 days. So do those with a lowest price of
-- before the series' prices included shipping, once.
SELECT t.series_id FROM price_statistics t
JOIN price_series s USING (series_id)
WHERE t.reckoned_at < %(before)s
    AND (s.newest_at > %(at)s::timestamptz - interval '92 days'
        OR (s.price_type = ANY (%(landed_types)s) AND t.lowest_at < %(landed_since)s
            AND %(at)s >= %(landed_since)s))
    AND t.series_id > %(after)s
ORDER BY t.series_id LIMIT %(series)s

-- name: reckon_statistics
-- Computes the statistics of series up to a moment: prices with shipping in minor units, averages
-- weighted by time, null without an offer. A lowest price among points dropped since stays. Where a
-- series' prices began to include shipping, those before count as offers only, but one that went on
-- for 30 days.
WITH due AS (
    SELECT series_id,
        CASE WHEN price_type = ANY (%(landed_types)s) AND %(at)s >= %(landed_since)s
            THEN %(landed_since)s ELSE '-infinity'::timestamptz END AS comparable_since
    FROM price_series WHERE series_id = ANY (%(series_ids)s::integer[])
), held AS (
    SELECT p.series_id, p.observed_at AS since, due.comparable_since,
        p.price_minor + coalesce(p.shipping_minor, 0) AS landed,
        coalesce(lead(p.observed_at) OVER (PARTITION BY p.series_id ORDER BY p.observed_at),
            %(at)s::timestamptz) AS until
    FROM due
    JOIN price_points p USING (series_id)
    WHERE NOT p.implausible
), points AS (
    SELECT series_id, since, landed, until, greatest(since, comparable_since) AS compared_since,
        CASE WHEN since >= comparable_since
            OR until >= comparable_since + %(confirmed_after)s::interval THEN landed END AS compared
    FROM held
), spans AS (
    SELECT series_id, since, compared_since, landed, compared,
        extract(epoch FROM until - greatest(compared_since, %(at)s::timestamptz - interval '30 days'))
            AS in_30,
        extract(epoch FROM until - greatest(compared_since, %(at)s::timestamptz - interval '90 days'))
            AS compared_90,
        extract(epoch FROM until - greatest(since, %(at)s::timestamptz - interval '90 days')) AS in_90,
        extract(epoch FROM %(at)s::timestamptz
            - greatest(min(since) OVER (PARTITION BY series_id), %(at)s::timestamptz - interval '90 days'))
            AS known_90
    FROM points
)
INSERT INTO price_statistics AS t (series_id, reckoned_at, average_30_minor, average_90_minor,
    lowest_90_minor, lowest_minor, lowest_at, highest_minor, in_stock_90)
SELECT series_id, %(at)s,
    round(sum(compared * in_30) FILTER (WHERE in_30 > 0)
        / sum(in_30) FILTER (WHERE in_30 > 0 AND compared IS NOT NULL)),
    round(sum(compared * compared_90) FILTER (WHERE compared_90 > 0)
        / sum(compared_90) FILTER (WHERE compared_90 > 0 AND compared IS NOT NULL)),
    min(compared) FILTER (WHERE compared_90 > 0),
    min(compared),
    (array_agg(compared_since ORDER BY compared, since) FILTER (WHERE compared IS NOT NULL))[1],
    max(compared),
    coalesce(sum(in_90) FILTER (WHERE in_90 > 0 AND landed IS NOT NULL), 0)
        / nullif(max(known_90), 0)
FROM spans
GROUP BY series_id
ON CONFLICT (series_id) DO UPDATE SET
    reckoned_at = excluded.reckoned_at,
    average_30_minor = excluded.average_30_minor,
    average_90_minor = excluded.average_90_minor,
    lowest_90_minor = excluded.lowest_90_minor,
    lowest_minor = least(excluded.lowest_minor, CASE WHEN t.lowest_at < %(points_since)s
        AND t.lowest_at >= (SELECT comparable_since FROM due WHERE due.series_id = t.series_id)
        THEN t.lowest_minor END),
    lowest_at = CASE WHEN t.lowest_at < %(points_since)s
            AND t.lowest_at >= (SELECT comparable_since FROM due WHERE due.series_id = t.series_id)
            AND t.lowest_minor <= coalesce(excluded.lowest_minor, t.lowest_minor)
        THEN t.lowest_at ELSE excluded.lowest_at END,
    highest_minor = excluded.highest_minor,
    in_stock_90 = excluded.in_stock_90
