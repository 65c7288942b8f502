-- Limits of each user, answers kept for retries, and links to sign in that the deliverer mails.
-- depends: 0022_requests

CREATE TABLE user_limits (
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    most integer CHECK (most >= 0),
    PRIMARY KEY (user_id, name)
);
COMMENT ON TABLE user_limits IS
    'How much of something one user may have or do, where an operator has set it apart from the settings.';
COMMENT ON COLUMN user_limits.most IS 'Null for no limit.';

CREATE TABLE limit_uses (
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    since timestamptz NOT NULL,
    used integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (user_id, name)
);
COMMENT ON TABLE limit_uses IS
    'How much of a limit by the hour or the day each user has used since its span began.';

CREATE TABLE idempotency_keys (
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    key text NOT NULL CHECK (key <> ''),
    request bytea NOT NULL,
    claim bytea NOT NULL,
    claimed_at timestamptz NOT NULL,
    status integer CHECK (status BETWEEN 200 AND 399),
    headers jsonb,
    body bytea,
    PRIMARY KEY (user_id, key),
    CHECK (num_nonnulls(status, headers, body) IN (0, 3))
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (claimed_at);
COMMENT ON TABLE idempotency_keys IS
    'Answers of the API to requests with an Idempotency-Key, for a day: who repeats one gets the same answer.';
COMMENT ON COLUMN idempotency_keys.request IS
    'SHA-256 of method, address and body: another request with the same key is refused.';
COMMENT ON COLUMN idempotency_keys.claim IS 'Names the request that is being, or was, carried out.';
COMMENT ON COLUMN idempotency_keys.status IS 'Null while nothing has been answered.';

-- The deliverer makes a link's secret when it mails it, so that no table ever holds one.
ALTER TABLE sign_in_links ALTER COLUMN digest DROP NOT NULL;
ALTER TABLE sign_in_links ADD COLUMN base_url text;
ALTER TABLE sign_in_links ADD CHECK (digest IS NOT NULL OR base_url IS NOT NULL);
COMMENT ON TABLE sign_in_links IS
    'One-time links to sign in to the console: the SHA-256 of each, never the link itself.';
COMMENT ON COLUMN sign_in_links.digest IS 'Null until the deliverer has made the secret.';
COMMENT ON COLUMN sign_in_links.base_url IS
    'Where the console is, for a link that the deliverer makes; null for one that was printed.';

ALTER TABLE outbox ADD COLUMN link_id bigint UNIQUE REFERENCES sign_in_links ON DELETE CASCADE;
ALTER TABLE outbox DROP CONSTRAINT outbox_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_check
    CHECK (num_nonnulls(alert_id, report_id, notice_id, link_id) = 1);
COMMENT ON TABLE outbox IS
    'One row for each channel that an alert, a report or a notice goes to, and for each mail with a link to sign in; PENDING ones are due.';
