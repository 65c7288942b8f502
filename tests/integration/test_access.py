"""Each role may do what its programs need, and no more."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from keeper.errors import SettingsError
from keeper.pipeline.backups.make import make_backup
from keeper.pipeline.storage.maintain import Retention, drop_old
from keeper.settings import load_settings
from keeper.stores.postgres.access import APPLICATION, CONSOLE, READ, ROLES, grant_access
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.lock_waits import LockedOutError, retried
from keeper.stores.postgres.migrations import migrate, missing_migrations
from keeper.stores.postgres.prices.roll_ups import roll_up
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.storage.retention import analyse, make_months, partitions
from tests.databases import as_role
from tests.price_events import price_event
from tests.services import Stack

NOW = datetime.now(UTC)
UNSEEN_BY_THE_CONSOLE = {"bot_memory", "trend_changes", "due_trends"}
DENIED = psycopg.errors.InsufficientPrivilege
RIGHTS = """
    SELECT c.relname, p.privilege_type FROM pg_class c
    CROSS JOIN LATERAL aclexplode(c.relacl) AS p JOIN pg_roles r ON r.oid = p.grantee
    WHERE r.rolname = %s AND c.relnamespace IN ('public'::regnamespace, 'analytics'::regnamespace)
    ORDER BY 1, 2
"""
CALLERS = """
    SELECT r.rolname AS role, p.proname AS name FROM pg_proc p CROSS JOIN pg_roles r
    WHERE p.proname = ANY (%(names)s) AND r.rolname LIKE 'keeper\\_%%'
        AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
"""


@pytest.fixture
def login(stack: Stack, database: PostgresConfig) -> Callable[[str], PostgresConfig]:
    """Returns the test's database as a role reaches it."""
    return lambda role: as_role(stack, database, role)


def test_the_application_loads_and_keeps_order_without_owning_anything(
    login: Callable[[str], PostgresConfig],
) -> None:
    with closing(PriceWriter(login(APPLICATION))) as writer:
        later = int((NOW + timedelta(days=400) - price_event(1).timestamp).total_seconds()) // 3600
        assert writer.store([price_event(1500), price_event(900, hour=later)]).points == 2
    with session(login(APPLICATION)) as connection:
        assert missing_migrations(connection) == []
        assert make_months(connection, NOW + timedelta(days=600))
        roll_up(connection, at=NOW)
        analyse(connection)
        oldest = partitions(connection)[0].name
        drop_old(connection, Retention(points=1500, records=400), at=NOW, apply=True)
        assert partitions(connection)[0].name != oldest
        for statement in (
            "DROP TABLE price_points",
            "ALTER TABLE users ADD COLUMN x integer",
            "CREATE TABLE mine ()",
            "DELETE FROM _yoyo_migration",
            "SELECT add_price_partition('2099-01-01Z', '2100-01-01Z')",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.RaiseException, match="users is no partition"):
            connection.execute("SELECT drop_price_partition('users')")


def test_a_dump_needs_the_login_that_owns_the_tables(
    login: Callable[[str], PostgresConfig], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", login(APPLICATION).url)
    monkeypatch.setenv("KEEPER_BACKUPS", str(tmp_path))
    monkeypatch.delenv("KEEPER_BACKUP_SERVER_URL", raising=False)

    load_settings.cache_clear()
    with pytest.raises(SettingsError, match="keeper_app may not read all"):
        make_backup(load_settings())
    load_settings.cache_clear()


def test_upkeep_names_whose_transaction_holds_it_up(
    login: Callable[[str], PostgresConfig], database: PostgresConfig
) -> None:
    with (
        session(replace(database, application="the night's report")) as reader,
        session(login(APPLICATION)) as upkeep,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT FROM price_points")
        with pytest.raises(LockedOutError, match="the night's report"):
            retried(
                lambda: upkeep.execute("SELECT drop_price_partition('price_points_2011')"),
                "dropping",
                upkeep,
                gives_up_after_s=0,
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE price_points SET price_minor = 1",
        "DELETE FROM price_history",
        "UPDATE token_ledger SET tokens_charged = 0",
        "DELETE FROM audit_log",
        "UPDATE audit_log SET actor = 'command'",
        "DELETE FROM operator_notices",
        "SELECT FROM bot_memory",
        "SELECT add_price_months(now() + interval '90 years')",
        "SELECT drop_price_partition('price_points_2011')",
        "CREATE TABLE mine ()",
    ],
)
def test_the_console_writes_no_price_and_hides_nothing(
    login: Callable[[str], PostgresConfig], statement: str
) -> None:
    with session(login(CONSOLE)) as connection:
        assert missing_migrations(connection) == []
        with pytest.raises(DENIED):
            connection.execute(statement.encode())


def test_analysts_read_prices_and_nothing_of_people(
    login: Callable[[str], PostgresConfig], database: PostgresConfig
) -> None:
    with closing(PriceWriter(database)) as writer:
        writer.store([price_event(1500)])
    with session(login(READ)) as connection:
        assert connection.execute("SELECT FROM price_history").rowcount == 1
        for analysis in (
            *("daily_prices('B000000001', 'us')", "daily_changes()", "token_use()"),
            *("drops", "deal_quality", "locale_summary"),
        ):
            connection.execute(f"SELECT FROM analytics.{analysis}".encode())
        for table in ("users", "watched_products", "channels", "sessions", "outbox", "audit_log"):
            with pytest.raises(DENIED):
                connection.execute(f"SELECT FROM {table}".encode())
        with pytest.raises(DENIED):
            connection.execute("DELETE FROM price_history")


def test_every_table_says_what_the_console_may(connection: Connection) -> None:
    tables = {
        row["relname"]
        for row in connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'v') AND NOT relispartition AND relname NOT LIKE '%yoyo%'"
        )
    }
    rows = connection.execute(RIGHTS, [CONSOLE]).fetchall()
    seen = {row["relname"] for row in rows} - {"_yoyo_migration"}
    assert seen == tables - UNSEEN_BY_THE_CONSOLE


def test_granting_again_changes_nothing_and_takes_back_what_was_added(
    connection: Connection, database: PostgresConfig
) -> None:
    before = {role: connection.execute(RIGHTS, [role]).fetchall() for role in ROLES}
    connection.execute(f"GRANT ALL ON price_points, audit_log TO {CONSOLE}".encode())
    connection.execute(f"GRANT SELECT ON users TO {READ}".encode())
    # As they are after a dump without privileges is restored.
    functions = ("add_price_partition", "add_price_months", "drop_price_partition")
    connection.execute(f"GRANT EXECUTE ON FUNCTION {', '.join(functions)} TO PUBLIC".encode())

    assert migrate(database) == []
    assert grant_access(connection) == sorted(ROLES)

    assert {role: connection.execute(RIGHTS, [role]).fetchall() for role in ROLES} == before
    rows = connection.execute(CALLERS, {"names": list(functions)}).fetchall()
    assert {(row["role"], row["name"]) for row in rows} == {
        (APPLICATION, "add_price_months"),
        (APPLICATION, "drop_price_partition"),
    }
