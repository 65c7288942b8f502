"""What `keeper watch list` shows, in which order, and what it says it leaves out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.stored_prices import store_current_price

CHECKED = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _settings(
    database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KEEPER_USER_EMAIL", "reader@example.org")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture(autouse=True)
def _watches(connection: Connection) -> None:
    """Four watches: one below its target, one above, a German one, a paused one."""
    for number, price in ((1, 900), (2, 2100)):
        keeper("watch", "add", f"B00000000{number}", "--target", "10")
        store_current_price(connection, f"B00000000{number}", at=CHECKED, price=price)
    keeper("watch", "add", "B000000003", "--domain", "de", "--type", "used")
    keeper("watch", "add", "B000000004")
    keeper("watch", "pause", "B000000004")
    connection.execute(
        "UPDATE watched_products SET last_checked_at = %s WHERE asin < 'B000000003'", (CHECKED,)
    )


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def shown(*words: str) -> tuple[list[int], str]:
    """Return the last digits of the ASINs that are listed, and the line below."""
    result = keeper("watch", "list", *words)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    asins = [line.strip("│ ").split()[0] for line in lines if "B00000000" in line]
    return [int(asin[-1]) for asin in asins], lines[-1]


@pytest.mark.parametrize(
    ("words", "asins", "counted"),
    [
        ((), [3, 1, 2, 4], "4 watches"),
        (("--domain", "DE"), [3], "1 watch. 3 more are left out"),
        (("--type", "Used"), [3], "1 watch. 3 more"),
        (("--status", "paused"), [4], "1 watch. 3 more"),
        (("--status", "Active", "--status", "PAUSED", "--limit", "2"), [3, 1], "2 of 4 watches"),
        (("--below-target",), [1], "1 watch. 3 more"),
        (("--sort", "distance", "--domain", "us"), [1, 2, 4], "3 watches. 1 more"),
        (("b000000002",), [2], "1 watch. 3 more"),
        (("nowhere",), [], "None of 4 watches is so"),
    ],
)
def test_options_choose_and_sort_and_what_is_left_out_is_said(
    words: tuple[str, ...], asins: list[int], counted: str
) -> None:
    found, line = shown(*words)

    assert found == asins
    assert line.startswith(counted)


def test_removed_ones_are_shown_when_asked_for() -> None:
    keeper("watch", "remove", "B000000001")

    assert shown() == ([3, 2, 4], "3 watches. 1 more is left out by status or another option.")
    assert shown("--all")[0] == [3, 1, 2, 4]
    assert shown("--status", "removed")[0] == [1]
    assert keeper("watch", "list", "--status", "gone").exit_code == 2


def test_times_are_by_the_readers_clock_with_its_zone() -> None:
    assert "2026-03-01 23:30 UTC" in keeper("watch", "list").stdout

    keeper("alerts", "hours", "--zone", "Asia/Tokyo")

    assert "2026-03-02 08:30 JST" in keeper("watch", "list").stdout
    assert "2026-03-01T23:30:00Z" in keeper("watch", "list", "--json").stdout


@pytest.mark.parametrize("width", [120, 80, 50])
def test_a_list_fits_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    lines = keeper("watch", "list").stdout.splitlines()

    table = [line for line in lines if line[:1] in "┏┃┡│└"]
    assert max(map(len, table)) <= width
    # A row is never broken within its ASIN, price or target.
    assert sum("$9.00" in line and "B000000001" in line for line in table) == 1
