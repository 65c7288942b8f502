"""Elasticsearch made anew from PostgreSQL, on real services."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from keeper.domain.prices.events import PriceEvent
from keeper.pipeline.runs.consumers import EventStore, price_consumer
from keeper.pipeline.search.contents import PriceContents
from keeper.pipeline.search.mirrors import PRICES, Mirror
from keeper.stores.elasticsearch.connection import SearchUnavailableError
from keeper.stores.elasticsearch.price_index import PriceIndex
from keeper.stores.elasticsearch.rebuilt_index import put_in_place
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.exclusive import AlreadyRunningError, exclusive
from keeper.stores.postgres.prices.stored_events import Part
from keeper.streams.codec import encode_deal_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import DEAL_UPDATES
from tests.deals import a_deal_event
from tests.price_events import price_event
from tests.search_mirror import HISTORY, documents, feed_like, rebuild


def test_an_index_made_anew_is_what_indexing_makes(
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    index = PriceIndex(search, mirror.alias)
    store(HISTORY)
    index.store(HISTORY)
    expected = documents(search, mirror.alias)
    index.store([price_event(77, asin="B00000SPAM")])
    shares: list[float] = []

    rebuilt = rebuild(database, search, kafka, mirror, progress=shares.append)

    assert documents(search, mirror.alias) == expected
    assert (rebuilt.copied, rebuilt.caught_up, rebuilt.refused) == (len(HISTORY), 0, 0)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert list(search.indices.get(index=f"{mirror.alias}-*")) == [rebuilt.index]
    assert index.store(HISTORY) == 0, "workers write to the new index"


def test_the_price_before_is_known(
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    store([price_event(1000), price_event(None, hour=1), price_event(900, hour=2)])
    store([price_event(850, hour=3)])

    rebuild(database, search, kafka, mirror)

    search.indices.refresh(index=mirror.alias)
    hits = search.search(index=mirror.alias, sort="timestamp")["hits"]["hits"]
    said = [(hit["_source"]["previous_price"], hit["_source"]["price_change"]) for hit in hits]
    assert said == [(None, None), (10, None), (None, None), (9, -0.5)]


def test_nothing_that_comes_during_a_rebuild_is_lost(
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
    publish: Callable[[Sequence[PriceEvent]], None],
) -> None:
    ((topic, feed),) = mirror.topics.items()
    _, indexer = feed.groups
    index = PriceIndex(search, mirror.alias)
    early, late, latest = HISTORY[:60], HISTORY[60:120], HISTORY[120:]

    def load(store: EventStore[PriceEvent], group: str) -> None:
        price_consumer(kafka, store, group=group, topic=topic).run(until_idle=True)

    publish(early)
    load(index, indexer)

    class CopiedSlowly(PriceContents):
        def everything(self, connection: Connection) -> Iterator[Part[PriceEvent]]:
            yield from super().everything(connection)
            # The loader has been behind; meanwhile more arrives that only the former index gets.
            publish(late)
            load(index, indexer)

    rebuilt = rebuild(
        database,
        search,
        kafka,
        replace(mirror, contents=CopiedSlowly()),
        keep_former=True,
    )
    publish(latest)
    load(index, indexer)

    assert rebuilt.copied == 0
    assert rebuilt.caught_up == 120
    by_indexing = {mirror.contents.document(event).id for event in HISTORY}
    assert documents(search, mirror.alias).keys() == by_indexing
    assert sorted(search.indices.get(index=f"{mirror.alias}-*")) == [
        *rebuilt.former,
        rebuilt.index,
    ]


def test_what_comes_while_the_index_takes_its_place_is_in_it(
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    publish: Callable[[Sequence[PriceEvent]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early, late = HISTORY[:1], HISTORY[1:3]
    publish(early)

    def in_place_slowly(*arguments: Any, **how: Any) -> list[str]:
        publish(late)
        return put_in_place(*arguments, **how)

    monkeypatch.setattr("keeper.pipeline.search.rebuild.put_in_place", in_place_slowly)

    assert rebuild(database, search, kafka, mirror).caught_up == 3
    assert documents(search, mirror.alias).keys() == {
        mirror.contents.document(event).id for event in (*early, *late)
    }


@pytest.mark.parametrize("leaves_rubbish", [False, True], ids=["Ctrl-C", "killed"])
def test_an_interrupted_rebuild_changes_nothing_and_leaves_nothing(
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
    monkeypatch: pytest.MonkeyPatch,
    leaves_rubbish: bool,
) -> None:
    store(HISTORY)
    PriceIndex(search, mirror.alias).store(HISTORY[:5])
    before = documents(search, mirror.alias)

    class Interrupted(PriceContents):
        def everything(self, connection: Connection) -> Iterator[Part[PriceEvent]]:
            yield next(iter(super().everything(connection)))
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if leaves_rubbish:
            patch.setattr("keeper.pipeline.search.rebuild.discard", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            rebuild(database, search, kafka, replace(mirror, contents=Interrupted()))

    indices = search.indices.get(index=f"{mirror.alias}-*")
    assert len(indices) == 1 + leaves_rubbish
    assert documents(search, mirror.alias) == before

    rebuilt = rebuild(database, search, kafka, mirror)

    assert list(search.indices.get(index=f"{mirror.alias}-*")) == [rebuilt.index]
    assert len(documents(search, mirror.alias)) == len(HISTORY)


def test_an_index_that_took_its_place_unheard_is_not_thrown_away(
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store(HISTORY)

    def answer_lost(*arguments: Any, **how: Any) -> None:
        put_in_place(*arguments, **how)
        raise SearchUnavailableError("the answer is lost")

    monkeypatch.setattr("keeper.pipeline.search.rebuild.put_in_place", answer_lost)
    with pytest.raises(SearchUnavailableError):
        rebuild(database, search, kafka, mirror)

    assert len(documents(search, mirror.alias)) == len(HISTORY)


def test_an_index_is_made_where_there_is_none(
    database: PostgresConfig,
    search: Elasticsearch,
    kafka: KafkaConfig,
    mirror: Mirror,
    store: Callable[[Sequence[PriceEvent]], object],
) -> None:
    store(HISTORY)
    search.indices.delete(index=f"{mirror.alias}-000001")

    rebuilt = rebuild(database, search, kafka, mirror)

    assert rebuilt.former == []
    assert len(documents(search, mirror.alias)) == len(HISTORY)


def test_two_rebuilds_at_once_are_refused(
    database: PostgresConfig, search: Elasticsearch, kafka: KafkaConfig, mirror: Mirror
) -> None:
    with (
        session(database) as other,
        exclusive(other, "rebuilding the search of prices"),
        pytest.raises(AlreadyRunningError, match="runs already"),
    ):
        rebuild(database, search, kafka, mirror)

    rebuild(database, search, kafka, mirror)


def test_a_rebuild_of_prices_catches_up_with_what_deals_say_of_them(
    database: PostgresConfig, search: Elasticsearch, kafka: KafkaConfig, topic: str, alias: str
) -> None:
    with EventProducer(kafka) as producer:
        for event in (a_deal_event(), a_deal_event(asin="B000000002", price_minor=None)):
            producer.send(topic, event.asin.encode(), encode_deal_event(event))
    prices = replace(PRICES, alias=alias, topics={topic: feed_like(PRICES, DEAL_UPDATES)})

    assert rebuild(database, search, kafka, prices).caught_up == 1
    assert len(documents(search, alias)) == 1
