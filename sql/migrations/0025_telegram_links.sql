-- Telegram accounts of users, what the bot and the mini app act by, and what the bot remembers.
-- depends: 0024_surplus_kept

CREATE TABLE telegram_links (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    telegram_id bigint NOT NULL UNIQUE,
    linked_at timestamptz NOT NULL
);
COMMENT ON TABLE telegram_links IS
    'Which Telegram account is which user''s: one each, proven by a one-time code.';
-- Of its own: who takes back an earlier migration drops the others.
CREATE FUNCTION notify_changed_links() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('keeper_changes', 'access *');
    RETURN NULL;
END
$$;
CREATE TRIGGER changes_made AFTER UPDATE OR DELETE OR TRUNCATE ON telegram_links
    EXECUTE FUNCTION notify_changed_links();

CREATE TABLE telegram_codes (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    digest bytea NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE telegram_codes IS
    'One-time codes that link a Telegram account: the SHA-256 of each user''s latest, never the code.';

CREATE TABLE short_tokens (
    short_token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES telegram_links ON DELETE CASCADE,
    means text NOT NULL CHECK (means IN ('bot', 'mini app')),
    digest bytea NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX short_tokens_of_user ON short_tokens (user_id);
COMMENT ON TABLE short_tokens IS
    'Tokens of minutes by which the bot or the mini app acts for a linked user: the SHA-256 of each.';

CREATE TABLE telegram_bot (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    username text NOT NULL
);
COMMENT ON TABLE telegram_bot IS
    'What the bot is called at Telegram, for links that open it; it says so itself when it starts.';

CREATE TABLE bot_memory (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX bot_memory_by_time ON bot_memory (expires_at);
COMMENT ON TABLE bot_memory IS
    'What the bot remembers where it has no Redis: open questions by chat, and updates it has seen.';

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_actor_check,
    ADD CONSTRAINT audit_log_actor_check CHECK (actor IN ('user', 'token', 'command', 'bot'));
