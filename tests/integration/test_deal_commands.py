"""`keeper deals`, as a person types it, on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.settings import load_settings
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.deals.filters import active_filters, record_problem
from keeper.stores.postgres.deals.writer import DealWriter
from tests.deals import a_deal_event


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
    return CliRunner().invoke(app, ["deals", *words])


def test_options_become_keepas_selection(database: PostgresConfig) -> None:
    added = keeper(
        *("filter", "add", "keyboards", "--domain", "de", "--price-type", "amazon"),
        *("--drop-percent", "20", "--over", "90-days", "--price-max", "79,90 €"),
        *("--title", "keyboard", "--min-rating", "4.5", "--category", "12", "--min-score", "60"),
        *("--selection", '{"isLowest": true}'),
    )

    assert added.exit_code == 0, added.output
    assert "Price up to €79.90." in added.stdout
    with session(database) as connection:
        (found_by,) = active_filters(connection)
    assert (found_by.domain, found_by.price_type, found_by.min_score) == ("de", "AMAZON", 60)
    assert found_by.selection == {
        "dateRange": 3,
        "deltaPercentRange": [20, 100],
        "currentRange": [0, 7990],
        "includeCategories": [12],
        "titleSearch": "keyboard",
        "minRating": 45,
        "isLowest": True,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--domain", "nl"), "nl"),
        (("--price-type", "COUNT_NEW"), "COUNT_NEW: Keepa has"),
        (("--price-max", "9.999"), "can mean"),
        (("--selection", "{"), "not JSON"),
        (("--selection", "[]"), "JSON object"),
        (("--selection", '{"isLowst": true}'), "isLowest"),
        (("--domain", "br"), "no deals on"),
        (("--drop-percent", "9"), "greater than or equal to"),
        (("--user", "nobody"), "e-mail address"),
    ],
    ids=[
        "locale",
        "price type",
        "amount",
        "broken",
        "a list",
        "misspelt",
        "Brazil",
        "drop",
        "user",
    ],
)
def test_a_filter_keepa_would_refuse_is_not_saved_and_the_mistake_is_named(
    database: PostgresConfig, words: tuple[str, ...], said: str
) -> None:
    refused = keeper("filter", "add", "keyboards", *words)

    assert refused.exit_code == 2
    assert said in refused.output
    with session(database) as connection:
        assert active_filters(connection) == []


def test_a_filter_is_paused_resumed_and_removed(database: PostgresConfig) -> None:
    assert "added" in keeper("filter", "add", "keyboards").stdout
    assert "unchanged" in keeper("filter", "add", "keyboards").stdout

    assert keeper("filter", "pause", "KEYBOARDS").exit_code == 0
    with session(database) as connection:
        assert active_filters(connection) == []
    assert "PAUSED" in keeper("filter", "list").stdout
    assert keeper("filter", "resume", "keyboards").exit_code == 0
    assert keeper("filter", "remove", "keyboards").exit_code == 0
    assert "No search is saved" in keeper("filter", "list").stdout
    gone = keeper("filter", "pause", "keyboards")
    assert gone.exit_code == 1
    assert "no filter" in gone.output


def test_the_list_says_what_keepa_had_against_a_filter(database: PostgresConfig) -> None:
    keeper("filter", "add", "keyboards")
    with session(database) as connection:
        (found_by,) = active_filters(connection)
        assert found_by.filter_id is not None
        record_problem(connection, found_by.filter_id, "Keepa refuses `brand`")

    assert "Keepa refuses `brand`" in keeper("filter", "list").output


def test_the_best_deals_come_first_with_their_reason(database: PostgresConfig) -> None:
    assert "No deals so far" in keeper("list").stdout
    keeper("filter", "add", "kettles", "--min-score", "30")
    with session(database) as connection:
        (found_by,) = active_filters(connection)
    now = datetime.now(UTC)
    with closing(DealWriter(database)) as writer:
        writer.store(
            [
                msgspec.structs.replace(
                    a_deal_event(found_by, asin=asin), score=score, checked_at=now - age
                )
                for asin, score, age in (
                    ("B000000001", 40, timedelta(hours=1)),
                    ("B000000002", 90, timedelta(hours=2)),
                    ("B000000003", 20, timedelta(hours=1)),
                    ("B000000004", 95, timedelta(days=3)),
                )
            ]
        )

    shown = keeper("list").stdout
    assert shown.index("B000000002") < shown.index("B000000001")
    assert "B000000003" not in shown, "the filter wants a score of 30"
    assert "B000000004" not in shown, "it was last seen three days ago"
    assert "$20.00" in shown
    assert "$30.00" in shown
    assert "It is cheap." in shown
    assert "simulated" in shown
    assert f"{now - timedelta(hours=2):%Y-%m-%d %H:%M}" in shown
    assert "B000000001" not in keeper("list", "--min-score", "80").stdout
    assert "B000000004" in keeper("list", "--since", "2026-01-01").stdout
    assert "No deals" in keeper("list", "--filter", "others").stdout


def test_a_title_that_looks_like_markup_is_shown_as_it_is(database: PostgresConfig) -> None:
    keeper("filter", "add", "mice [new]")
    with session(database) as connection:
        (found_by,) = active_filters(connection)
    event = a_deal_event(found_by, title="Mouse [/bold] [refurbished]")
    with closing(DealWriter(database)) as writer:
        writer.store([msgspec.structs.replace(event, checked_at=datetime.now(UTC))])

    shown = keeper("list")
    assert shown.exit_code == 0, shown.output
    assert "Mouse [/bold] [refurbished]" in shown.stdout
    assert "mice [new]" in keeper("filter", "list").stdout
