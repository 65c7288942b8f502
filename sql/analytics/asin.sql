-- An ASIN in any letters, as Keeper stores it; anything else is an error.
--
-- Columns: one text.
-- Example: SELECT observed_at, price FROM price_history WHERE asin = analytics.asin('b0example1');

CREATE OR REPLACE FUNCTION analytics.asin(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF upper(btrim(typed)) !~ '^[A-Z0-9]{10}$' THEN
        RAISE EXCEPTION '% is not an ASIN', quote_literal(typed)
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'An ASIN has ten letters and digits, as in B0EXAMPLE1.';
    END IF;
    RETURN upper(btrim(typed));
END
$$;
