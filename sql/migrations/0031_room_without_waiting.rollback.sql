DROP INDEX product_proposals_by_time;
DROP INDEX collected_deals_by_time;
DROP INDEX outbox_of_channel;
DROP INDEX alert_deliveries_of_alert;
DROP FUNCTION drop_price_partition;
ALTER FUNCTION add_price_months SECURITY INVOKER RESET lock_timeout RESET search_path;
GRANT EXECUTE ON FUNCTION add_price_partition, add_price_months TO PUBLIC;

CREATE OR REPLACE FUNCTION add_price_partition(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    name text := 'price_points_' || to_char(since AT TIME ZONE 'UTC',
        CASE WHEN until - since > interval '32 days' THEN 'YYYY' ELSE 'YYYY_MM' END);
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF price_points FOR VALUES FROM (%L) TO (%L)',
        name, since, until);
    RETURN name;
END
$$;
