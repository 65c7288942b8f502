-- All at once, or none: loaders write the same tables in an order of their own, and one of the two would
-- be ended as the victim of a deadlock. Shorter than deadlock_timeout, so that it is never a loader.
DO $$
BEGIN
    PERFORM set_config('lock_timeout', '800ms', true);
    FOR attempt IN 1..300 LOOP
        BEGIN
            LOCK TABLE price_points, price_series, price_statistics, watched_products, price_alerts, products,
                product_kinds, collected_deals, exchange_rates, users, sessions, api_tokens
                IN ACCESS EXCLUSIVE MODE;
            PERFORM set_config('lock_timeout', '0', true);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    RAISE lock_not_available USING MESSAGE = 'tables are in use for minutes; stop the loaders, then: keeper migrate';
END
$$;

DROP TRIGGER changes_made ON exchange_rates;
DROP TRIGGER changes_emptied ON product_kinds;
DROP TRIGGER changes_removed ON product_kinds;
DROP TRIGGER changes_made ON product_kinds;
DROP TRIGGER changes_added ON product_kinds;
DROP TRIGGER changes_made ON users;
DROP TRIGGER changes_made ON sessions;
DROP TRIGGER changes_made ON api_tokens;
DROP TRIGGER changes_added ON collected_deals;
DROP TRIGGER changes_made ON price_alerts;
DROP TRIGGER changes_added ON price_alerts;
DROP TRIGGER changes_removed ON watched_products;
DROP TRIGGER changes_made ON watched_products;
DROP TRIGGER changes_added ON watched_products;
DROP TRIGGER changes_emptied ON products;
DROP TRIGGER changes_emptied ON price_statistics;
DROP TRIGGER changes_emptied ON price_points;
DROP TRIGGER changes_emptied ON price_series;
DROP TRIGGER changes_removed ON products;
DROP TRIGGER changes_made ON products;
DROP TRIGGER changes_added ON products;
DROP TRIGGER changes_removed ON price_statistics;
DROP TRIGGER changes_made ON price_statistics;
DROP TRIGGER changes_added ON price_statistics;
DROP TRIGGER changes_removed ON price_points;
DROP TRIGGER changes_made ON price_points;
DROP TRIGGER changes_added ON price_points;
DROP TRIGGER changes_removed ON price_series;
DROP TRIGGER changes_made ON price_series;
DROP TRIGGER changes_added ON price_series;
DROP FUNCTION notify_new_deals(),
    notify_changed_alerts(),
    notify_updated_watches(),
    notify_changed_watches(),
    notify_changed_products(),
    notify_changed_series(),
    notify_all_changed(),
    notify_changes(text, text[]);
