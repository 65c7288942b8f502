"""Deals found by words through Elasticsearch, and through PostgreSQL while it is away."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from elasticsearch import Elasticsearch

from keeper.console.search import ConsoleSearch
from keeper.domain.deals.deal import DealFilter
from keeper.domain.deals.events import DealEvent
from keeper.domain.users.access import Scope
from keeper.pipeline.deals import full_text
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.elasticsearch.deal_index import DealIndex, set_up
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import list_filters, save_filter
from keeper.stores.postgres.deals.writer import DealWriter
from tests.console_server import ANN, BEN, BOSS, STARTED, Console
from tests.deals import SCORE, a_deal
from tests.services import Stack, remove_alias

PATH = "/api/v1/deals/search"
NOWHERE = ElasticsearchConfig("http://127.0.0.1:9")
TITLES = {"B000000001": "A red kettle", "B000000002": "Kettle, blue", "B000000003": "A mug"}


@pytest.fixture
def events(database: PostgresConfig, connection: Connection) -> list[DealEvent]:
    """Deals of Ann's search and one of Ben's, stored in PostgreSQL."""

    def found_by(email: str, asin: str, title: str) -> DealEvent:
        save_filter(connection, email, DealFilter("kettles", "us", "NEW"))
        (kept,) = list_filters(connection, email)
        return DealEvent.of_deal(
            a_deal(asin=asin, title=title),
            found_by=kept.filter,
            score=SCORE,
            checked_at=STARTED - timedelta(hours=1),
            source="simulator",
            run_id="run-1",
        )

    made = [found_by(ANN, asin, title) for asin, title in TITLES.items()]
    made.append(found_by(BEN, "B000000004", "Ben's kettle"))
    with closing(DealWriter(database)) as writer:
        writer.store(made)
    return made


def found(client: httpx.Client, **params: Any) -> tuple[list[str], str]:
    answer = client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [deal["asin"] for deal in body["items"]], body["searched_in"]


@pytest.fixture
def deals_alias(search: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An index of deals of the test's own, which the console searches."""
    name = f"test-{uuid4().hex}"
    set_up(search, name)
    monkeypatch.setattr(full_text, "DEALS_ALIAS", name)
    yield name
    remove_alias(search, name)


def test_words_are_found_in_any_order_and_only_in_what_is_ones_own(
    make_running: Callable[..., Console],
    stack: Stack,
    search: Elasticsearch,
    alias: str,
    deals_alias: str,
    events: list[DealEvent],
) -> None:
    DealIndex(search, deals_alias, alias).store(events)
    search.indices.refresh(index=deals_alias)
    config = ElasticsearchConfig(stack["ELASTICSEARCH_URL"])
    console = make_running(search=ConsoleSearch(config))
    ann, ben, boss = (console.program(who, Scope.DEALS_READ) for who in (ANN, BEN, BOSS))

    assert found(ann, q="kettle red") == (["B000000001"], "elasticsearch")
    assert sorted(found(ann, q="KETTLE")[0]) == ["B000000001", "B000000002"]
    assert found(ann, q="b000000003")[0] == ["B000000003"]
    assert found(ben, q="kettle")[0] == ["B000000004"]
    assert len(found(boss, q="kettle")[0]) == 3
    assert len(found(boss, q="kettle", limit=2)[0]) == 2
    assert found(ann, q="kettle", min_score=90)[0] == found(ann, q="kettle", domain="de")[0] == []
    nobody = console.program("new@example.org", Scope.DEALS_READ)
    assert found(nobody, q="kettle") == ([], "elasticsearch")
    assert ann.get(PATH).status_code == 422


def test_without_elasticsearch_postgresql_is_searched(
    make_running: Callable[..., Console], events: list[DealEvent]
) -> None:
    console = make_running(search=ConsoleSearch(NOWHERE))
    ann = console.program(ANN, Scope.DEALS_READ)

    for _ in range(4):
        asins, searched_in = found(ann, q="kettle")
        assert (sorted(asins), searched_in) == (["B000000001", "B000000002"], "postgres")
