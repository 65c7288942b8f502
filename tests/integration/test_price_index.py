"""Indexing price events in a real Elasticsearch."""

import random
from decimal import Decimal

import msgspec
import pytest
from elasticsearch import Elasticsearch

from keeper.errors import EventsRefusedError
from keeper.stores.elasticsearch.connection import SearchUnavailableError
from keeper.stores.elasticsearch.price_index import PriceIndex, set_up
from tests.price_events import price_event


def documents(search: Elasticsearch, alias: str) -> dict[str, dict[str, object]]:
    search.indices.refresh(index=alias)
    hits = search.search(index=alias, size=1000)["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def test_a_point_is_one_document_with_its_facts(search: Elasticsearch, alias: str) -> None:
    event = price_event(1999, shipping=399, price_type="BUY_BOX_SHIPPING", previous=2499)

    assert PriceIndex(search, alias).store([event]) == 1

    (key, document), *rest = documents(search, alias).items()
    assert rest == []
    assert key == "us:B000000001:BUY_BOX_SHIPPING:20260301T0000Z"
    assert (document["price"], document["shipping"], document["price_change"]) == (19.99, 3.99, -5)
    assert document["in_stock"] is True
    assert document["source"] == "simulator"


def test_what_users_wait_for_is_not_indexed(search: Elasticsearch, alias: str) -> None:
    event = msgspec.structs.replace(price_event(1999), target_price=Decimal("12.34"))

    PriceIndex(search, alias).store([event])

    (document,) = documents(search, alias).values()
    assert "target_price" not in document
    assert 12.34 not in document.values()


def test_yen_have_no_minor_unit(search: Elasticsearch, alias: str) -> None:
    PriceIndex(search, alias).store([price_event(1980, domain="jp")])

    (document,) = documents(search, alias).values()
    assert (document["price"], document["currency"]) == (1980, "JPY")


def test_replays_and_older_checks_change_nothing(search: Elasticsearch, alias: str) -> None:
    chance = random.Random(7)
    events = [
        price_event(chance.choice([None, 900, 1000]), hour=hour, check=check)
        for check in range(0, 30, 6)
        for hour in range(max(0, check - 7), check + 1)
    ]
    index = PriceIndex(search, alias)
    for event in events:
        index.store([event])
    before = documents(search, alias)

    assert index.store(events) == 0
    assert index.store(events[::-1]) == 0
    assert index.store(events[:5]) == 0
    assert documents(search, alias) == before


def test_setting_up_again_keeps_the_documents(search: Elasticsearch, alias: str) -> None:
    PriceIndex(search, alias).store([price_event(1999)])

    assert set_up(search, alias) is False
    assert len(documents(search, alias)) == 1


def test_an_event_elasticsearch_refuses_is_named_and_its_neighbours_are_indexed(
    search: Elasticsearch, alias: str
) -> None:
    events = [
        price_event(1000),
        msgspec.structs.replace(price_event(1001, hour=1), run_id="x" * 40_000),
        price_event(1002, hour=2),
    ]

    with pytest.raises(EventsRefusedError) as refused:
        PriceIndex(search, alias).store(events)

    assert refused.value.reasons.keys() == {1}
    assert "failed to parse field [run_id]" in refused.value.reasons[1]
    assert [d["price_minor"] for d in documents(search, alias).values()] == [1000, 1002]


def test_an_alias_that_is_gone_is_waited_for(search: Elasticsearch, alias: str) -> None:
    nowhere = PriceIndex(search, f"{alias}-no-such")

    with pytest.raises(SearchUnavailableError):
        nowhere.store([price_event(1000)])
