"""A real Kafka Connect worker with the connectors of docker/connect, but for the sink's class."""

import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, NamedTuple

import msgspec
import pytest
from confluent_kafka import KafkaException, Message
from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk, scan

from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS, deal_document
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS, PRICES_INDEX, fields_of
from keeper.streams.codec import encode_deal_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.progress import GroupProgress
from keeper.streams.producer import EventProducer
from keeper.streams.topic_reader import TopicReader
from tests.architecture.composition import composition
from tests.connect_worker import CONNECTORS, SINK, ConnectWorker, SinkRecord, connect_worker
from tests.deals import a_deal_event
from tests.price_events import price_event
from tests.services import Stack, free_port
from tests.waiting import wait_until

PRICES = [
    price_event(1999, shipping=399, previous=2499),
    price_event(None, hour=1, previous=1999, title=None),
    price_event(1980, domain="jp", asin="B000000002", title='A "kettle", {sonst=nichts}'),
    price_event(5000, domain="de", asin="B000000003", implausible=True),
]
DEALS = [
    a_deal_event(),
    a_deal_event(asin="B000000002", shipping_minor=399, list_price_minor=None, rating=None),
]
NOT_INDEXED = {
    "not JSON": b"\xff{",
    "no object": b"[1]",
    "a price of letters": encode_price_event(PRICES[0]).replace(b"19.99", b'"cheap"'),
    "a title of parts": encode_price_event(PRICES[0]).replace(b'"A kettle"', b'{"en": "A kettle"}'),
}


class Indexed(NamedTuple):
    """Events of a kind, their messages, and what Keeper's indexer makes of them."""

    alias: str
    messages: list[bytes]
    documents: dict[str, dict[str, Any]]


def prices() -> Indexed:
    """Price events; a connector cannot compute with a price."""
    derived = {"shipping", "in_stock"}
    documents = {event.event_id: _without(derived, fields_of(event)) for event in PRICES}
    return Indexed(PRICES_ALIAS, [*map(encode_price_event, PRICES)], documents)


def deals() -> Indexed:
    """Deal events; these prices are in minor units in the event."""
    derived = {"previous_price", "list_price"}
    documents = {e.event_id: _without(derived, deal_document(e).fields) for e in DEALS}
    return Indexed(DEALS_ALIAS, [*map(encode_deal_event, DEALS)], documents)


def _without(derived: set[str], fields: Mapping[str, Any]) -> dict[str, Any]:
    document = json.loads(msgspec.json.encode(fields))
    return {name: value for name, value in document.items() if name not in derived}


@pytest.fixture(scope="module")
def worker(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectWorker]:
    """A worker that is starting."""
    kafka = KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"])
    home = tmp_path_factory.mktemp("connect")
    with connect_worker(kafka.bootstrap_servers, kafka.admin(), home) as worker:
        yield worker


class Sink:
    """A connector of docker/connect that reads a topic of the test's own."""

    def __init__(self, worker: ConnectWorker, kafka: KafkaConfig, topic: str) -> None:
        self.name = f"sink-{uuid.uuid4().hex}"
        self.dead_letters = f"{topic}.connect.dlq"
        # That of an indexer of Keeper's, when it takes its place.
        self.group = f"test-{uuid.uuid4().hex}"
        self._worker, self._kafka, self._topic = worker, kafka, topic

    def register(self, connector: str) -> None:
        settings = json.loads((CONNECTORS / f"{connector}.json").read_text("utf-8"))
        settings |= {
            "topics": self._topic,
            "errors.deadletterqueue.topic.name": self.dead_letters,
            "consumer.override.group.id": self.group,
        }
        self._worker.register({self.name: settings})

    def publish(self, *messages: bytes) -> None:
        with EventProducer(self._kafka) as producer:
            producer.send_all(self._topic, [(b"B000000001", message) for message in messages])
            ends = producer.reached(self._topic)
        with closing(GroupProgress(self._kafka, topic=self._topic, group=self.group)) as progress:
            wait_until(lambda: not any(progress.lag_behind(ends).values()), "the end of the topic")

    def records(self) -> list[SinkRecord]:
        return self._worker.records(self.name)

    def letters(self) -> list[Message]:
        with TopicReader(self._kafka) as reader:
            starts = {span.partition: span.start for span in reader.spans(self.dead_letters)}
            return list(reader.read(self.dead_letters, starts))


@pytest.fixture
def sink(
    worker: ConnectWorker, kafka: KafkaConfig, topic: str, admin: AdminClient
) -> Iterator[Sink]:
    sink = Sink(worker, kafka, topic)
    yield sink
    for future in admin.delete_topics([sink.dead_letters]).values():
        # Where a test fails before there is one.
        with suppress(KafkaException):
            future.result()


@pytest.mark.parametrize(
    ("connector", "indexed"),
    [
        pytest.param("keeper-prices", prices(), id="prices"),
        pytest.param("keeper-backfill", prices(), id="backfill", marks=pytest.mark.nightly),
        pytest.param("keeper-deals", deals(), id="deals", marks=pytest.mark.nightly),
    ],
)
def test_documents_are_those_of_keepers_indexer_but_for_derived_fields(
    connector: str, indexed: Indexed, sink: Sink
) -> None:
    sink.register(connector)

    sink.publish(*indexed.messages)

    records = sink.records()
    assert {record.key: record.value for record in records} == indexed.documents
    assert len(records) == len(indexed.messages)
    assert {record.topic for record in records} == {f"{indexed.alias}-connect"}


def test_bad_messages_are_dead_letters_and_stop_no_other(sink: Sink) -> None:
    sink.register("keeper-prices")

    sink.publish(*NOT_INDEXED.values(), *map(encode_price_event, PRICES))

    assert {record.key for record in sink.records()} == {event.event_id for event in PRICES}
    letters = sink.letters()
    assert [letter.value() for letter in letters] == list(NOT_INDEXED.values())
    for number, letter in enumerate(letters):
        headers = dict(letter.headers() or ())
        assert headers["__connect.errors.offset"] == str(number).encode()
        assert headers["__connect.errors.connector.name"] == sink.name.encode()
        assert headers["__connect.errors.exception.message"]


@pytest.mark.nightly
def test_without_an_event_id_there_is_no_document_id(sink: Sink) -> None:
    sink.register("keeper-prices")
    nameless = json.loads(encode_price_event(PRICES[0]))
    del nameless["event_id"]

    sink.publish(json.dumps(nameless).encode())

    # Which is what the setting drop.invalid.message of Elasticsearch sinks is about.
    assert [record.key for record in sink.records()] == [None]
    assert json.loads(SINK.read_text("utf-8"))["drop.invalid.message"] == "true"


@pytest.mark.nightly
def test_keepers_template_takes_the_documents_and_delivery_again_changes_nothing(
    sink: Sink, search: Elasticsearch, alias: str
) -> None:
    sink.register("keeper-prices")
    event = encode_price_event(PRICES[0])
    index = f"{alias}-connect"

    sink.publish(event, *map(encode_price_event, PRICES), event)
    requests = [
        {
            "_index": index,
            "_id": record.key,
            "_source": record.value,
            "version": record.offset,
            "version_type": "external",
        }
        for record in sink.records()
    ]
    for _ in range(2):
        bulk(search, requests, raise_on_error=False, refresh=True)

    found = {hit["_id"]: hit["_source"] for hit in scan(search, index=index)}
    assert len(requests) == len(PRICES) + 2
    assert found == {request["_id"]: request["_source"] for request in requests}
    assert search.indices.get_mapping(index=index)[index]["mappings"] == PRICES_INDEX["mappings"]


@pytest.mark.nightly
def test_the_containers_health_check_knows_a_worker_from_nobody(
    worker: ConnectWorker, sink: Sink
) -> None:
    # Which waits until the worker has started.
    sink.register("keeper-prices")
    _, *command = composition()["services"]["connect"]["healthcheck"]["test"]
    port = worker.url.rpartition(":")[2]

    def asked(port: str) -> int:
        here = [word.replace("8083", port) for word in command]
        return subprocess.run(here, capture_output=True, check=False).returncode

    assert asked(port) == 0
    assert asked(str(free_port())) != 0


@pytest.mark.nightly
def test_a_missing_plugin_is_said_in_a_line(worker: ConnectWorker, sink: Sink) -> None:
    sink.register("keeper-prices")

    done = worker.register_files(CONNECTORS, SINK, wait_s=0)

    missing = json.loads(SINK.read_text("utf-8"))["connector.class"]
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"it has no plugin with {missing}; put it into docker/connect/plugins" in done.stderr
    assert len(done.stderr.splitlines()) == 1
