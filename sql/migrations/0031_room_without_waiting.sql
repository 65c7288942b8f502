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

-- Who waits for the table holds everybody behind it; who calls them tries again.
ALTER FUNCTION add_price_partition SET lock_timeout = '2s';
ALTER FUNCTION add_price_months SET lock_timeout = '2s';

-- Else each alert that retention deletes reads all deliveries, and each channel that is removed all messages.
CREATE INDEX alert_deliveries_of_alert ON alert_deliveries (alert_id);
CREATE INDEX outbox_of_channel ON outbox (channel_id);

-- What is past its retention is found by its time.
CREATE INDEX collected_deals_by_time ON collected_deals (last_seen_at);
CREATE INDEX product_proposals_by_time ON product_proposals (proposed_at);
