-- One-use tickets for the live feed, for programs that can send no header with a WebSocket.
-- depends: 0026_languages

CREATE TABLE feed_tickets (
    digest bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    session_id bigint REFERENCES sessions ON DELETE CASCADE,
    token_id bigint REFERENCES api_tokens ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    CHECK (num_nonnulls(session_id, token_id) <= 1)
);
CREATE INDEX feed_tickets_by_time ON feed_tickets (expires_at);
COMMENT ON TABLE feed_tickets IS
    'One-use tickets for the live feed: the SHA-256 of each, never the ticket itself; deleted by its use.';
COMMENT ON COLUMN feed_tickets.session_id IS
    'The session it was made with, or token_id; what it opens ends with it. Neither: signed in at a proxy.';
