"""A bare ASIN means the same in every command, and each says what it touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.settings import load_settings
from keeper.stores.postgres.connection import PostgresConfig

ASIN = "B000000001"


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


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def said(result: Result) -> str:
    return " ".join(result.output.replace("│", " ").split())


def watches() -> list[str]:
    return [line[:23] for line in keeper("watch", "export").stdout.splitlines()[1:]]


EVERY_COMMAND = [
    ("watch", "add", ASIN, "--target", "20"),
    ("watch", "try", ASIN),
    ("watch", "pause", ASIN),
    ("watch", "resume", ASIN),
    ("watch", "remove", ASIN),
    ("alerts", "snooze", ASIN),
]


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=lambda words: " ".join(words[:2]))
def test_watched_in_one_locale_that_one_is_meant(words: tuple[str, ...]) -> None:
    keeper("watch", "add", ASIN, "--domain", "de", "--target", "30")

    done = keeper(*words)

    assert done.exit_code == 0, done.output
    assert f"{ASIN} de NEW" in done.stdout or "No --domain given: de" in done.stdout
    assert all(" us " not in line for line in done.stdout.splitlines())
    assert [line.split(",")[1] for line in watches()] in (["de"], [])


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=lambda words: " ".join(words[:2]))
def test_watched_in_several_the_command_asks_and_touches_none(words: tuple[str, ...]) -> None:
    for domain in ("us", "de"):
        keeper("watch", "add", ASIN, "--domain", domain, "--target", "30")
    before = keeper("watch", "list", "--json").stdout

    asked = keeper(*words)

    assert asked.exit_code == 2
    assert f"{ASIN} is watched in de, us: give --domain de or --domain us" in said(asked)
    assert ("or --all-domains" in said(asked)) is (words[1] not in ("add", "try"))
    assert keeper("watch", "list", "--json").stdout == before


def test_all_domains_says_each_watch_before_and_after() -> None:
    for domain in ("us", "de"):
        keeper("watch", "add", ASIN, "--domain", domain)
    keeper("watch", "add", ASIN, "--domain", "de", "--type", "used")
    keeper("watch", "pause", ASIN, "--domain", "us")

    paused = keeper("watch", "pause", ASIN, "--all-domains")

    assert paused.stdout == (
        f"{ASIN} de NEW: status: active → paused\n"
        f"{ASIN} de USED: status: active → paused\n"
        f"{ASIN} us NEW: is paused already\n"
    )
    assert keeper("watch", "resume", ASIN, "--domain", "de", "--type", "Used").stdout == (
        f"{ASIN} de USED: status: paused → active\n"
    )


def test_what_is_watched_nowhere_is_added_in_us_and_refused_elsewhere() -> None:
    refused = keeper("watch", "pause", ASIN)
    assert refused.exit_code == 1
    assert f"{ASIN} is not on the list of reader@example.org; see: keeper watch list" in said(
        refused
    )

    added = keeper("watch", "add", ASIN)
    assert f"added: {ASIN} us NEW\n  No --domain given: us.\n" in added.stdout


def test_a_removed_watch_comes_back_where_it_was_and_amounts_are_read_there() -> None:
    keeper("watch", "add", ASIN, "--domain", "de", "--target", "30")
    keeper("watch", "remove", ASIN)

    again = keeper("watch", "add", ASIN, "--target", "24,99 €")

    assert "No --domain given: de, where it was watched before." in again.stdout
    assert "target: €30.00 → €24.99" in again.stdout
    assert "status: removed → active" in again.stdout


def test_an_address_says_the_locale_and_contradicts_another() -> None:
    keeper("watch", "add", ASIN, "--domain", "us")
    url = f"https://www.amazon.de/dp/{ASIN}"

    assert keeper("watch", "pause", url).exit_code == 1
    assert "the domain says us" in said(keeper("watch", "pause", url, "--domain", "us"))
    assert "leave the locale out" in said(keeper("alerts", "snooze", "--domain", "us"))
