"""Commands about the console's users, their tokens and links to sign in."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.domain.deals.deal import DealFilter
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import save_filter
from tests.console_server import ANN, BOSS, Console
from tests.outbox import READER


@pytest.fixture
def keeper(database: PostgresConfig, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command on the test's database."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KEEPER_USER_EMAIL", BOSS)
    load_settings.cache_clear()
    runner = CliRunner()

    def run(*words: str) -> Result:
        return runner.invoke(app, words)

    return run


@pytest.fixture(autouse=True)
def _fresh_settings() -> None:
    load_settings.cache_clear()


def test_a_printed_link_signs_in(console: Console, keeper: Callable[..., Result]) -> None:
    printed = keeper("console", "login", BOSS)
    assert printed.exit_code == 0
    path = printed.stdout.strip().partition("localhost:8000")[2]

    console.clock.now = utc_now()
    client = console.nobody({"Origin": console.url})
    assert client.post(path).status_code == 200
    assert client.get("/api/v1/me").json()["role"] == "operator"
    elsewhere = keeper("console", "login", BOSS, "--url", "http://localhost:8001/")
    assert elsewhere.stdout.startswith("http://localhost:8001/sign-in/")
    no_address = keeper("console", "login", BOSS, "--url", "localhost:8001")
    assert no_address.exit_code == 2
    assert "--url" in no_address.output
    unknown = keeper("console", "login", ANN)
    assert unknown.exit_code == 2
    assert "no user" in unknown.output.replace("\n", " ")


def test_a_user_is_added_promoted_and_removed(keeper: Callable[..., Result]) -> None:
    assert keeper("users", "add", ANN).exit_code == 0
    assert keeper("users", "add", ANN.upper()).exit_code == 2
    assert keeper("users", "add", "nonsense").exit_code == 2
    assert keeper("users", "role", ANN, "operator").stdout == f"{ANN} is operator\n"
    assert keeper("users", "role", ANN, "king").exit_code == 2
    listed = keeper("users", "list").stdout
    assert ANN in listed
    assert keeper("users", "remove", ANN, "--yes").exit_code == 0
    assert keeper("users", "remove", ANN, "--yes").exit_code == 2
    assert ANN not in keeper("users", "list").stdout


def test_who_the_settings_name_stays_an_operator(keeper: Callable[..., Result]) -> None:
    keeper("api-tokens", "make", "first", "--scope", "operations:read")
    for command in (("users", "role", BOSS, "reader"), ("users", "remove", BOSS, "--yes")):
        refused = keeper(*command)
        assert refused.exit_code == 2
        assert "KEEPER_USER_EMAIL" in refused.output


def test_a_token_is_printed_alone_and_counts_until_it_is_revoked(
    console: Console, keeper: Callable[..., Result]
) -> None:
    made = keeper("api-tokens", "make", "script", "--scope", "watches:read")
    token = made.stdout.strip()
    assert token.startswith("keeper_pat_")
    console.clock.now = utc_now()
    program = console.nobody({"Authorization": f"Bearer {token}"})
    assert program.get("/api/v1/me").json()["scopes"] == ["watches:read"]

    listed = keeper("api-tokens", "list").stdout
    assert token not in listed
    assert "script" in listed
    (row,) = console.connection.execute("SELECT token_id FROM api_tokens").fetchall()
    assert keeper("api-tokens", "revoke", str(row["token_id"])).exit_code == 0
    assert program.get("/api/v1/me").status_code == 401
    assert keeper("api-tokens", "revoke", "999").exit_code == 2
    assert keeper("api-tokens", "make", "x", "--scope", "everything").exit_code == 2


def test_removing_a_user_takes_what_is_theirs_and_leaves_deals_and_prices(
    connection: Connection,
    keeper: Callable[..., Result],
    raise_alerts: Callable[..., None],
    console: Console,
) -> None:
    def count(query: str) -> int:
        (row,) = connection.execute(query).fetchall()
        return int(row["n"])

    raise_alerts(3)
    keeper("users", "add", ANN)
    save_filter(connection, READER, DealFilter("kettles", "us", "NEW"))
    browser = console.browser(READER)
    assert count("SELECT count(*) AS n FROM outbox WHERE status = 'PENDING'") == 3

    assert keeper("users", "remove", READER, "--yes").exit_code == 0

    for table in ("watched_products", "price_alerts", "alert_states", "outbox", "sessions"):
        assert count(f"SELECT count(*) AS n FROM {table}") == 0
    assert count("SELECT count(*) AS n FROM channels") == 1
    assert count("SELECT count(*) AS n FROM current_prices") == 3
    assert browser.get("/api/v1/me").status_code == 401
    kept = connection.execute("SELECT status, name FROM deal_filters").fetchall()
    assert [(row["status"], row["name"].split()[0]) for row in kept] == [("INACTIVE", "removed")]
    assert count("SELECT count(*) AS n FROM audit_log WHERE action = 'user removed'") == 1
