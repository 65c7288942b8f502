"""Debezium's JDBC sink on a Kafka Connect worker, at its best documented settings."""

import json
import shutil
import uuid
from typing import Final

from bench.peers.artifacts import FOLDER, jars, java
from bench.peers.target import TABLE, jdbc_url, process, seconds_to_fill
from keeper.stores.postgres.connection import PostgresConfig

_OF_CONNECT: Final = ("jackson-", "connect-api", "kafka-clients", "slf4j-")
"""Jars Connect has itself; a plugin that brings its own does not start."""
_REST_PORT: Final = 34_083
_BATCH: Final = 5_000
_ZONED: Final = "io.debezium.time.ZonedTimestamp"
_FIELDS: Final = {
    "asin": ("string", False),
    "domain": ("string", False),
    "price_type": ("string", False),
    "timestamp": (_ZONED, False),
    "price_minor": ("int64", True),
    "shipping_minor": ("int64", True),
    "currency": ("string", False),
    "implausible": ("boolean", False),
    "source": ("string", False),
    "run_id": ("string", False),
    "checked_at": (_ZONED, False),
}


def debezium_seconds(brokers: str, topic: str, database: PostgresConfig, rows: int) -> float:
    """Return how long the sink takes to upsert a topic's events, two tasks, once rows come.

    The events are read as Keeper publishes them, by the converter's schema outside the messages.
    Rows are written by UNNEST, which is the connector's quickest way into PostgreSQL.
    """
    classpath = f"{jars('connect')}/*"
    plugins = FOLDER / "plugins" / "debezium"
    if not plugins.is_dir():
        shutil.copytree(jars("debezium", without=_OF_CONNECT), plugins)
    home = FOLDER / "debezium-run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    url, user, password = jdbc_url(database)
    worker = {
        "bootstrap.servers": brokers,
        "listeners": f"http://127.0.0.1:{_REST_PORT}",
        "plugin.path": str(plugins.parent),
        "offset.storage.file.filename": str(home / "offsets"),
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "true",
        "value.converter.schema.content": json.dumps(_schema()),
        "connector.client.config.override.policy": "All",
    }
    sink = {
        # Its consumer group is named after it, and a new one reads from the beginning.
        "name": f"sink-{uuid.uuid4().hex}",
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "tasks.max": "2",
        "topics": topic,
        "connection.url": url,
        "connection.username": user,
        "connection.password": password,
        "insert.mode": "upsert",
        "primary.key.mode": "record_value",
        "primary.key.fields": "asin,domain,price_type,timestamp",
        "schema.evolution": "none",
        "collection.name.format": TABLE,
        "batch.size": str(_BATCH),
        "dialect.postgres.unnest.insert.enabled": "true",
        "use.reduction.buffer": "true",
        "consumer.override.max.poll.records": str(_BATCH),
        "consumer.override.auto.offset.reset": "earliest",
        "consumer.override.fetch.min.bytes": "1000000",
        "consumer.override.fetch.max.wait.ms": "200",
    }
    files = []
    for name, settings in (("worker", worker), ("sink", sink)):
        file = home / f"{name}.properties"
        file.touch(mode=0o600)
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), "utf-8")
        files.append(str(file))
    command = [
        *(str(java()), "-Xmx1g", "-XX:+UseG1GC", "-cp", classpath),
        *("org.apache.kafka.connect.cli.ConnectStandalone", *files),
    ]
    log = home / "connect.log"
    with process(command, cwd=home, log=log) as running:
        return seconds_to_fill(database, rows, running, log)


def _schema() -> dict[str, object]:
    fields = []
    for name, (kind, optional) in _FIELDS.items():
        field: dict[str, object] = {"field": name, "type": kind, "optional": optional}
        if kind == _ZONED:
            field |= {"type": "string", "name": kind}
        fields.append(field)
    return {"type": "struct", "optional": False, "fields": fields}
