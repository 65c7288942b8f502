-- What the API promises and a worker does: replays, rebuilds, tests of channels. The console has no
-- secret of a channel and no lasting process; it writes a request, and `keeper carry-out` does it.
-- depends: 0021_watch_tags

CREATE TABLE requests (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind <> ''),
    arguments jsonb NOT NULL,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    token_id bigint,
    origin text,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    progress double precision CHECK (progress BETWEEN 0 AND 1),
    claim text,
    claimed_until timestamptz,
    cancel_asked_at timestamptz,
    result jsonb,
    problem text,
    CHECK ((state = 'running') = (claim IS NOT NULL AND claimed_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX requests_of_user ON requests (user_id, request_id);
CREATE INDEX requests_due ON requests (due_at, request_id) WHERE state IN ('waiting', 'running');
-- Asking twice for the same before it is done is asking once.
CREATE UNIQUE INDEX requests_open ON requests (user_id, kind, arguments)
    WHERE state IN ('waiting', 'running');
COMMENT ON TABLE requests IS
    'What users asked the API for and a worker carries out: replays, rebuilds, tests of channels.';
COMMENT ON COLUMN requests.arguments IS 'What exactly was asked for; no secret.';
COMMENT ON COLUMN requests.token_id IS 'The API token it was asked with; null for a session.';
COMMENT ON COLUMN requests.due_at IS 'Not before; later than created_at after a failed attempt.';
COMMENT ON COLUMN requests.claim IS 'The attempt that runs now, by a name no other attempt has.';
COMMENT ON COLUMN requests.claimed_until IS
    'Its worker moves it on while it lives; once it is over another worker takes the request.';
COMMENT ON COLUMN requests.problem IS 'Why the last attempt failed; for operators, it may name hosts.';
