"""`keeper search`, as a person types it, on a real Elasticsearch."""

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.settings import load_settings
from keeper.stores.elasticsearch import price_index
from keeper.stores.elasticsearch.price_index import PriceIndex
from tests.price_events import price_event
from tests.services import Stack


@pytest.fixture(autouse=True)
def _settings(stack: Stack, alias: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ELASTICSEARCH_URL", stack["ELASTICSEARCH_URL"])
    monkeypatch.setattr(price_index, "PRICES_ALIAS", alias)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture(autouse=True)
def _indexed(search: Elasticsearch, alias: str) -> None:
    events = [
        price_event(4999, title="A red kettle"),
        price_event(3999, hour=6, title="A red kettle"),
        price_event(None, hour=6, asin="B000000002", title="A kettle, blue"),
        price_event(2999, asin="B000000003", domain="de", title="Roter Kessel [neu]"),
        price_event(1999, asin="B000000004", title="A mug"),
    ]
    PriceIndex(search, alias).store(events)
    search.indices.refresh(index=alias)


def query(*words: str) -> Result:
    return CliRunner().invoke(app, ["search", "query", *words])


def cells(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    rows = [line for line in result.stdout.splitlines() if "│" in line]
    return [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]


def test_the_newest_price_of_each_product_with_the_words_is_printed() -> None:
    assert sorted(cells(query("kettle")), key=lambda row: row[1]) == [
        ["A red kettle", "B000000001", "us", "NEW", "39.99 USD", "2026-03-01 06:00 UTC"],
        ["A kettle, blue", "B000000002", "us", "NEW", "no offer", "2026-03-01 06:00 UTC"],
    ]
    assert [row[1] for row in cells(query("RED kettle"))] == ["B000000001"]


def test_a_product_is_found_by_its_asin_locale_and_price() -> None:
    assert [row[0] for row in cells(query("b000000003"))] == ["Roter Kessel [neu]"]
    assert [row[1] for row in cells(query("kessel", "--domain", "de"))] == ["B000000003"]
    assert [row[1] for row in cells(query("kettle", "--below", "40"))] == ["B000000001"]
    assert [row[1] for row in cells(query("kessel", "--domain", "DE"))] == ["B000000003"]
    assert "Nothing indexed" in query("kettle", "--domain", "de").stdout


def test_what_was_cheaper_once_is_not_below(search: Elasticsearch, alias: str) -> None:
    events = [
        price_event(999, hour=9, title="A kettle of steel", asin="B000000005"),
        price_event(5999, hour=10, title="A steel pot", asin="B000000005"),
    ]
    PriceIndex(search, alias).store(events)
    search.indices.refresh(index=alias)

    assert "costs less than 20.00" in query("steel", "--below", "20").stdout
    # Its former title has the word, its newest price counts all the same.
    assert [row[4] for row in cells(query("kettle of steel", "--below", "$60"))] == ["59.99 USD"]
    assert "can mean" in query("kettle", "--below", "1.500").stderr


def test_each_locale_and_price_type_has_a_row(search: Elasticsearch, alias: str) -> None:
    events = [
        price_event(4999, title="A lamp", asin="B000000006"),
        price_event(3999, title="A lamp", asin="B000000006", price_type="AMAZON"),
        price_event(2999, title="Eine Lampe", asin="B000000006", domain="de"),
    ]
    PriceIndex(search, alias).store(events)
    search.indices.refresh(index=alias)

    rows = cells(query("b000000006"))

    assert sorted((row[2], row[3], row[4]) for row in rows) == [
        ("de", "NEW", "29.99 EUR"),
        ("us", "AMAZON", "39.99 USD"),
        ("us", "NEW", "49.99 USD"),
    ]
    assert len(cells(query("b000000006", "--below", "45"))) == 2


def test_a_locale_nobody_knows_is_said() -> None:
    result = query("kettle", "--domain", "nl")

    assert result.exit_code == 2
    assert "nl" in result.stderr
