-- Since when prices of a type mean what they mean at a moment; null where they always did.
-- Keepa's NEW, USED, COLLECTIBLE and REFURBISHED include shipping since 23 February 2026 and were
-- prices without it before, in the same series.
--
-- Columns: one moment.
-- Example: SELECT analytics.comparable_since('NEW', now());

CREATE OR REPLACE FUNCTION analytics.comparable_since(price_type text, at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN upper(btrim(price_type)) IN ('NEW', 'USED', 'COLLECTIBLE', 'REFURBISHED')
        AND at >= timestamptz '2026-02-23Z' THEN timestamptz '2026-02-23Z' END
$$;
