-- Daily deal reports, notices to the operator, and messages of both beside those of alerts.
-- depends: 0009_outbox

ALTER TABLE users ADD COLUMN deal_reports text NOT NULL DEFAULT 'WITH_DEALS'
    CHECK (deal_reports IN ('OFF', 'WITH_DEALS', 'ALWAYS'));
COMMENT ON COLUMN users.deal_reports IS
    'Whether the daily report comes: never, on days with new deals, or every day.';

CREATE TABLE deal_reports (
    report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    run_id text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    simulated boolean NOT NULL,
    left_out integer NOT NULL,
    published_at timestamptz,
    UNIQUE (user_id, run_id)
);
CREATE INDEX deal_reports_latest ON deal_reports (user_id, until DESC);
COMMENT ON TABLE deal_reports IS 'A user''s report of the deals found since the one before.';
COMMENT ON COLUMN deal_reports.left_out IS 'Products with new deals that it only counts.';
COMMENT ON COLUMN deal_reports.published_at IS
    'When the deals it tells were published to deal-updates; null until then.';

CREATE TABLE reported_deals (
    report_id bigint NOT NULL REFERENCES deal_reports ON DELETE CASCADE,
    event_id text NOT NULL,
    position smallint,
    deal jsonb,
    PRIMARY KEY (report_id, event_id),
    CHECK ((position IS NULL) = (deal IS NULL))
);
CREATE INDEX reported_deals_of_event ON reported_deals (event_id);
COMMENT ON TABLE reported_deals IS
    'What a report was made of; no deal comes up in two reports of a user.';
COMMENT ON COLUMN reported_deals.position IS
    'Where it stands in the report; null for one that was only counted, better ones having come first.';
COMMENT ON COLUMN reported_deals.deal IS 'As it was told.';

CREATE TABLE operator_notices (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    subject text NOT NULL,
    details text NOT NULL,
    since timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX operator_notices_open ON operator_notices (topic) WHERE resolved_at IS NULL;
COMMENT ON TABLE operator_notices IS
    'What the operator was told; while it lasts it is told once a day, however often it is seen.';
COMMENT ON COLUMN operator_notices.topic IS 'What the notice is about: run:track_prices, tokens, …';
COMMENT ON COLUMN operator_notices.since IS 'When it was first seen, in an earlier notice maybe.';

ALTER TABLE outbox
    ALTER COLUMN alert_id DROP NOT NULL,
    ADD COLUMN report_id bigint REFERENCES deal_reports ON DELETE CASCADE,
    ADD COLUMN notice_id bigint REFERENCES operator_notices ON DELETE CASCADE,
    ADD CHECK (num_nonnulls(alert_id, report_id, notice_id) = 1),
    ADD UNIQUE (report_id, channel_id),
    ADD UNIQUE (notice_id, channel_id);
COMMENT ON TABLE outbox IS
    'One row for each channel that an alert, a report or a notice goes to; PENDING ones are due.';
ALTER TABLE alert_deliveries ALTER COLUMN alert_id DROP NOT NULL;
COMMENT ON TABLE alert_deliveries IS
    'A row for each attempt to deliver an alert, a report or a notice by a channel.';
