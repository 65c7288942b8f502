-- How much prices moved, by day and locale.
-- Covers the days that the last run of maintain_storage has rolled up. Many prices of NEW and its kin
-- rose late in February 2026 because they began to include shipping (comparable_since).
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
    SELECT d.day, s.domain, count(*)::integer, sum(d.changes),
        (count(*) FILTER (WHERE d.close_minor < d.open_minor))::integer,
        (count(*) FILTER (WHERE d.close_minor > d.open_minor))::integer,
        (count(*) FILTER (WHERE d.close_minor IS NULL))::integer
    FROM price_days d
    JOIN price_series s USING (series_id)
    WHERE d.day BETWEEN daily_changes.first_day AND daily_changes.last_day
    GROUP BY d.day, s.domain
    ORDER BY d.day, s.domain
$$;
