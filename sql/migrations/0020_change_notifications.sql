-- Whoever commits a change that the console shows, by whatever way, notifies keeper_changes: what it
-- keeps in memory is dropped, and who watches live sees it. Statements notify, never rows: at each
-- commit with a NOTIFY PostgreSQL takes a lock that the whole instance shares.
-- depends: 0019_console_users

-- All at once, or none: loaders write the same tables in an order of their own, and one of the two would
-- be ended as the victim of a deadlock. Shorter than deadlock_timeout, so that it is never a loader.
DO $$
BEGIN
    PERFORM set_config('lock_timeout', '800ms', true);
    FOR attempt IN 1..300 LOOP
        BEGIN
            LOCK TABLE price_points, price_series, price_statistics, watched_products, price_alerts, products,
                product_kinds, collected_deals, exchange_rates, users, sessions, api_tokens
                IN SHARE ROW EXCLUSIVE MODE;
            PERFORM set_config('lock_timeout', '0', true);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    RAISE lock_not_available USING MESSAGE = 'tables are in use for minutes; stop the loaders, then: keeper migrate';
END
$$;

CREATE FUNCTION notify_changes(kind text, ids text[]) RETURNS void
    LANGUAGE sql
    AS $$
    WITH parts AS (
        -- PostgreSQL takes less than 8,000 bytes at once.
        SELECT id, sum(length(id) + 1) OVER (ROWS UNBOUNDED PRECEDING) / 7000 AS part
        FROM unnest(ids) AS id
    ), payloads AS (
        SELECT part, string_agg(id, ' ') AS payload FROM parts GROUP BY part
    )
    SELECT pg_notify('keeper_changes', kind || ' ' || payload)
    FROM payloads WHERE (SELECT count(*) FROM payloads) <= 40
    UNION ALL
    SELECT pg_notify('keeper_changes', kind || ' *')
    WHERE (SELECT count(*) FROM payloads) > 40
$$;
COMMENT ON FUNCTION notify_changes(text, text[]) IS
    'Notifies keeper_changes of changed rows: a kind and ids, or * for more than 280 kB of them.';

CREATE FUNCTION notify_all_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('keeper_changes', TG_ARGV[0] || ' *');
    RETURN NULL;
END
$$;

CREATE FUNCTION notify_changed_series() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM public.notify_changes('series', array_agg(series_id::text))
    FROM (SELECT DISTINCT series_id FROM changed) AS series
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE FUNCTION notify_changed_products() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM public.notify_changes('product', array_agg(DISTINCT domain || '/' || asin)) FROM changed
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

-- Where a series stands. One that is gone cannot be looked up any more.
CREATE TRIGGER changes_added AFTER INSERT ON price_series
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_series();
CREATE TRIGGER changes_made AFTER UPDATE ON price_series
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_series();
CREATE TRIGGER changes_removed AFTER DELETE ON price_series
    REFERENCING OLD TABLE AS changed EXECUTE FUNCTION notify_changed_products();

-- Its points. COPY into partitions is slow beside a trigger that sees the new rows, so that the first
-- does not look. Loaders, which change the series of each point they add, keep it silent; of watches
-- they change only when they were checked.
CREATE TRIGGER changes_added AFTER INSERT ON price_points
    WHEN (current_setting('keeper.loads_prices', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION notify_all_changed('series');
CREATE TRIGGER changes_made AFTER UPDATE ON price_points
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_series();
CREATE TRIGGER changes_removed AFTER DELETE ON price_points
    REFERENCING OLD TABLE AS changed EXECUTE FUNCTION notify_changed_series();

CREATE TRIGGER changes_added AFTER INSERT ON price_statistics
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_series();
CREATE TRIGGER changes_made AFTER UPDATE ON price_statistics
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_series();
CREATE TRIGGER changes_removed AFTER DELETE ON price_statistics
    REFERENCING OLD TABLE AS changed EXECUTE FUNCTION notify_changed_series();

CREATE TRIGGER changes_added AFTER INSERT ON products
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_products();
CREATE TRIGGER changes_made AFTER UPDATE ON products
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_products();
CREATE TRIGGER changes_removed AFTER DELETE ON products
    REFERENCING OLD TABLE AS changed EXECUTE FUNCTION notify_changed_products();

CREATE TRIGGER changes_added AFTER INSERT ON product_kinds
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_products();
CREATE TRIGGER changes_made AFTER UPDATE ON product_kinds
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_products();
CREATE TRIGGER changes_removed AFTER DELETE ON product_kinds
    REFERENCING OLD TABLE AS changed EXECUTE FUNCTION notify_changed_products();

CREATE TRIGGER changes_emptied AFTER TRUNCATE ON price_series
    EXECUTE FUNCTION notify_all_changed('series');
CREATE TRIGGER changes_emptied AFTER TRUNCATE ON price_points
    EXECUTE FUNCTION notify_all_changed('series');
CREATE TRIGGER changes_emptied AFTER TRUNCATE ON price_statistics
    EXECUTE FUNCTION notify_all_changed('series');
CREATE TRIGGER changes_emptied AFTER TRUNCATE ON products
    EXECUTE FUNCTION notify_all_changed('product');
CREATE TRIGGER changes_emptied AFTER TRUNCATE ON product_kinds
    EXECUTE FUNCTION notify_all_changed('product');
-- By which prices of locales are compared.
CREATE TRIGGER changes_made AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON exchange_rates
    EXECUTE FUNCTION notify_all_changed('product');

-- What belongs to somebody: the ids begin with the user's.
CREATE FUNCTION notify_changed_watches() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM public.notify_changes('watch', array_agg(DISTINCT user_id || ':' || watch_id)) FROM changed
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE FUNCTION notify_updated_watches() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- That a price was checked changes no watch: its series says so.
    PERFORM public.notify_changes('watch', array_agg(user_id || ':' || watch_id))
    FROM (
        -- No join: a plan that was made for few rows would compare many each with each.
        SELECT user_id, watch_id, asin, domain, price_type, target_minor, status, priority, rules,
            with_shipping, snoozed_until, updated_at FROM changed
        EXCEPT
        SELECT user_id, watch_id, asin, domain, price_type, target_minor, status, priority, rules,
            with_shipping, snoozed_until, updated_at FROM former
    ) AS updated
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER changes_added AFTER INSERT ON watched_products
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_watches();
CREATE TRIGGER changes_made AFTER UPDATE ON watched_products
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    WHEN (current_setting('keeper.loads_prices', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION notify_updated_watches();
CREATE TRIGGER changes_removed AFTER DELETE ON watched_products
    REFERENCING OLD TABLE AS changed EXECUTE FUNCTION notify_changed_watches();

CREATE FUNCTION notify_changed_alerts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM public.notify_changes('alert', array_agg(DISTINCT user_id || ':' || alert_id)) FROM changed
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER changes_added AFTER INSERT ON price_alerts
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_alerts();
CREATE TRIGGER changes_made AFTER UPDATE ON price_alerts
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_changed_alerts();

CREATE FUNCTION notify_new_deals() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM public.notify_changes('deal', array_agg(DISTINCT f.user_id || ':' || d.event_id))
    FROM changed d JOIN public.deal_filters f USING (filter_id)
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER changes_added AFTER INSERT ON collected_deals
    REFERENCING NEW TABLE AS changed EXECUTE FUNCTION notify_new_deals();

-- Who may do what. That a token or a session was used is no change of it.
CREATE TRIGGER changes_made
    AFTER UPDATE OF user_id, digest, scopes, expires_at, revoked_at OR DELETE OR TRUNCATE ON api_tokens
    EXECUTE FUNCTION notify_all_changed('access');
CREATE TRIGGER changes_made AFTER UPDATE OF user_id, digest, expires_at OR DELETE OR TRUNCATE ON sessions
    EXECUTE FUNCTION notify_all_changed('access');
CREATE TRIGGER changes_made AFTER UPDATE OF email, role OR DELETE OR TRUNCATE ON users
    EXECUTE FUNCTION notify_all_changed('access');
