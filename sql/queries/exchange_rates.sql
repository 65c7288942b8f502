-- name: save
INSERT INTO exchange_rates AS r (day, currency, per_euro)
SELECT * FROM unnest(%(days)s::date[], %(currencies)s::text[], %(per_euro)s::numeric[])
ON CONFLICT (currency, day) DO UPDATE SET per_euro = excluded.per_euro
WHERE r.per_euro <> excluded.per_euro

-- name: summary
SELECT currency, count(*)::int AS days, min(day) AS first_day, max(day) AS last_day,
    (array_agg(per_euro ORDER BY day DESC))[1] AS per_euro
FROM exchange_rates GROUP BY currency ORDER BY currency
