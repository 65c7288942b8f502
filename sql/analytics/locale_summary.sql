-- The state of each locale: how much is watched, out of stock, and stale.
-- A price is stale when it was not checked for twelve hours, two of the usual intervals.
--
-- Columns: domain, price_type; series, how many prices; out_of_stock; share_out_of_stock, 0 to 1;
-- stale; last_checked_at, the latest check of any.
-- Example: SELECT * FROM analytics.locale_summary WHERE price_type = 'NEW';

CREATE OR REPLACE VIEW analytics.locale_summary AS
SELECT domain, price_type, count(*)::integer AS series,
    (count(*) FILTER (WHERE price_minor IS NULL))::integer AS out_of_stock,
    round((count(*) FILTER (WHERE price_minor IS NULL))::numeric / count(*), 4)
        AS share_out_of_stock,
    (count(*) FILTER (WHERE last_checked_at < now() - interval '12 hours'))::integer AS stale,
    max(last_checked_at) AS last_checked_at
FROM price_series
WHERE last_checked_at IS NOT NULL
GROUP BY domain, price_type;
