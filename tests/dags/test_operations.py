"""The task that looks for dead letters and lag, by Airflow's Connections."""

import json
from contextlib import closing

import pytest

from keeper.errors import KeeperError
from keeper.orchestration.check_operations import check_kafka
from keeper.pipeline.runs.consumers import price_consumer
from keeper.pipeline.services import monitor as check_operations
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.notices import list_notices
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from tests.dags.conftest import connection_to
from tests.services import Stack


@pytest.fixture(autouse=True)
def _connections(stack: Stack, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = {"bootstrap.servers": stack["KAFKA_BOOTSTRAP_SERVERS"]}
    kafka = json.dumps({"conn_type": "kafka", "extra": servers})
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_KAFKA", kafka)
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_POSTGRES", connection_to(database.url))


def test_what_was_found_before_kafka_failed_is_told(
    database: PostgresConfig,
    connection: Connection,
    kafka: KafkaConfig,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with EventProducer(kafka) as producer:
        producer.send_all(topic, [(b"x", b"rubbish")])
    with closing(PriceWriter(database)) as writer:
        price_consumer(kafka, writer, group=f"g-{topic}", topic=topic, on_cycle=lambda: None).run(
            until_idle=True
        )
    monkeypatch.setattr(check_operations, "DATA_TOPICS", (topic, f"{topic}-that-is-missing"))

    with pytest.raises(KeeperError, match="that-is-missing"):
        check_kafka.function()

    (notice,) = list_notices(connection, with_resolved=False, most=10)
    assert notice.topic == f"dead-letters:{topic}"
