DELETE FROM price_alerts WHERE price_minor IS NULL OR target_minor IS NULL;
ALTER TABLE price_alerts
    DROP COLUMN rules,
    ALTER COLUMN price_minor SET NOT NULL,
    ALTER COLUMN target_minor SET NOT NULL;
DELETE FROM alert_states WHERE rule <> 'target';
ALTER TABLE alert_states
    DROP COLUMN rule,
    DROP COLUMN is_known,
    DROP COLUMN last_minor,
    ADD PRIMARY KEY (watch_id);
ALTER TABLE watched_products
    DROP COLUMN with_shipping,
    DROP COLUMN rules,
    ADD COLUMN rule text NOT NULL DEFAULT 'at_or_below_target'
        CHECK (rule IN ('at_or_below_target'));
