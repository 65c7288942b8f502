"""`keeper watch`, as a person types it, on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.settings import load_settings
from keeper.stores.postgres.connection import PostgresConfig


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


def keeper(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=stdin)


def export() -> list[str]:
    return keeper("watch", "export").stdout.splitlines()[1:]


def test_a_pasted_address_is_watched_listed_and_exported() -> None:
    added = keeper("watch", "add", "https://www.amazon.de/x/dp/B000000001", "--target", "24.99")

    assert added.exit_code == 0, added.output
    assert "added: B000000001 de NEW at or below €24.99" in added.stdout
    listed = keeper("watch", "list")
    assert "B000000001" in listed.stdout
    assert "never" in listed.stdout
    assert export() == ["B000000001,de,NEW,24.99,ACTIVE,NORMAL"]


def test_adding_again_changes_the_target() -> None:
    keeper("watch", "add", "B000000001", "--target", "10")

    assert "unchanged" in keeper("watch", "add", "B000000001", "--target", "10").stdout
    assert "changed" in keeper("watch", "add", "B000000001", "--target", "12").stdout
    assert export() == ["B000000001,us,NEW,12.00,ACTIVE,NORMAL"]


def test_a_priority_stays_until_another_is_given() -> None:
    keeper("watch", "add", "B000000001", "--target", "10", "--priority", "high")
    keeper("watch", "add", "B000000001", "--target", "12")
    assert export() == ["B000000001,us,NEW,12.00,ACTIVE,HIGH"]

    assert (
        "changed"
        in keeper("watch", "add", "B000000001", "--target", "12", "--priority", "low").stdout
    )
    assert export() == ["B000000001,us,NEW,12.00,ACTIVE,LOW"]
    assert keeper("watch", "add", "B000000001", "--priority", "urgent").exit_code == 2


def test_a_watch_is_paused_resumed_and_removed() -> None:
    keeper("watch", "add", "B000000001", "--target", "10")

    assert keeper("watch", "pause", "b000000001").exit_code == 0
    assert export() == ["B000000001,us,NEW,10.00,PAUSED,NORMAL"]
    assert keeper("watch", "resume", "B000000001", "--domain", "us").exit_code == 0
    assert keeper("watch", "remove", "B000000001").exit_code == 0
    assert "INACTIVE" in keeper("watch", "list", "--all").stdout
    assert "Nothing is watched" in keeper("watch", "list").stdout
    gone = keeper("watch", "pause", "B000000001")
    assert gone.exit_code == 1
    assert "not on the list" in gone.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("B00",), "not an ASIN"),
        (("B000000001", "--domain", "nl"), "'nl'"),
        (("B000000001", "--price-type", "BUYBOX"), "BUY_BOX_SHIPPING"),
        (("B000000001", "--price-type", "RATING"), "not a price"),
        (("B000000001", "--target", "cheap"), "not an amount"),
        (("B000000001", "--target", "10.5", "--domain", "jp"), "JPY"),
        (("B000000001", "--user", "me"), "e-mail"),
    ],
    ids=["asin", "locale", "price type", "not a price", "amount", "yen", "user"],
)
def test_a_mistake_is_one_clear_sentence(words: tuple[str, ...], said: str) -> None:
    result = keeper("watch", "add", *words)

    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
    assert export() == []


def test_a_file_with_bad_rows_gives_the_good_ones_and_names_the_others(tmp_path: Path) -> None:
    file = tmp_path / "watches.csv"
    file.write_text("\ufeffasin,target_price\nB000000001,10\nnonsense,5\nB000000002,\n", "utf-8")

    dry = keeper("watch", "import", str(file), "--dry-run")
    assert dry.exit_code == 1
    assert "2 rows are good, 1 bad" in dry.stdout
    assert export() == []

    result = keeper("watch", "import", str(file))
    assert result.exit_code == 1
    assert "line 3" in result.output
    assert "2 added, 1 bad" in result.stdout
    assert export() == ["B000000001,us,NEW,10.00,ACTIVE,NORMAL", "B000000002,us,NEW,,ACTIVE,NORMAL"]


def test_an_export_is_imported_unchanged() -> None:
    keeper("watch", "add", "B000000001", "--target", "10")
    exported = keeper("watch", "export").stdout

    result = keeper("watch", "import", "-", stdin=exported)

    assert result.exit_code == 0
    assert "1 unchanged, 0 bad" in result.stdout


def test_users_have_lists_of_their_own() -> None:
    keeper("watch", "add", "B000000001", "--user", "one@example.org")
    keeper("watch", "add", "B000000001", "--user", "two@example.org")

    assert "B000000001" in keeper("watch", "list", "--user", "ONE@example.org").stdout
    assert export() == []


def test_a_missing_file_is_one_sentence() -> None:
    result = keeper("watch", "import", "nowhere.csv")

    assert result.exit_code == 2
    assert "No such file" in " ".join(result.output.replace("│", " ").split())
