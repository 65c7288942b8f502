-- Loading a batch of price events. Every statement reads `staged_prices` and may be run again.

-- name: make_staging
CREATE TEMPORARY TABLE IF NOT EXISTS staged_prices (
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    observed_at timestamptz NOT NULL,
    price_minor bigint,
    shipping_minor bigint,
    currency text NOT NULL,
    implausible boolean NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    run_id text NOT NULL,
    checked_at timestamptz NOT NULL,
    title text,
    image_url text
) ON COMMIT DELETE ROWS

-- name: copy_into_staging
COPY staged_prices (asin, domain, price_type, observed_at, price_minor, shipping_minor, currency,
    implausible, source, event_id, run_id, checked_at, title, image_url) FROM STDIN

-- name: upsert_products
-- Locks the products in one order for all loaders; whatever else a batch writes hangs on them.
INSERT INTO products AS p (asin, domain, title, image_url, source, last_checked_at)
SELECT asin, domain,
    (array_agg(title ORDER BY checked_at DESC) FILTER (WHERE title IS NOT NULL))[1],
    (array_agg(image_url ORDER BY checked_at DESC) FILTER (WHERE image_url IS NOT NULL))[1],
    (array_agg(source ORDER BY checked_at DESC))[1],
    max(checked_at)
FROM staged_prices
GROUP BY asin, domain
ORDER BY asin, domain
ON CONFLICT (asin, domain) DO UPDATE SET
    title = coalesce(excluded.title, p.title),
    image_url = coalesce(excluded.image_url, p.image_url),
    source = excluded.source,
    last_checked_at = excluded.last_checked_at
WHERE excluded.last_checked_at > p.last_checked_at

-- name: keep_former_values
-- A value is former when a later check reports another one for the same point; the check that had
-- it may be stored already or lie in this very batch.
INSERT INTO price_corrections (asin, domain, price_type, observed_at, former_price_minor,
    former_shipping_minor, former_checked_at, price_minor, shipping_minor, checked_at)
SELECT asin, domain, price_type, observed_at, former_price_minor, former_shipping_minor,
    former_checked_at, price_minor, shipping_minor, checked_at
FROM (
    SELECT seen.*,
        lag(price_minor) OVER checks AS former_price_minor,
        lag(shipping_minor) OVER checks AS former_shipping_minor,
        lag(checked_at) OVER checks AS former_checked_at
    FROM (
        SELECT s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.shipping_minor,
            s.checked_at
        FROM staged_prices s
        LEFT JOIN price_history h USING (asin, domain, price_type, observed_at)
        WHERE h.asin IS NULL OR s.checked_at > h.last_checked_at
        UNION ALL
        SELECT h.asin, h.domain, h.price_type, h.observed_at, h.price_minor, h.shipping_minor,
            h.last_checked_at
        FROM price_history h
        WHERE (h.asin, h.domain, h.price_type, h.observed_at) IN (
            SELECT asin, domain, price_type, observed_at FROM staged_prices)
    ) AS seen
    WINDOW checks AS (PARTITION BY asin, domain, price_type, observed_at ORDER BY checked_at)
) AS compared
WHERE former_checked_at IS NOT NULL
    AND (price_minor, shipping_minor) IS DISTINCT FROM (former_price_minor, former_shipping_minor)

-- name: count_new_points
-- How many points each run adds; asked before they are stored.
SELECT run_id, count(*) AS points
FROM (
    SELECT DISTINCT ON (asin, domain, price_type, observed_at) asin, domain, price_type,
        observed_at, run_id
    FROM staged_prices
    ORDER BY asin, domain, price_type, observed_at, checked_at
) AS s
WHERE NOT EXISTS (
    SELECT FROM price_history h
    WHERE (h.asin, h.domain, h.price_type, h.observed_at)
        = (s.asin, s.domain, s.price_type, s.observed_at))
GROUP BY run_id

-- name: upsert_history
-- The value of the latest check, credited to the first of the checks that have had it without a
-- break since, however checks fall into batches: what is stored counts as one more check.
WITH seen AS (
    SELECT s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.shipping_minor,
        s.currency, s.implausible, s.source, s.event_id, s.run_id, s.checked_at,
        s.checked_at AS last_checked_at
    FROM staged_prices s
    LEFT JOIN price_history h USING (asin, domain, price_type, observed_at)
    WHERE h.asin IS NULL OR s.checked_at > h.last_checked_at
    UNION ALL
    SELECT h.asin, h.domain, h.price_type, h.observed_at, h.price_minor, h.shipping_minor,
        h.currency, h.implausible, h.source, h.event_id, h.run_id, h.checked_at, h.last_checked_at
    FROM price_history h
    WHERE (h.asin, h.domain, h.price_type, h.observed_at) IN (
        SELECT asin, domain, price_type, observed_at FROM staged_prices)
), compared AS (
    SELECT seen.*, last_value(event_id) OVER checks AS latest_event_id
    FROM seen
    WINDOW checks AS (
        PARTITION BY asin, domain, price_type, observed_at ORDER BY last_checked_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), dated AS (
    SELECT compared.*, max(last_checked_at) FILTER (WHERE event_id <> latest_event_id) OVER (
        PARTITION BY asin, domain, price_type, observed_at) AS other_until
    FROM compared
)
INSERT INTO price_history AS h (asin, domain, price_type, observed_at, price_minor,
    shipping_minor, currency, implausible, source, event_id, run_id, checked_at, last_checked_at)
SELECT DISTINCT ON (asin, domain, price_type, observed_at) asin, domain, price_type,
    observed_at, price_minor, shipping_minor, currency, bool_and(implausible) OVER unbroken,
    source, event_id, first_value(run_id) OVER unbroken, first_value(checked_at) OVER unbroken,
    last_checked_at
FROM dated
WHERE other_until IS NULL OR last_checked_at > other_until
WINDOW unbroken AS (
    PARTITION BY asin, domain, price_type, observed_at ORDER BY last_checked_at
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
ORDER BY asin, domain, price_type, observed_at, last_checked_at DESC
ON CONFLICT (asin, domain, price_type, observed_at) DO UPDATE SET
    price_minor = excluded.price_minor,
    shipping_minor = excluded.shipping_minor,
    implausible = excluded.implausible,
    source = excluded.source,
    event_id = excluded.event_id,
    run_id = excluded.run_id,
    checked_at = excluded.checked_at,
    last_checked_at = excluded.last_checked_at
WHERE excluded.last_checked_at > h.last_checked_at

-- name: upsert_current
INSERT INTO current_prices AS c (asin, domain, price_type, observed_at, price_minor,
    shipping_minor, currency, implausible, source, run_id, last_checked_at)
SELECT DISTINCT ON (asin, domain, price_type) asin, domain, price_type, observed_at, price_minor,
    shipping_minor, currency, implausible, source, run_id, checked_at
FROM staged_prices
ORDER BY asin, domain, price_type, checked_at DESC, observed_at DESC
ON CONFLICT (asin, domain, price_type) DO UPDATE SET
    observed_at = excluded.observed_at,
    price_minor = excluded.price_minor,
    shipping_minor = excluded.shipping_minor,
    implausible = excluded.implausible,
    source = excluded.source,
    run_id = excluded.run_id,
    last_checked_at = excluded.last_checked_at
WHERE (excluded.last_checked_at, excluded.observed_at) > (c.last_checked_at, c.observed_at)

-- name: touch_watches
UPDATE watched_products w SET last_checked_at = s.checked_at
FROM (
    SELECT asin, domain, price_type, max(checked_at) AS checked_at
    FROM staged_prices GROUP BY asin, domain, price_type
) AS s
WHERE (w.asin, w.domain, w.price_type) = (s.asin, s.domain, s.price_type)
    AND (w.last_checked_at IS NULL OR w.last_checked_at < s.checked_at)

-- name: lock_watches
-- In the one order that loaders and the watch list both keep, so that two never judge a watch at
-- once nor wait for each other in a circle.
SELECT FROM watched_products
WHERE status = 'ACTIVE' AND (asin, domain, price_type) IN (
    SELECT asin, domain, price_type FROM staged_prices)
ORDER BY watch_id
FOR UPDATE

-- name: watches_to_judge
-- A statement of its own after the locks: it sees what whoever held them has changed.
-- Asked before current_prices moves: up to there a batch is a replay, and a watch or a target newer
-- than that must not alert on it.
SELECT w.watch_id, w.user_id, w.asin, w.domain, w.price_type, w.target_minor,
    a.armed, a.alerted_price_minor, a.awaiting_price_minor, a.checked_at, a.observed_at,
    c.last_checked_at AS known_checked_at, c.observed_at AS known_observed_at
FROM watched_products w
LEFT JOIN alert_states a USING (watch_id)
LEFT JOIN current_prices c USING (asin, domain, price_type)
WHERE w.status = 'ACTIVE' AND w.target_minor IS NOT NULL
    AND (w.asin, w.domain, w.price_type) IN (
        SELECT asin, domain, price_type FROM staged_prices)
ORDER BY w.watch_id

-- name: save_alert_state
INSERT INTO alert_states (watch_id, armed, alerted_price_minor, awaiting_price_minor, checked_at,
    observed_at)
VALUES (%(watch_id)s, %(armed)s, %(alerted_price_minor)s, %(awaiting_price_minor)s,
    %(checked_at)s, %(observed_at)s)
ON CONFLICT (watch_id) DO UPDATE SET
    armed = excluded.armed,
    alerted_price_minor = excluded.alerted_price_minor,
    awaiting_price_minor = excluded.awaiting_price_minor,
    checked_at = excluded.checked_at,
    observed_at = excluded.observed_at

-- name: raise_alert
INSERT INTO price_alerts (watch_id, user_id, asin, domain, price_type, price_minor, shipping_minor,
    previous_price_minor, target_minor, currency, observed_at, checked_at, reason, source, run_id)
VALUES (%(watch_id)s, %(user_id)s, %(asin)s, %(domain)s, %(price_type)s, %(price_minor)s,
    %(shipping_minor)s, %(previous_price_minor)s, %(target_minor)s, %(currency)s,
    %(observed_at)s, %(checked_at)s, %(reason)s, %(source)s, %(run_id)s)
ON CONFLICT (watch_id, observed_at, checked_at) DO NOTHING

-- name: count_for_run
UPDATE pipeline_runs
SET points_stored = points_stored + %(points)s, alerts_raised = alerts_raised + %(alerts)s
WHERE run_id = %(run_id)s
