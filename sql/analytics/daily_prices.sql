-- A product's price day by day: open, high, low, close, and the average weighted by time.
-- Days without a change have the price of the day before. Days are in UTC; today's ends now. Days
-- before the first known price are left out. Prices of NEW and its kin leave shipping out before 23
-- February 2026 (comparable_since).
--
-- Columns: day; open_minor, high_minor, low_minor, close_minor, average_minor, in the currency's
-- minor unit, null without an offer; in_stock, the share of the day with an offer, 0 to 1; changes.
-- Example: SELECT * FROM analytics.daily_prices('B0EXAMPLE1', 'de', 'NEW', '2026-01-01', '2026-01-31');

CREATE OR REPLACE FUNCTION analytics.daily_prices(
    asin text, domain text, price_type text DEFAULT 'NEW',
    first_day date DEFAULT (now() AT TIME ZONE 'UTC')::date - 90,
    last_day date DEFAULT (now() AT TIME ZONE 'UTC')::date
) RETURNS TABLE (day date, open_minor bigint, high_minor bigint, low_minor bigint,
    close_minor bigint, average_minor bigint, in_stock numeric, changes integer)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 90 AS $$
    WITH spans AS (
        SELECT started_at AT TIME ZONE 'UTC' AS started_at, ended_at AT TIME ZONE 'UTC' AS ended_at,
            landed_minor
        FROM analytics.price_spans(daily_prices.asin, daily_prices.domain, daily_prices.price_type,
            daily_prices.first_day::timestamp AT TIME ZONE 'UTC',
            least((daily_prices.last_day + 1)::timestamp AT TIME ZONE 'UTC', now()))
    ), pieces AS (
        SELECT d.day::date AS day, greatest(s.started_at, d.day) AS started_at,
            least(s.ended_at, d.day + interval '1 day') AS ended_at, s.landed_minor,
            s.started_at >= d.day AND s.started_at > daily_prices.first_day AS is_change
        FROM spans s
        CROSS JOIN LATERAL generate_series(
            date_trunc('day', s.started_at), s.ended_at - interval '1 microsecond', interval '1 day'
        ) AS d (day)
    )
    SELECT day,
        (array_agg(landed_minor ORDER BY started_at))[1],
        max(landed_minor),
        min(landed_minor),
        (array_agg(landed_minor ORDER BY started_at DESC))[1],
        round(sum(landed_minor * extract(epoch FROM ended_at - started_at))
            / sum(extract(epoch FROM ended_at - started_at)) FILTER (WHERE landed_minor IS NOT NULL)),
        round(coalesce(sum(extract(epoch FROM ended_at - started_at))
                FILTER (WHERE landed_minor IS NOT NULL), 0)
            / sum(extract(epoch FROM ended_at - started_at)), 4),
        count(*) FILTER (WHERE is_change)
    FROM pieces
    GROUP BY day
    ORDER BY day
$$;
