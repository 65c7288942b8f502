-- Loading a batch of price events that has been grouped by series. Whoever writes points of a series
-- or its current price holds the lock of its row in price_series; watches come after it and products
-- after these, each in one order, so that no two loaders wait for each other in a circle.

-- name: load_prices
-- Declares for the session that it updates the series of every point it adds, and of watches only
-- when they were checked, so that their triggers need not look.
SET keeper.loads_prices = on

-- name: make_staging
-- Creates the session's three staging tables, which each commit empties.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_points (
    series_id integer NOT NULL,
    origin_id integer NOT NULL,
    observed_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    last_checked_at timestamptz NOT NULL,
    price_minor bigint,
    shipping_minor bigint,
    implausible boolean NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS disputed_points (LIKE staged_points) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_series (
    series_id integer PRIMARY KEY,
    newest_at timestamptz,
    observed_at timestamptz,
    price_minor bigint,
    shipping_minor bigint,
    implausible boolean NOT NULL,
    origin_id integer,
    last_checked_at timestamptz,
    seen_at timestamptz,
    is_price_hidden boolean NOT NULL,
    due_from timestamptz
) ON COMMIT DELETE ROWS

-- name: add_months
-- Creates the monthly partitions of price_points that are missing up to a time.
SELECT add_price_months(%(until)s)

-- name: partitions
-- Returns the span of time that price_points can store: from the first partition's beginning to the
-- last one's end.
SELECT min(bounds[1]::timestamptz) AS since, max(bounds[2]::timestamptz) AS until
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL regexp_match(
    pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') AS bounds
WHERE i.inhparent = 'price_points'::regclass

-- name: add_origins
-- Adds the pairs of run and source that are missing, in one order for all loaders.
INSERT INTO price_origins (run_id, source)
SELECT run_id, source FROM unnest(%(run_ids)s::text[], %(sources)s::text[]) AS o (run_id, source)
WHERE NOT EXISTS (
    SELECT FROM price_origins p WHERE (p.run_id, p.source) = (o.run_id, o.source))
ORDER BY run_id, source
ON CONFLICT DO NOTHING

-- name: origins
-- Returns the ids of the pairs of run and source that some runs have.
SELECT run_id, source, origin_id FROM price_origins WHERE run_id = ANY (%(run_ids)s)

-- name: describe_products
-- Adds or updates products by their latest check; a null title or picture leaves the former one.
-- Nothing is written that a later check of another of the product's series may have corrected.
INSERT INTO products AS p (asin, domain, title, image_url, source, described_at)
SELECT d.asin, d.domain, d.title, d.image_url, d.source, d.described_at
FROM unnest(%(asins)s::text[], %(domains)s::text[], %(titles)s::text[], %(image_urls)s::text[],
    %(sources)s::text[], %(described_at)s::timestamptz[])
    AS d (asin, domain, title, image_url, source, described_at)
LEFT JOIN products q ON (q.asin, q.domain) = (d.asin, d.domain)
WHERE q.asin IS NULL OR (d.described_at > q.described_at
    AND (coalesce(d.title, q.title), coalesce(d.image_url, q.image_url), d.source)
        IS DISTINCT FROM (q.title, q.image_url, q.source)
    AND NOT EXISTS (
        SELECT FROM price_series s
        WHERE (s.asin, s.domain) = (d.asin, d.domain) AND s.last_checked_at > d.described_at))
ORDER BY d.asin, d.domain
ON CONFLICT (asin, domain) DO UPDATE SET
    title = coalesce(excluded.title, p.title),
    image_url = coalesce(excluded.image_url, p.image_url),
    source = excluded.source,
    described_at = excluded.described_at
WHERE excluded.described_at > p.described_at

-- name: name_products
-- Adds products that are not stored yet as older prices describe them; others stay as they are.
INSERT INTO products (asin, domain, title, image_url, source, described_at)
SELECT d.asin, d.domain, d.title, d.image_url, d.source, d.described_at
FROM unnest(%(asins)s::text[], %(domains)s::text[], %(titles)s::text[], %(image_urls)s::text[],
    %(sources)s::text[], %(described_at)s::timestamptz[])
    AS d (asin, domain, title, image_url, source, described_at)
WHERE NOT EXISTS (SELECT FROM products q WHERE (q.asin, q.domain) = (d.asin, d.domain))
ORDER BY d.asin, d.domain
ON CONFLICT (asin, domain) DO NOTHING

-- name: lock_series
-- Locks the series of a batch that exist, by id, and returns where each stands and what its product
-- is called. position counts from 1 through the keys asked for; nulls: described_by, the product is
-- not stored; observed_at, no price check has come; newest_at, there are no points.
SELECT k.position::int, p.title, p.image_url, p.source AS described_by, s.series_id, s.newest_at,
    s.observed_at, s.price_minor, s.shipping_minor, s.implausible, s.origin_id, s.last_checked_at,
    s.seen_at, s.is_price_hidden
FROM unnest(%(asins)s::text[], %(domains)s::text[], %(price_types)s::text[])
    WITH ORDINALITY AS k (asin, domain, price_type, position)
JOIN price_series s ON (s.asin, s.domain, s.price_type) = (k.asin, k.domain, k.price_type)
LEFT JOIN products p ON (p.asin, p.domain) = (k.asin, k.domain)
ORDER BY s.series_id
FOR UPDATE OF s

-- name: add_series
-- Adds the series that are missing, in one order for all loaders.
INSERT INTO price_series (asin, domain, price_type, currency)
SELECT asin, domain, price_type, currency
FROM unnest(%(asins)s::text[], %(domains)s::text[], %(price_types)s::text[],
    %(currencies)s::text[]) AS k (asin, domain, price_type, currency)
ORDER BY asin, domain, price_type
ON CONFLICT DO NOTHING

-- name: copy_points
-- Copies points into the table itself: later ones than their series has. Prices in minor units.
COPY price_points (series_id, origin_id, observed_at, checked_at, last_checked_at, price_minor,
    shipping_minor, implausible) FROM STDIN (FORMAT binary)

-- name: copy_staged_points
-- Copies points that may be stored already into their staging table, a row per point.
COPY staged_points (series_id, origin_id, observed_at, checked_at, last_checked_at, price_minor,
    shipping_minor, implausible) FROM STDIN (FORMAT binary)

-- name: copy_disputed_points
-- Copies checks of points that have several values into their staging table, a row per check.
COPY disputed_points (series_id, origin_id, observed_at, checked_at, last_checked_at, price_minor,
    shipping_minor, implausible) FROM STDIN (FORMAT binary)

-- name: copy_series
-- Copies where series stand after the batch into their staging table.
COPY staged_series (series_id, newest_at, observed_at, price_minor, shipping_minor, implausible,
    origin_id, last_checked_at, seen_at, is_price_hidden, due_from) FROM STDIN (FORMAT binary)

-- name: compare_points
-- Returns the staged points that are missing or were checked later than the stored ones: differs
-- means another price or shipping, is_confirmed that a stored implausible price is plausible now.
SELECT s.series_id, s.observed_at, p.series_id IS NULL AS is_missing,
    (p.price_minor, p.shipping_minor) IS DISTINCT FROM (s.price_minor, s.shipping_minor) AS differs,
    coalesce(p.implausible, false) AND NOT s.implausible AS is_confirmed
FROM staged_points s
LEFT JOIN price_points p ON (p.series_id, p.observed_at) = (s.series_id, s.observed_at)
WHERE p.series_id IS NULL OR p.last_checked_at < s.last_checked_at

-- name: touch_points
-- Moves on when stored points of the same value were last checked; never back. An implausible one
-- becomes plausible if the check says so.
UPDATE price_points p SET last_checked_at = s.last_checked_at,
    implausible = p.implausible AND s.implausible
FROM staged_points s
WHERE (p.series_id, p.observed_at) = (s.series_id, s.observed_at)
    AND (p.price_minor, p.shipping_minor) IS NOT DISTINCT FROM (s.price_minor, s.shipping_minor)
    AND p.last_checked_at < s.last_checked_at

-- name: add_points
-- Adds the staged points that are missing; returns how many by origin.
WITH added AS (
    INSERT INTO price_points (series_id, origin_id, observed_at, checked_at, last_checked_at,
        price_minor, shipping_minor, implausible)
    SELECT series_id, origin_id, observed_at, checked_at, last_checked_at, price_minor,
        shipping_minor, implausible
    FROM staged_points
    ORDER BY series_id, observed_at
    ON CONFLICT (series_id, observed_at) DO NOTHING
    RETURNING origin_id
)
SELECT origin_id, count(*)::int AS points FROM added GROUP BY origin_id

-- name: keep_former_values
-- Records in price_corrections each value that a later check of the same point replaces. The check
-- that had it may be stored already or lie in this very batch.
INSERT INTO price_corrections (asin, domain, price_type, observed_at, former_price_minor,
    former_shipping_minor, former_checked_at, price_minor, shipping_minor, checked_at)
SELECT asin, domain, price_type, compared.observed_at, former_price_minor, former_shipping_minor,
    former_checked_at, compared.price_minor, compared.shipping_minor, checked_at
FROM (
    SELECT seen.*,
        lag(price_minor) OVER checks AS former_price_minor,
        lag(shipping_minor) OVER checks AS former_shipping_minor,
        lag(checked_at) OVER checks AS former_checked_at
    FROM (
        SELECT s.series_id, s.observed_at, s.price_minor, s.shipping_minor, s.checked_at
        FROM disputed_points s
        LEFT JOIN price_points p USING (series_id, observed_at)
        WHERE p.series_id IS NULL OR s.checked_at > p.last_checked_at
        UNION ALL
        SELECT p.series_id, p.observed_at, p.price_minor, p.shipping_minor, p.last_checked_at
        FROM (SELECT DISTINCT series_id, observed_at FROM disputed_points) AS s
        JOIN price_points p USING (series_id, observed_at)
    ) AS seen
    WINDOW checks AS (PARTITION BY series_id, observed_at ORDER BY checked_at)
) AS compared
JOIN price_series USING (series_id)
WHERE former_checked_at IS NOT NULL
    AND (compared.price_minor, compared.shipping_minor)
        IS DISTINCT FROM (former_price_minor, former_shipping_minor)

-- name: count_disputed_points
-- Returns how many disputed points are not stored, by the origin of their first check; to be run
-- before they are.
SELECT origin_id, count(*)::int AS points
FROM (
    SELECT DISTINCT ON (series_id, observed_at) series_id, observed_at, origin_id
    FROM disputed_points
    ORDER BY series_id, observed_at, checked_at
) AS s
WHERE NOT EXISTS (
    SELECT FROM price_points p
    WHERE (p.series_id, p.observed_at) = (s.series_id, s.observed_at))
GROUP BY origin_id

-- name: decide_disputed_points
-- Stores each disputed point with its latest check's value, credited to the first check that has
-- had it without a break since; what is stored counts as a check, so batching does not matter.
WITH seen AS (
    SELECT s.series_id, s.observed_at, s.price_minor, s.shipping_minor, s.implausible, s.origin_id,
        s.checked_at, s.last_checked_at
    FROM disputed_points s
    LEFT JOIN price_points p USING (series_id, observed_at)
    WHERE p.series_id IS NULL OR s.checked_at > p.last_checked_at
    UNION ALL
    SELECT p.series_id, p.observed_at, p.price_minor, p.shipping_minor, p.implausible, p.origin_id,
        p.checked_at, p.last_checked_at
    FROM (SELECT DISTINCT series_id, observed_at FROM disputed_points) AS s
    JOIN price_points p USING (series_id, observed_at)
), compared AS (
    SELECT seen.*, last_value(price_minor) OVER checks AS latest_price_minor,
        last_value(shipping_minor) OVER checks AS latest_shipping_minor
    FROM seen
    WINDOW checks AS (
        PARTITION BY series_id, observed_at ORDER BY last_checked_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), dated AS (
    SELECT compared.*, max(last_checked_at) FILTER (
            WHERE (price_minor, shipping_minor)
                IS DISTINCT FROM (latest_price_minor, latest_shipping_minor))
        OVER (PARTITION BY series_id, observed_at) AS other_until
    FROM compared
)
INSERT INTO price_points AS p (series_id, origin_id, observed_at, checked_at, last_checked_at,
    price_minor, shipping_minor, implausible)
SELECT DISTINCT ON (series_id, observed_at) series_id, first_value(origin_id) OVER unbroken,
    observed_at, first_value(checked_at) OVER unbroken, last_checked_at, price_minor,
    shipping_minor, bool_and(implausible) OVER unbroken
FROM dated
WHERE other_until IS NULL OR last_checked_at > other_until
WINDOW unbroken AS (
    PARTITION BY series_id, observed_at ORDER BY last_checked_at
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
ORDER BY series_id, observed_at, last_checked_at DESC
ON CONFLICT (series_id, observed_at) DO UPDATE SET
    price_minor = excluded.price_minor,
    shipping_minor = excluded.shipping_minor,
    implausible = excluded.implausible,
    origin_id = excluded.origin_id,
    checked_at = excluded.checked_at,
    last_checked_at = excluded.last_checked_at
WHERE excluded.last_checked_at > p.last_checked_at

-- name: move_series
-- Writes where series stand after the batch; due_from moves to the earlier of the two times. The
-- series' locks are held.
UPDATE price_series s SET newest_at = t.newest_at, observed_at = t.observed_at,
    price_minor = t.price_minor, shipping_minor = t.shipping_minor, implausible = t.implausible,
    origin_id = t.origin_id, last_checked_at = t.last_checked_at, seen_at = t.seen_at,
    is_price_hidden = t.is_price_hidden,
    due_from = least(s.due_from, t.due_from)
FROM staged_series t
WHERE s.series_id = t.series_id

-- name: mark_due
-- Moves due_from of series back to the first of their points that were added or changed; never on.
-- Those that it leaves where it was are updated too: that notifies of their points' change. The
-- series' locks are held.
UPDATE price_series s SET due_from = least(s.due_from, d.due_from)
FROM (
    SELECT series_id, min(due_from) AS due_from
    FROM unnest(%(series_ids)s::integer[], %(due_from)s::timestamptz[]) AS d (series_id, due_from)
    GROUP BY series_id
) AS d
WHERE s.series_id = d.series_id

-- name: mend_newest
-- Sets newest_at of series from their points, which came another way than through the loaders.
UPDATE price_series s SET newest_at = (
    SELECT max(observed_at) FROM price_points p WHERE p.series_id = s.series_id)
WHERE s.series_id = ANY (%(series_ids)s::integer[])

-- name: lock_watches
-- Locks all watches of some series, paused and removed ones too, by id: the one order that loaders
-- and the watch list both keep. Returns each with its series and when it was last checked, null if
-- it never was.
SELECT w.watch_id, s.series_id, w.last_checked_at
FROM unnest(%(series_ids)s::integer[]) AS b (series_id)
JOIN price_series s USING (series_id)
JOIN watched_products w ON (w.asin, w.domain, w.price_type) = (s.asin, s.domain, s.price_type)
ORDER BY w.watch_id
FOR UPDATE OF w

-- name: touch_watches
-- Moves on when watches were last checked, paused ones too; never back.
UPDATE watched_products w SET last_checked_at = b.last_checked_at
FROM unnest(%(watch_ids)s::bigint[], %(last_checked_at)s::timestamptz[])
    AS b (watch_id, last_checked_at)
WHERE w.watch_id = b.watch_id
    AND (w.last_checked_at IS NULL OR w.last_checked_at < b.last_checked_at)

-- name: watches_to_evaluate
-- Returns, by id, the active watches with nothing but a target, and their alert state, null before
-- the first. A statement after the locks sees what whoever held them has changed.
SELECT b.series_id, w.watch_id, w.user_id, w.target_minor, a.armed, a.alerted_price_minor,
    a.awaiting_price_minor, a.checked_at, a.observed_at
FROM unnest(%(watch_ids)s::bigint[], %(series_ids)s::integer[]) AS b (watch_id, series_id)
JOIN watched_products w USING (watch_id)
LEFT JOIN alert_states a ON a.watch_id = w.watch_id AND a.rule = 'target'
WHERE w.status = 'ACTIVE' AND w.target_minor IS NOT NULL AND w.rules = '[]'
    AND NOT w.with_shipping
ORDER BY w.watch_id

-- name: watches_with_rules
-- Returns, by id, the active watches that have rules or a target with shipping, with the states of
-- their rules, null if there are none yet.
SELECT b.series_id, w.watch_id, w.user_id, w.target_minor, w.rules::text AS rules, w.with_shipping,
    s.states
FROM unnest(%(watch_ids)s::bigint[], %(series_ids)s::integer[]) AS b (watch_id, series_id)
JOIN watched_products w USING (watch_id)
CROSS JOIN LATERAL (
    SELECT array_agg(ROW (a.rule, a.armed, a.alerted_price_minor, a.awaiting_price_minor,
        a.checked_at, a.observed_at, a.is_known, a.last_minor)) AS states
    FROM alert_states a WHERE a.watch_id = w.watch_id
) AS s
WHERE w.status = 'ACTIVE'
    AND (w.rules <> '[]' OR (w.with_shipping AND w.target_minor IS NOT NULL))
ORDER BY w.watch_id

-- name: history_of_series
-- Returns the plausible points of series since a moment, and the one that held then, by series and
-- time. A null price means no offer.
SELECT b.series_id, p.observed_at, p.price_minor, p.shipping_minor
FROM unnest(%(series_ids)s::integer[], %(since)s::timestamptz[]) AS b (series_id, since)
CROSS JOIN LATERAL (
    (
        SELECT q.observed_at, q.price_minor, q.shipping_minor FROM price_points q
        WHERE q.series_id = b.series_id AND q.observed_at <= b.since AND NOT q.implausible
        ORDER BY q.observed_at DESC LIMIT 1
    )
    UNION ALL
    SELECT q.observed_at, q.price_minor, q.shipping_minor FROM price_points q
    WHERE q.series_id = b.series_id AND q.observed_at > b.since AND NOT q.implausible
) AS p
ORDER BY b.series_id, p.observed_at

-- name: save_alert_states
-- Adds or replaces the states of rules of watches. Their locks are held.
INSERT INTO alert_states (watch_id, rule, armed, alerted_price_minor, awaiting_price_minor,
    checked_at, observed_at, is_known, last_minor)
SELECT * FROM unnest(%(watch_id)s::bigint[], %(rule)s::text[], %(armed)s::boolean[],
    %(alerted_price_minor)s::bigint[], %(awaiting_price_minor)s::bigint[],
    %(checked_at)s::timestamptz[], %(observed_at)s::timestamptz[], %(is_known)s::boolean[],
    %(last_minor)s::bigint[])
ON CONFLICT (watch_id, rule) DO UPDATE SET
    armed = excluded.armed,
    alerted_price_minor = excluded.alerted_price_minor,
    awaiting_price_minor = excluded.awaiting_price_minor,
    checked_at = excluded.checked_at,
    observed_at = excluded.observed_at,
    is_known = excluded.is_known,
    last_minor = excluded.last_minor

-- name: raise_alerts
-- Adds alerts, each once, and queues each for its user's active channels, NOT_CONFIGURED without
-- any. Returns a row, and wakes the deliverers at the commit, if one was queued.
WITH raised AS (
    INSERT INTO price_alerts (watch_id, user_id, asin, domain, price_type, price_minor,
        shipping_minor, previous_price_minor, target_minor, currency, observed_at, checked_at,
        seen_at, coupon_minor, coupon_percent, subscribe_coupon_minor, subscribe_coupon_percent,
        availability, reason, rules, source, run_id, status)
    SELECT watch_id, user_id, asin, domain, price_type, price_minor, shipping_minor,
        previous_price_minor, target_minor, currency, observed_at, checked_at, seen_at,
        coupon_minor, coupon_percent, subscribe_coupon_minor, subscribe_coupon_percent,
        availability, reason,
        string_to_array(rules, E'\n'), source, run_id,
        CASE WHEN EXISTS (
                SELECT FROM channels c WHERE c.user_id = a.user_id AND c.status = 'ACTIVE')
            THEN 'PENDING' ELSE 'NOT_CONFIGURED' END
    FROM unnest(%(watch_id)s::bigint[], %(user_id)s::bigint[], %(asin)s::text[],
        %(domain)s::text[], %(price_type)s::text[], %(price_minor)s::bigint[],
        %(shipping_minor)s::bigint[], %(previous_price_minor)s::bigint[],
        %(target_minor)s::bigint[], %(currency)s::text[], %(observed_at)s::timestamptz[],
        %(checked_at)s::timestamptz[], %(seen_at)s::timestamptz[], %(coupon_minor)s::bigint[],
        %(coupon_percent)s::integer[], %(subscribe_coupon_minor)s::bigint[],
        %(subscribe_coupon_percent)s::integer[], %(availability)s::text[], %(reason)s::text[],
        %(rules)s::text[], %(source)s::text[], %(run_id)s::text[])
        AS a (watch_id, user_id, asin, domain, price_type, price_minor, shipping_minor,
            previous_price_minor, target_minor, currency, observed_at, checked_at, seen_at,
            coupon_minor, coupon_percent, subscribe_coupon_minor, subscribe_coupon_percent,
            availability, reason, rules, source, run_id)
    ON CONFLICT (watch_id, observed_at, checked_at) DO NOTHING
    RETURNING alert_id, user_id
), queued AS (
    INSERT INTO outbox (channel_id, alert_id)
    SELECT c.channel_id, r.alert_id
    FROM raised r
    JOIN channels c ON c.user_id = r.user_id AND c.status = 'ACTIVE'
    ORDER BY r.alert_id, c.channel_id
    RETURNING message_id
)
SELECT pg_notify('keeper_outbox', '') FROM queued LIMIT 1

-- name: count_for_run
-- Adds to the numbers of new points and raised alerts of a run.
UPDATE pipeline_runs
SET points_stored = points_stored + %(points)s, alerts_raised = alerts_raised + %(alerts)s
WHERE run_id = %(run_id)s

-- name: count_history_for_run
-- Adds to the number of new older points of a run.
UPDATE pipeline_runs SET history_stored = history_stored + %(points)s WHERE run_id = %(run_id)s
