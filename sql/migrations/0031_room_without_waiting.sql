-- Partitions of price_points are made beside readers and loaders, and large deletes find their rows.
-- depends: 0028_feed_tickets

-- CREATE TABLE … PARTITION OF locks out everybody who reads the history, ATTACH PARTITION nobody: it takes
-- SHARE UPDATE EXCLUSIVE.
CREATE OR REPLACE FUNCTION add_price_partition(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    name text := 'price_points_' || to_char(since AT TIME ZONE 'UTC',
        CASE WHEN until - since > interval '32 days' THEN 'YYYY' ELSE 'YYYY_MM' END);
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE price_points INCLUDING ALL)', name);
    EXECUTE format('ALTER TABLE price_points ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, since, until);
    RETURN name;
END
$$;

CREATE FUNCTION drop_price_partition(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'price_points'::regclass
            AND inhrelid = to_regclass(quote_ident(name))) THEN
        RAISE EXCEPTION '% is no partition of price_points', name;
    END IF;
    EXECUTE format('DROP TABLE %I', name);
    -- Which fires no trigger.
    PERFORM pg_notify('keeper_changes', 'series *');
END
$$;
COMMENT ON FUNCTION drop_price_partition IS
    'Drops a partition of price_points whose points are past their retention.';

-- Who waits for the table holds everybody behind it; who calls them tries again. With the owner's rights, which
-- loaders and nightly upkeep do not have; `keeper migrate` says who may call them.
ALTER FUNCTION add_price_partition SET lock_timeout = '2s' SET search_path = public, pg_temp;
ALTER FUNCTION add_price_months SECURITY DEFINER SET lock_timeout = '2s' SET search_path = public, pg_temp;
ALTER FUNCTION drop_price_partition SECURITY DEFINER SET lock_timeout = '2s' SET search_path = public, pg_temp;
REVOKE EXECUTE ON FUNCTION add_price_partition, add_price_months, drop_price_partition FROM PUBLIC;

-- Else each alert that retention deletes reads all deliveries, and each channel that is removed all messages.
CREATE INDEX alert_deliveries_of_alert ON alert_deliveries (alert_id);
CREATE INDEX outbox_of_channel ON outbox (channel_id);

-- What is past its retention is found by its time.
CREATE INDEX collected_deals_by_time ON collected_deals (last_seen_at);
CREATE INDEX product_proposals_by_time ON product_proposals (proposed_at);
