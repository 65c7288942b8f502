"""Products by the API: found by their titles, and only by who may see them."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest
from elasticsearch import Elasticsearch

from keeper.console.paging import write_cursor
from keeper.console.search import ConsoleSearch
from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import Watch
from keeper.pipeline.search import products
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.elasticsearch.price_index import PriceIndex
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.console_server import ANN, BEN, BOSS, Console
from tests.price_events import price_event
from tests.services import Stack

PATH = "/api/v1/products"
EVENTS = [
    price_event(3999, asin="B000000001", title="A red kettle"),
    price_event(None, asin="B000000002", title="A kettle, blue"),
    price_event(2999, asin="B000000003", domain="de", title="Roter Kessel [100%]"),
    price_event(1999, asin="B000000004", title="A mug"),
]
NOWHERE = ElasticsearchConfig("http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def _stored(database: PostgresConfig, connection: Connection) -> None:
    with closing(PriceWriter(database)) as writer:
        writer.store(EVENTS)
    save_watches(
        connection,
        ANN,
        [Watch(asin, "us", "NEW", None) for asin in ("B000000001", "B000000004")],
    )
    save_watches(connection, BEN, [Watch("B000000002", "us", "NEW", None)])


def asins(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["asin"] for one in answer.json()["items"]]


def found(client: httpx.Client, **asked: Any) -> list[str]:
    return asins(client.get(PATH, params=asked))


def test_a_reader_finds_what_they_watch_and_an_operator_everything(console: Console) -> None:
    ann, ben, boss = (console.program(who, Scope.PRICES_READ) for who in (ANN, BEN, BOSS))

    assert found(ann) == ["B000000001", "B000000004"]
    assert found(ann, q="kettle") == ["B000000001"]
    assert found(ann, q="B000000002") == []
    assert found(ben, q="kettle") == ["B000000002"]
    assert found(boss, q="KETTLE red") == ["B000000001"]
    assert found(boss, q="100%") == ["B000000003"]
    assert found(boss, domain="de") == ["B000000003"]
    (item,) = boss.get(PATH, params={"q": "b000000001"}).json()["items"]
    assert item["prices"][0]["amount"]["text"] == "$39.99"


def test_a_reader_finds_what_their_filters_found(console: Console, connection: Connection) -> None:
    ann = console.program(ANN, Scope.PRICES_READ)
    for owner, asin in ((ANN, "B000000003"), (BEN, "B000000002")):
        connection.execute(
            "WITH own AS (INSERT INTO deal_filters (user_id, name, domain, price_type)"
            " SELECT user_id, 'all', 'de', 'NEW' FROM users WHERE email = %s RETURNING filter_id)"
            " INSERT INTO collected_deals (event_id, filter_id, asin, domain, price_type, currency,"
            " observed_at, score, reasons, back_in_stock, source, first_run_id, last_run_id,"
            " first_seen_at, last_seen_at) SELECT %s, filter_id, %s, %s, 'NEW', 'EUR', now(), 50,"
            " '{}', false, 'simulator', 'r', 'r', now(), now() FROM own",
            (owner, asin, asin, "de" if owner == ANN else "us"),
        )

    assert found(ann) == ["B000000001", "B000000003", "B000000004"]


def test_pages_hold_each_product_once(console: Console) -> None:
    boss = console.program(BOSS, Scope.PRICES_READ)
    first = boss.get(PATH, params={"limit": 3})
    rest = boss.get(PATH, params={"limit": 3, "cursor": first.json()["next_cursor"]})

    assert asins(first) + asins(rest) == [event.asin for event in EVENTS]
    assert rest.json()["next_cursor"] is None
    forged = boss.get(PATH, params={"cursor": write_cursor("asin", "x/us", 0)})
    assert (forged.status_code, forged.json()["type"]) == (400, "/api/v1/problems#bad-cursor")


def test_elasticsearch_finds_former_titles_and_shows_nobody_more_than_they_may_see(
    make_running: Callable[..., Console],
    stack: Stack,
    search: Elasticsearch,
    alias: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    PriceIndex(search, alias).store(
        [*EVENTS, price_event(4999, asin="B000000001", title="A pot", hour=-6)]
    )
    search.indices.refresh(index=alias)
    monkeypatch.setattr(products, "PRICES_ALIAS", alias)
    config = ElasticsearchConfig(stack["ELASTICSEARCH_URL"])
    console = make_running(search=ConsoleSearch(config))
    ann, boss = (console.program(who, Scope.PRICES_READ) for who in (ANN, BOSS))

    answer = ann.get(PATH, params={"q": "pot"})

    assert (asins(answer), answer.json()["searched_in"]) == (["B000000001"], "elasticsearch")
    assert answer.json()["items"][0]["title"] == "A red kettle"
    assert found(ann, q="kettle") == ["B000000001"]
    assert sorted(found(boss, q="kettle")) == ["B000000001", "B000000002"]
    assert found(boss, q="kessel", domain="us") == []


def test_without_elasticsearch_postgresql_is_searched(
    make_running: Callable[..., Console],
) -> None:
    console = make_running(search=ConsoleSearch(NOWHERE))
    ann = console.program(ANN, Scope.PRICES_READ)

    for _ in range(4):
        answer = ann.get(PATH, params={"q": "kettle"})
        assert (asins(answer), answer.json()["searched_in"]) == (["B000000001"], "postgres")
