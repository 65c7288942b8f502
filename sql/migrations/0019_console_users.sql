-- Roles, sign-in, sessions and API tokens for the console, and who did what.
-- depends: 0018_coupons_and_mornings

ALTER TABLE users ADD COLUMN role text NOT NULL DEFAULT 'reader'
    CHECK (role IN ('reader', 'operator'));
COMMENT ON COLUMN users.role IS
    'A reader sees what is theirs, an operator everything; who the settings name is an operator all the same.';

CREATE TABLE sign_in_links (
    link_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    digest bytea NOT NULL UNIQUE,
    is_mailed boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX sign_in_links_of_user ON sign_in_links (user_id, created_at);
COMMENT ON TABLE sign_in_links IS
    'One-time links to sign in to the console: the SHA-256 of each, never the link itself.';

CREATE TABLE sessions (
    session_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    digest bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
COMMENT ON TABLE sessions IS
    'Who is signed in to the console: the SHA-256 of each session''s secret, never the secret.';
COMMENT ON COLUMN sessions.last_used_at IS 'Moved on once a minute at most.';

CREATE TABLE api_tokens (
    token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    digest bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_tokens_of_user ON api_tokens (user_id);
COMMENT ON TABLE api_tokens IS
    'Tokens of programs that use the console''s API: the SHA-256 of each, never the token.';
COMMENT ON COLUMN api_tokens.last_used_at IS 'Moved on once a minute at most; null if never used.';

CREATE TABLE audit_log (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor IN ('user', 'token', 'command')),
    user_id bigint,
    email text,
    token_id bigint,
    action text NOT NULL,
    subject text NOT NULL,
    origin text,
    result text NOT NULL
);
CREATE INDEX audit_log_by_time ON audit_log (happened_at);
COMMENT ON TABLE audit_log IS
    'Who did what to what, from where and with what result: sign-ins, tokens, roles, removals, imports.';
COMMENT ON COLUMN audit_log.user_id IS
    'Whose session or token it was; kept when the user is removed. Null for a command.';
COMMENT ON COLUMN audit_log.origin IS 'The address the request came from; null for a command.';
