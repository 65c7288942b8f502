-- A locale in any letters, as Keeper stores it; one that Keepa does not have is an error.
--
-- Columns: one text.
-- Example: SELECT count(*) FROM current_prices WHERE domain = analytics.locale('DE');

CREATE OR REPLACE FUNCTION analytics.locale(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF lower(btrim(typed)) NOT IN
        ('us', 'uk', 'de', 'fr', 'jp', 'ca', 'it', 'es', 'in', 'mx', 'br') THEN
        RAISE EXCEPTION 'Keepa has no Amazon locale %', quote_literal(typed)
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Choose one of us, uk, de, fr, jp, ca, it, es, in, mx, br.';
    END IF;
    RETURN lower(btrim(typed));
END
$$;
