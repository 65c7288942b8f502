-- The watch list, prices and alerts.
-- depends:

CREATE TABLE users (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    name text,
    time_zone text NOT NULL DEFAULT 'UTC',
    is_system boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
INSERT INTO users (email, name, is_system) VALUES ('system@keeper.invalid', 'Keeper', true);
COMMENT ON TABLE users IS 'Who watches; the system user owns watches that deals create.';

CREATE TABLE products (
    asin text NOT NULL CHECK (asin ~ '^[0-9A-Z]{10}$'),
    domain text NOT NULL,
    title text,
    image_url text,
    source text NOT NULL CHECK (source IN ('keepa', 'simulator')),
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_checked_at timestamptz NOT NULL,
    PRIMARY KEY (asin, domain)
);
COMMENT ON TABLE products IS 'One row a product and Amazon locale, as last described by Keepa.';

CREATE TABLE watched_products (
    watch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    asin text NOT NULL CHECK (asin ~ '^[0-9A-Z]{10}$'),
    domain text NOT NULL,
    price_type text NOT NULL,
    rule text NOT NULL DEFAULT 'at_or_below_target' CHECK (rule IN ('at_or_below_target')),
    target_minor bigint CHECK (target_minor > 0),
    status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAUSED', 'INACTIVE')),
    last_checked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, asin, domain, price_type)
);
CREATE INDEX watched_products_by_product ON watched_products (asin, domain, price_type)
    WHERE status = 'ACTIVE';
COMMENT ON COLUMN watched_products.target_minor IS
    'Target in the minor unit of the locale''s currency; null watches without alerting.';
COMMENT ON COLUMN watched_products.status IS
    'ACTIVE is fetched and alerts; PAUSED is kept but neither; INACTIVE was removed by its user.';

CREATE TABLE price_history (
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    observed_at timestamptz NOT NULL,
    price_minor bigint CHECK (price_minor > 0),
    shipping_minor bigint CHECK (shipping_minor >= 0),
    currency text NOT NULL,
    implausible boolean NOT NULL DEFAULT false,
    source text NOT NULL,
    event_id text NOT NULL,
    run_id text NOT NULL,
    checked_at timestamptz NOT NULL,
    last_checked_at timestamptz NOT NULL,
    PRIMARY KEY (asin, domain, price_type, observed_at)
) PARTITION BY RANGE (observed_at);
COMMENT ON TABLE price_history IS
    'One row a change: from observed_at until the series'' next row the price was price_minor.';
COMMENT ON COLUMN price_history.price_minor IS 'In the currency''s minor unit; null means no offer.';
COMMENT ON COLUMN price_history.observed_at IS 'Keepa''s time of the point.';
COMMENT ON COLUMN price_history.checked_at IS 'When the check that first brought this value was made.';
COMMENT ON COLUMN price_history.last_checked_at IS 'The latest check that saw this value as newest.';
COMMENT ON COLUMN price_history.implausible IS
    'A jump far outside the product''s own range that nothing had confirmed when it was first seen.';

DO $partitions$
BEGIN
    EXECUTE 'CREATE TABLE price_history_past PARTITION OF price_history
             FOR VALUES FROM (''2011-01-01Z'') TO (''2024-01-01Z'')';
    FOR year IN 2024..2035 LOOP
        EXECUTE format(
            'CREATE TABLE price_history_%s PARTITION OF price_history FOR VALUES FROM (%L) TO (%L)',
            year, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'),
            make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'));
    END LOOP;
END
$partitions$;

CREATE TABLE price_corrections (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    observed_at timestamptz NOT NULL,
    former_price_minor bigint,
    former_shipping_minor bigint,
    former_checked_at timestamptz NOT NULL,
    price_minor bigint,
    shipping_minor bigint,
    checked_at timestamptz NOT NULL,
    corrected_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE price_corrections IS
    'Values Keepa changed after Keeper had stored them: the former one, kept for audit.';

CREATE TABLE current_prices (
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    observed_at timestamptz NOT NULL,
    price_minor bigint CHECK (price_minor > 0),
    shipping_minor bigint CHECK (shipping_minor >= 0),
    currency text NOT NULL,
    implausible boolean NOT NULL DEFAULT false,
    source text NOT NULL,
    run_id text NOT NULL,
    last_checked_at timestamptz NOT NULL,
    PRIMARY KEY (asin, domain, price_type)
) WITH (fillfactor = 80);
COMMENT ON TABLE current_prices IS 'The newest point of every series and when it was last confirmed.';

CREATE TABLE alert_states (
    watch_id bigint PRIMARY KEY REFERENCES watched_products ON DELETE CASCADE,
    armed boolean NOT NULL,
    alerted_price_minor bigint,
    awaiting_price_minor bigint,
    observed_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL
);
COMMENT ON TABLE alert_states IS
    'Where each watch''s rule stands after the point (observed_at, checked_at); a later point moves it on.';
COMMENT ON COLUMN alert_states.awaiting_price_minor IS
    'An implausible price that fired the rule and waits for a second check to confirm it.';

CREATE TABLE price_alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    watch_id bigint NOT NULL REFERENCES watched_products ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    price_minor bigint NOT NULL,
    shipping_minor bigint,
    previous_price_minor bigint,
    target_minor bigint NOT NULL,
    currency text NOT NULL,
    observed_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    reason text NOT NULL,
    source text NOT NULL,
    run_id text NOT NULL,
    status text NOT NULL DEFAULT 'PENDING'
        CHECK (status IN ('PENDING', 'SENT', 'FAILED', 'NOT_CONFIGURED', 'CANCELLED')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    raised_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (watch_id, observed_at, checked_at)
);
CREATE INDEX price_alerts_outbox ON price_alerts (next_attempt_at) WHERE status = 'PENDING';
COMMENT ON TABLE price_alerts IS
    'Alerts raised by the loader in the transaction that stored the price; PENDING ones are the outbox.';

CREATE TABLE alert_deliveries (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES price_alerts ON DELETE CASCADE,
    channel text NOT NULL,
    attempt integer NOT NULL,
    status text NOT NULL CHECK (status IN ('SENT', 'FAILED', 'NOT_CONFIGURED')),
    detail text,
    seconds double precision,
    attempted_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (alert_id, channel, attempt)
);
CREATE UNIQUE INDEX alert_deliveries_sent_once ON alert_deliveries (alert_id, channel)
    WHERE status = 'SENT';

CREATE TABLE quarantined_records (
    record_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL,
    batch integer NOT NULL,
    row_number integer NOT NULL,
    expectation text NOT NULL,
    column_name text,
    asin text,
    domain text,
    price_type text,
    record jsonb NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (run_id, batch, row_number, expectation, column_name)
);
COMMENT ON TABLE quarantined_records IS
    'Price records that failed a check, each with the expectation it failed; never published.';

CREATE TABLE pipeline_runs (
    run_id text PRIMARY KEY,
    dag_id text NOT NULL,
    source text NOT NULL,
    state text NOT NULL CHECK (state IN ('RUNNING', 'SUCCESS', 'FAILED')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    products_planned integer NOT NULL DEFAULT 0,
    products_fetched integer NOT NULL DEFAULT 0,
    products_missing integer NOT NULL DEFAULT 0,
    tokens_spent integer NOT NULL DEFAULT 0,
    records_checked integer NOT NULL DEFAULT 0,
    records_quarantined integer NOT NULL DEFAULT 0,
    events_published integer NOT NULL DEFAULT 0,
    points_stored integer NOT NULL DEFAULT 0,
    alerts_raised integer NOT NULL DEFAULT 0,
    alerts_sent integer NOT NULL DEFAULT 0,
    problem text
);
COMMENT ON TABLE pipeline_runs IS 'One row a run of a pipeline, with what it did and what it cost.';
