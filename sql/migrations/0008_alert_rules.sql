-- Rules of a watch beside its target, and where each of them stands.
-- depends: 0007_roll_ups

ALTER TABLE watched_products
    DROP COLUMN rule,
    ADD COLUMN rules jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(rules) = 'array'),
    ADD COLUMN with_shipping boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN watched_products.rules IS
    'What its user wants to hear of beside the target; docs/schemas/alert-rules.v1.json.';
COMMENT ON COLUMN watched_products.with_shipping IS
    'Whether target and rules count what the buyer pays with shipping.';

ALTER TABLE alert_states
    ADD COLUMN rule text NOT NULL DEFAULT 'target',
    ADD COLUMN is_known boolean NOT NULL DEFAULT false,
    ADD COLUMN last_minor bigint,
    DROP CONSTRAINT alert_states_pkey,
    ADD PRIMARY KEY (watch_id, rule);
COMMENT ON TABLE alert_states IS
    'Where each rule of a watch stands after the point (observed_at, checked_at); a later point moves it on.';
COMMENT ON COLUMN alert_states.rule IS
    'The rule as keeper watch writes it; target for a target without shipping.';
COMMENT ON COLUMN alert_states.alerted_price_minor IS
    'The price last alerted while the rule still holds; null when it was acknowledged.';
COMMENT ON COLUMN alert_states.last_minor IS
    'The price last judged, null without an offer; kept for rules other than target.';

ALTER TABLE price_alerts
    ALTER COLUMN price_minor DROP NOT NULL,
    ALTER COLUMN target_minor DROP NOT NULL,
    ADD COLUMN rules text[] NOT NULL DEFAULT '{target}';
COMMENT ON COLUMN price_alerts.price_minor IS
    'Without shipping, in the currency''s minor unit; null when the alert is that there is no offer.';
COMMENT ON COLUMN price_alerts.rules IS 'The rules of the watch that this price fulfilled.';
