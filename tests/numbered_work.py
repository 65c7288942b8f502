"""Rows of each kind that `keeper metrics` counts, beside watches and their alerts."""

from keeper.stores.postgres.connection import Connection


def insert_work(connection: Connection) -> None:
    """Insert a good run and a later failed one, tokens, deliveries, a comparison and a notice."""
    connection.execute(
        "INSERT INTO pipeline_runs (run_id, dag_id, source, state, started_at, finished_at,"
        " products_planned, products_postponed) VALUES"
        " ('a', 'track_prices', 'keepa', 'SUCCESS', now() - interval '9 h', now() - interval '8 h',"
        " 5, 0), ('b', 'track_prices', 'keepa', 'FAILED', now() - interval '2 h',"
        " now() - interval '1 h', 7, 2);"
        "INSERT INTO token_accounts VALUES ('f00', 321, 20, now(), now(), now(), 30, 0);"
        "INSERT INTO token_ledger (account, endpoint, products, state, tokens_estimated,"
        " tokens_charged, requested_at) VALUES ('f00', 'product', 5, 'CHARGED', 5, 6, now());"
        "INSERT INTO alert_deliveries (message_id, alert_id, channel, attempt, status, seconds)"
        " SELECT message_id, alert_id, 'email', 1, 'FAILED', 0.5 FROM outbox;"
        "INSERT INTO reconciliations (mirror, compared_at, is_dry_run, days, different, missing,"
        " outdated, surplus, in_motion, refused, examples)"
        " VALUES ('prices', now(), false, 1, 1, 4, 0, 0, 0, 0, '{}');"
        "INSERT INTO requests (kind, arguments, user_id, state, created_at, due_at, finished_at)"
        " SELECT 'back-up', '{}', user_id, 'done', now(), now(), now() - interval '2 h'"
        " FROM users LIMIT 1;"
        "INSERT INTO operator_notices (topic, subject, details, since, raised_at, last_seen_at)"
        " VALUES ('lag:keeper-search-prices', 's', 'd', now(), now(), now())"
    )
