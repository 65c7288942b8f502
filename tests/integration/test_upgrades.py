"""Databases of former versions, brought to this one and back."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from yoyo import get_backend, read_migrations

from keeper.domain.messages.notices import Trouble
from keeper.pipeline.services.migrate import migrate_part
from keeper.pipeline.services.request_prices import MIGRATION
from keeper.settings import Settings
from keeper.stores.postgres.connection import SQL_DIR, PostgresConfig, session
from keeper.stores.postgres.messages.channels import list_channels
from keeper.stores.postgres.messages.notices import list_notices, raise_notice
from keeper.stores.postgres.migrations import migrate
from tests.price_events import START

READER = "reader@example.org"
ONE_CHANNEL = "0007_roll_ups"
_FORMER = """
INSERT INTO users (email) VALUES ('reader@example.org');
INSERT INTO watched_products (user_id, asin, domain, price_type, target_minor)
SELECT user_id, 'B00000000' || n, 'us', 'NEW', 1000
FROM users, generate_series(1, 3) n WHERE NOT is_system;
INSERT INTO alert_states (watch_id, armed, alerted_price_minor, observed_at, checked_at)
SELECT watch_id, false, 900, now(), now() FROM watched_products;
INSERT INTO price_alerts (watch_id, user_id, asin, domain, price_type, price_minor, target_minor,
    currency, observed_at, checked_at, reason, source, run_id, status, attempts)
SELECT watch_id, user_id, asin, 'us', 'NEW', 900, 1000, 'USD', %(at)s, %(at)s,
    'at or below your target', 'simulator', 'run-1',
    (ARRAY['SENT', 'PENDING', 'NOT_CONFIGURED'])[watch_id], 1
FROM watched_products;
INSERT INTO alert_deliveries (alert_id, channel, attempt, status)
SELECT alert_id, 'email', 1, CASE status WHEN 'PENDING' THEN 'FAILED' ELSE status END
FROM price_alerts;
"""


@pytest.fixture
def former(make_database: Callable[[], PostgresConfig]) -> PostgresConfig:
    """A database as it was before there were rules and channels, with alerts in it."""
    config = make_database()
    undo(config, ONE_CHANNEL)
    with psycopg.connect(config.url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_FORMER, {"at": START})
    return config


def undo(config: PostgresConfig, until: str) -> None:
    """Undo the migrations after one."""
    url = urlunsplit(urlsplit(config.url)._replace(scheme="postgresql+psycopg"))
    backend = get_backend(url)
    migrations = read_migrations(str(SQL_DIR / "migrations"))
    later = migrations.filter(lambda migration: migration.id > until)
    with backend.lock():
        backend.rollback_migrations(backend.to_rollback(later))
    backend.connection.close()


def alerts(config: PostgresConfig) -> list[dict[str, Any]]:
    with session(config) as connection:
        return connection.execute(
            "SELECT a.asin, a.status, o.status AS message, o.attempts, d.attempt,"
            " d.status AS delivery FROM price_alerts a JOIN outbox o USING (alert_id)"
            " JOIN alert_deliveries d USING (message_id) ORDER BY a.asin"
        ).fetchall()


def test_alerts_of_one_channel_become_messages_of_it(former: PostgresConfig) -> None:
    assert {"0008_alert_rules", "0009_outbox"} <= set(migrate(former))

    found = [(one["status"], one["message"], one["delivery"]) for one in alerts(former)]
    assert found == [
        ("SENT", "SENT", "SENT"),
        ("PENDING", "PENDING", "FAILED"),
        ("NOT_CONFIGURED", "NOT_CONFIGURED", "NOT_CONFIGURED"),
    ]
    with session(former) as connection:
        (channel,) = list_channels(connection, READER)
        states = connection.execute("SELECT rule, armed FROM alert_states").fetchall()
    assert str(channel.to) == f"email:{READER}"
    assert states == [{"rule": "target", "armed": False}] * 3


def test_what_was_done_can_be_undone_and_done_again(former: PostgresConfig) -> None:
    migrate(former)
    before = alerts(former)
    undo(former, ONE_CHANNEL)
    with session(former) as connection:
        rows = connection.execute("SELECT status, attempts FROM price_alerts ORDER BY asin")
        assert [row["status"] for row in rows] == ["SENT", "PENDING", "NOT_CONFIGURED"]

    migrate(former)

    assert [one["message"] for one in alerts(former)] == [one["message"] for one in before]


def test_without_reports_and_notices_the_outbox_has_its_alerts_again(
    former: PostgresConfig,
) -> None:
    migrate(former)
    with session(former) as connection:
        raise_notice(connection, Trouble("tokens", "x", "x"), operator=READER, at=START)
        connection.execute(
            "INSERT INTO alert_deliveries (message_id, channel, attempt, status)"
            " SELECT message_id, 'email', 1, 'FAILED' FROM outbox WHERE notice_id IS NOT NULL"
        )

    undo(former, "0009_outbox")

    assert [one["asin"][-1] for one in alerts(former)] == ["1", "2", "3"]
    with session(former) as connection:
        rows = connection.execute("SELECT count(*)::int AS messages FROM outbox").fetchall()
        assert rows == [{"messages": 3}]
    assert migrate(former)[0] == "0010_reports_and_notices"


_BEFORE_DETAILS = """
INSERT INTO users (email) VALUES ('reader@example.org');
INSERT INTO watched_products (user_id, asin, domain, price_type, last_checked_at)
SELECT user_id, w.asin, 'us', w.price_type, %(at)s
FROM users, (VALUES ('B000000001', 'NEW'), ('B000000002', 'BUY_BOX_SHIPPING'),
    ('B000000003', 'WAREHOUSE'), ('B000000004', 'WAREHOUSE'), ('B000000005', 'RENT'))
    AS w (asin, price_type)
WHERE NOT is_system;
INSERT INTO price_series (asin, domain, price_type, currency)
VALUES ('B000000004', 'us', 'WAREHOUSE', 'USD');
INSERT INTO watched_products (user_id, asin, domain, price_type, priority)
SELECT user_id, 'B000000006', 'us', price_type, -1
FROM users, (VALUES ('WAREHOUSE'), ('AMAZON')) AS w (price_type) WHERE is_system;
"""


def test_what_could_never_be_checked_is_asked_for_again_and_the_bill_is_said_once(
    make_database: Callable[[], PostgresConfig],
) -> None:
    config = make_database()
    undo(config, "0012_token_flow_reduction")
    with psycopg.connect(config.url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_BEFORE_DETAILS, {"at": START})
    settings = Settings.from_variables(
        {"DATABASE_URL": config.url, "KEEPER_OPERATOR_EMAIL": "operator@example.org"}
    )

    assert MIGRATION in migrate_part("postgres", settings)
    assert migrate_part("postgres", settings) == []

    with session(config) as connection:
        rows = connection.execute(
            "SELECT asin, status, last_checked_at FROM watched_products"
            " JOIN users USING (user_id) WHERE NOT is_system ORDER BY asin"
        ).fetchall()
        followed = connection.execute(
            "SELECT price_type, status FROM watched_products WHERE asin = 'B000000006'"
            " ORDER BY price_type"
        ).fetchall()
        (notice,) = list_notices(connection, with_resolved=True, most=10)
    assert [tuple(row.values())[1:] for row in rows] == [
        ("ACTIVE", START),
        ("ACTIVE", None),
        ("ACTIVE", None),
        # It has prices, so it was seen.
        ("ACTIVE", START),
        ("PAUSED", START),
    ]
    assert [tuple(row.values()) for row in followed] == [
        ("AMAZON", "ACTIVE"),
        ("NEW", "ACTIVE"),
        ("WAREHOUSE", "INACTIVE"),
    ]
    assert notice.details.splitlines() == [
        "1 watched products need the buy box, 2 watched products need Keepa's offers: about 19 "
        "tokens a run in place of 5; see keeper keepa plan",
        "1 watches of RENT are paused: Keepa keeps no rents any more",
    ]


def test_a_list_of_plain_prices_is_migrated_without_a_word(
    make_database: Callable[[], PostgresConfig],
) -> None:
    config = make_database()
    undo(config, "0012_token_flow_reduction")
    settings = Settings.from_variables({"DATABASE_URL": config.url})

    assert MIGRATION in migrate_part("postgres", settings)

    with session(config) as connection:
        assert list_notices(connection, with_resolved=True, most=10) == []
