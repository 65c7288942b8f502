-- name: save
-- Adds rates, in units of the currency per euro, and replaces those that differ; only these count
-- as rows.
INSERT INTO exchange_rates AS r (day, currency, per_euro)
SELECT * FROM unnest(%(days)s::date[], %(currencies)s::text[], %(per_euro)s::numeric[])
ON CONFLICT (currency, day) DO UPDATE SET per_euro = excluded.per_euro
WHERE r.per_euro <> excluded.per_euro

-- name: summary
-- Returns a row per currency, by its code: how many days are stored, the first and last of them,
-- and the latest rate in units per euro.
SELECT currency, count(*)::int AS days, min(day) AS first_day, max(day) AS last_day,
    (array_agg(per_euro ORDER BY day DESC))[1] AS per_euro
FROM exchange_rates GROUP BY currency ORDER BY currency
