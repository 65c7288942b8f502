"""Indexing deal events in a real Elasticsearch."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from elasticsearch import Elasticsearch

from keeper.errors import EventsRefusedError
from keeper.stores.elasticsearch.deal_index import DealIndex, set_up
from tests.deals import CHECKED_AT, FILTER, a_deal_event
from tests.services import remove_alias


@pytest.fixture
def deals(search: Elasticsearch) -> Iterator[str]:
    """An alias of the test's own."""
    name = f"test-{uuid.uuid4().hex}"
    set_up(search, name)
    yield name
    remove_alias(search, name)


def documents(search: Elasticsearch, alias: str) -> list[dict[str, object]]:
    search.indices.refresh(index=alias)
    return [hit["_source"] for hit in search.search(index=alias, size=1000)["hits"]["hits"]]


def test_a_deal_is_one_document_with_its_facts(
    search: Elasticsearch, deals: str, alias: str
) -> None:
    assert DealIndex(search, deals, alias).store([a_deal_event()]) == 1

    (document,) = documents(search, deals)
    assert (document["price"], document["original_price"], document["list_price"]) == (20, 30, 99)
    assert (document["score"], document["discount_percent"]) == (63, 33)
    assert document["reasons"] == ["It is cheap."]
    assert document["filter"] == FILTER.name


def test_the_same_deal_seen_twice_is_one_document_and_the_later_check_wins(
    search: Elasticsearch, deals: str, alias: str
) -> None:
    index = DealIndex(search, deals, alias)
    first = a_deal_event()
    later = msgspec.structs.replace(first, score=41, checked_at=CHECKED_AT + timedelta(hours=6))

    assert [index.store([later]), index.store([first]), index.store([first, later])] == [1, 0, 0]

    (document,) = documents(search, deals)
    assert document["score"] == 41


def test_another_price_or_filter_is_another_deal(
    search: Elasticsearch, deals: str, alias: str
) -> None:
    events = [
        a_deal_event(),
        a_deal_event(price_minor=1900),
        a_deal_event(replace(FILTER, filter_id=8)),
        a_deal_event(asin="B000000002"),
    ]

    assert DealIndex(search, deals, alias).store(events) == 4


def test_setting_up_again_keeps_the_documents(
    search: Elasticsearch, deals: str, alias: str
) -> None:
    DealIndex(search, deals, alias).store([a_deal_event()])

    assert set_up(search, deals) is False
    assert len(documents(search, deals)) == 1


def test_an_empty_batch_asks_nothing(search: Elasticsearch, deals: str, alias: str) -> None:
    assert DealIndex(search, deals, alias).store([]) == 0


def test_a_deals_price_is_a_price_point_as_in_postgresql(
    search: Elasticsearch, deals: str, alias: str
) -> None:
    index = DealIndex(search, deals, alias)
    index.store([a_deal_event(), a_deal_event(asin="B000000002", price_minor=None)])
    index.store([a_deal_event()])

    (point,) = documents(search, alias)
    assert (point["asin"], point["price_minor"], point["previous_price"]) == (
        "B000000001",
        2000,
        30,
    )


def test_a_deal_elasticsearch_refuses_is_named_and_its_neighbours_are_indexed(
    search: Elasticsearch, deals: str, alias: str
) -> None:
    bad = msgspec.structs.replace(a_deal_event(asin="B000000002"), run_id="x" * 40_000)

    with pytest.raises(EventsRefusedError) as refused:
        DealIndex(search, deals, alias).store([a_deal_event(), bad])

    assert refused.value.reasons.keys() == {1}
    assert len(documents(search, deals)) == len(documents(search, alias)) == 1
