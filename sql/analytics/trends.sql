-- How prices of locales, root categories and brands moved, by windows of six hours or days.
-- `keeper trends update` counts the windows that have ended. A row of fewer products than
-- least_products is left out: what it says would be said of single products.
--
-- Columns: started_at; domain, price_type; scope: locale, category or brand; root_category, Keepa's
-- number of it, null in the scope locale; brand, null but in the scope brand; products, which the row
-- rests on: those with a point in the window; changes, drops; drop_share of the changes, 0 to 1;
-- median_drop, percent; sold_out_share, of the products, those without an offer at the window's end;
-- deals, products of which a deal was found, null of a brand; mean_score of these.
-- Example: SELECT * FROM analytics.trends('day') WHERE domain = 'de' AND scope = 'category';

CREATE OR REPLACE FUNCTION analytics.trends(
    span text DEFAULT 'day',
    since timestamptz DEFAULT now() - interval '30 days',
    until timestamptz DEFAULT now(),
    least_products integer DEFAULT 10
) RETURNS TABLE (started_at timestamptz, domain text, price_type text, scope text,
    root_category bigint, brand text, products integer, changes integer, drops integer,
    drop_share numeric, median_drop numeric, sold_out_share numeric, deals integer,
    mean_score numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
    SELECT t.started_at, t.domain, t.price_type, t.scope, nullif(t.root_category, 0),
        nullif(t.brand, ''), t.products, t.changes, t.drops,
        round(t.drops::numeric / nullif(t.changes, 0), 4), round(t.median_drop_bp / 100.0, 2),
        round(t.sold_out::numeric / t.products, 4),
        CASE WHEN t.scope <> 'brand' THEN t.deals END,
        round(t.deal_score_sum::numeric / nullif(t.deals, 0), 1)
    FROM price_trends t
    WHERE t.span = trends.span AND t.started_at >= trends.since AND t.started_at < trends.until
        AND t.products >= greatest(trends.least_products, 1)
    ORDER BY t.started_at, t.domain, t.price_type, t.scope, t.root_category, t.brand
$$;
