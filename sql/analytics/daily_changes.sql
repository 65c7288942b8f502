-- How much prices moved, by day and locale.
-- Days that maintain_storage has rolled up come from its roll-ups, newer changes from the points
-- themselves. Many prices of NEW and its kin rose late in February 2026 because they began to include
-- shipping (comparable_since).
--
-- Columns: day, in UTC; domain; series, how many prices changed; changes; fell and rose, how many
-- closed lower or higher than they opened; sold_out, how many closed without an offer.
-- Example: SELECT * FROM analytics.daily_changes('2026-03-01', '2026-03-31') WHERE domain = 'de';

CREATE OR REPLACE FUNCTION analytics.daily_changes(
    first_day date DEFAULT (now() AT TIME ZONE 'UTC')::date - 7,
    last_day date DEFAULT (now() AT TIME ZONE 'UTC')::date
) RETURNS TABLE (day date, domain text, series integer, changes bigint, fell integer, rose integer,
    sold_out integer)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 AS $$
    WITH due AS (
        SELECT s.series_id, s.domain, greatest((s.due_from AT TIME ZONE 'UTC')::date,
            daily_changes.first_day)::timestamp AT TIME ZONE 'UTC' AS since
        FROM price_series s
        WHERE s.due_from < (daily_changes.last_day + 1)::timestamp AT TIME ZONE 'UTC'
    ), points AS (
        SELECT due.series_id, due.domain, p.observed_at, due.since,
            p.price_minor + coalesce(p.shipping_minor, 0) AS landed
        FROM due
        JOIN price_points p USING (series_id)
        WHERE p.observed_at >= due.since AND NOT p.implausible
            AND p.observed_at < (daily_changes.last_day + 1)::timestamp AT TIME ZONE 'UTC'
        UNION ALL
        SELECT due.series_id, due.domain, b.observed_at, due.since, b.landed
        FROM due
        CROSS JOIN LATERAL (
            SELECT q.observed_at, q.price_minor + coalesce(q.shipping_minor, 0) AS landed
            FROM price_points q
            WHERE q.series_id = due.series_id AND q.observed_at < due.since AND NOT q.implausible
            ORDER BY q.observed_at DESC LIMIT 1
        ) AS b
    ), moves AS (
        SELECT series_id, domain, observed_at, since, landed,
            (observed_at AT TIME ZONE 'UTC')::date AS day,
            lag(landed) OVER (PARTITION BY series_id ORDER BY observed_at) AS landed_before
        FROM points
    ), days AS (
        SELECT m.day, m.domain, count(*)::integer AS changes,
            (array_agg(CASE WHEN m.observed_at = m.day::timestamp AT TIME ZONE 'UTC' THEN m.landed
                ELSE m.landed_before END ORDER BY m.observed_at))[1] AS open_minor,
            (array_agg(m.landed ORDER BY m.observed_at DESC))[1] AS close_minor
        FROM moves m
        WHERE m.observed_at >= m.since
        GROUP BY m.series_id, m.day, m.domain
        UNION ALL
        SELECT d.day, s.domain, d.changes, d.open_minor, d.close_minor
        FROM price_days d
        JOIN price_series s USING (series_id)
        WHERE d.day BETWEEN daily_changes.first_day AND daily_changes.last_day
            AND (s.due_from IS NULL OR d.day < (s.due_from AT TIME ZONE 'UTC')::date)
    )
    SELECT d.day, d.domain, count(*)::integer, sum(d.changes),
        (count(*) FILTER (WHERE d.close_minor < d.open_minor))::integer,
        (count(*) FILTER (WHERE d.close_minor > d.open_minor))::integer,
        (count(*) FILTER (WHERE d.close_minor IS NULL))::integer
    FROM days d
    GROUP BY d.day, d.domain
    ORDER BY d.day, d.domain
$$;
