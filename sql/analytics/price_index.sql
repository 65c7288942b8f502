-- A price index of a locale, a root category or a brand, day by day: 100 before the first day.
-- Matched models, Jevons, chained daily: each day the index moves by the geometric mean of what its
-- products' prices moved by, those that stood still included. A product counts from its first price on,
-- and while it had a point in the last year; while it is sold out its price stands still. Days with
-- fewer products than least_products move nothing and are left out.
--
-- Columns: day, in UTC; products, which the day rests on; moved, how many of them had a point;
-- step_percent, by how much the day moved; price_index.
-- Example: SELECT * FROM analytics.price_index('de', 562066, first_day => '2026-03-01');

CREATE OR REPLACE FUNCTION analytics.price_index(
    domain text, root_category bigint DEFAULT NULL, brand text DEFAULT NULL,
    price_type text DEFAULT 'NEW',
    first_day date DEFAULT (now() AT TIME ZONE 'UTC')::date - 90,
    last_day date DEFAULT (now() AT TIME ZONE 'UTC')::date,
    least_products integer DEFAULT 10
) RETURNS TABLE (day date, products integer, moved integer, step_percent numeric, price_index numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 90 AS $$
    WITH steps AS (
        SELECT b.day, b.products, t.products AS moved,
            t.log_sum_e9::numeric(40, 20) / b.products / 1000000000 AS step
        FROM trend_bases b
        JOIN price_trends t ON t.span = 'day' AND t.started_at = b.day::timestamp AT TIME ZONE 'UTC'
            AND (t.domain, t.price_type, t.scope, t.root_category, t.brand)
                = (b.domain, b.price_type, b.scope, b.root_category, b.brand)
        WHERE b.domain = analytics.locale(price_index.domain)
            AND b.price_type = analytics.price_type(price_index.price_type)
            AND b.scope = CASE WHEN price_index.root_category IS NULL THEN 'locale'
                WHEN price_index.brand IS NULL THEN 'category' ELSE 'brand' END
            AND b.root_category = coalesce(price_index.root_category, 0)
            AND b.brand = coalesce(price_index.brand, '')
            AND b.day BETWEEN price_index.first_day AND price_index.last_day
            AND b.products >= greatest(price_index.least_products, 1)
    )
    SELECT s.day, s.products, s.moved, round(100 * (exp(s.step) - 1), 4),
        round(100 * exp(sum(s.step) OVER (ORDER BY s.day)), 4)
    FROM steps s
    ORDER BY s.day
$$;
