-- A price type in any letters, as Keeper stores it; one that Keepa does not have is an error.
--
-- Columns: one text.
-- Example: SELECT count(*) FROM current_prices WHERE price_type = analytics.price_type('new');

CREATE OR REPLACE FUNCTION analytics.price_type(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    known CONSTANT text[] := ARRAY[
        'AMAZON', 'NEW', 'USED', 'LISTPRICE', 'COLLECTIBLE', 'REFURBISHED',
        'NEW_FBM_SHIPPING', 'LIGHTNING_DEAL', 'WAREHOUSE', 'NEW_FBA', 'BUY_BOX_SHIPPING',
        'USED_NEW_SHIPPING', 'USED_VERY_GOOD_SHIPPING', 'USED_GOOD_SHIPPING',
        'USED_ACCEPTABLE_SHIPPING', 'COLLECTIBLE_NEW_SHIPPING',
        'COLLECTIBLE_VERY_GOOD_SHIPPING', 'COLLECTIBLE_GOOD_SHIPPING',
        'COLLECTIBLE_ACCEPTABLE_SHIPPING', 'REFURBISHED_SHIPPING', 'EBAY_NEW_SHIPPING',
        'EBAY_USED_SHIPPING', 'TRADE_IN', 'RENT', 'BUY_BOX_USED_SHIPPING', 'PRIME_EXCL'
    ];
BEGIN
    IF upper(btrim(typed)) <> ALL (known) THEN
        RAISE EXCEPTION 'Keepa has no price type %', quote_literal(typed)
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Choose one of ' || array_to_string(known, ', ') || '.';
    END IF;
    RETURN upper(btrim(typed));
END
$$;
