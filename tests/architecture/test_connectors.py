"""The connectors of docker/connect make what Keeper's indices take; the worker needs no plugin."""

import fnmatch
import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from keeper.domain.deals.events import DealEvent
from keeper.domain.prices.events import PriceEvent
from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS, DEALS_INDEX
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS, PRICES_INDEX
from keeper.streams.topics import (
    DATA_TOPICS,
    DEAL_UPDATES,
    PRICE_BACKFILL,
    PRICE_UPDATES,
    is_dead_letter_topic,
    topics_to_make,
)
from tests.architecture.composition import BASE, PROD, ROOT, composed, example_environment

FOLDER: Final = ROOT / "docker" / "connect"
CONNECTORS: Final = {
    file.stem: json.loads(file.read_text("utf-8")) for file in FOLDER.glob("connectors/*.json")
}
WRITTEN: Final = {
    PRICE_UPDATES: (PriceEvent, PRICES_ALIAS, PRICES_INDEX),
    PRICE_BACKFILL: (PriceEvent, PRICES_ALIAS, PRICES_INDEX),
    DEAL_UPDATES: (DealEvent, DEALS_ALIAS, DEALS_INDEX),
}
"""The event of a topic, and the index Keeper itself writes it to."""
CASTS: Final = {
    "double": "float64",
    "long": "int64",
    "keyword": "string",
    "text": "string",
    "date": "string",
}
# Whatever is cast to a boolean becomes one, and lists cannot be cast.
AS_THEY_ARE: Final = {"implausible", "back_in_stock", "reasons"}


def test_each_topic_has_its_connector() -> None:
    assert {one["topics"] for one in CONNECTORS.values()} == set(DATA_TOPICS)
    assert len(CONNECTORS) == len(DATA_TOPICS)


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_documents_have_every_field_of_the_index_that_the_event_has(name: str) -> None:
    connector = CONNECTORS[name]
    event, _, index = WRITTEN[connector["topics"]]
    properties = index["mappings"]["properties"]
    fields = {field: field for field in event.__struct_fields__} | {"current_price": "price"}

    assert connector["transforms.fields.renames"] == "current_price:price"
    assert set(connector["transforms.fields.include"]) == {
        field for field, name_there in fields.items() if name_there in properties
    }
    assert dict(spec.split(":") for spec in connector["transforms.types.spec"]) == {
        name_there: CASTS[properties[name_there]["type"]]
        for name_there in fields.values()
        if name_there in properties and name_there not in AS_THEY_ARE
    }


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_documents_go_to_an_index_of_keepers_template(name: str) -> None:
    connector = CONNECTORS[name]
    _, alias, _ = WRITTEN[connector["topics"]]
    index = connector["transforms.index.replacement"]
    assert fnmatch.fnmatch(index, f"{alias}-*")
    # Numbered ones are what `keeper search rebuild` counts and removes.
    assert not re.search(r"-\d+$", index)
    assert connector["topic.index.map"] == f"{connector['topics']}:{index}"


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_only_kafkas_own_transforms_are_used(name: str) -> None:
    connector = CONNECTORS[name]
    for step in connector["transforms"]:
        assert connector[f"transforms.{step}.type"].startswith("org.apache.kafka.connect.")
    named = {setting.split(".")[1] for setting in connector if setting.startswith("transforms.")}
    assert named == set(connector["transforms"])


def test_dead_letters_are_kept_apart_from_keepers() -> None:
    letters = {one["errors.deadletterqueue.topic.name"] for one in CONNECTORS.values()}
    assert len(letters) == len(CONNECTORS)
    assert all(is_dead_letter_topic(topic) for topic in letters)
    assert not letters & set(topics_to_make())


def test_older_prices_are_written_as_new_ones() -> None:
    def but_for_its_topic(name: str) -> dict[str, Any]:
        text = json.dumps(CONNECTORS[name])
        answered: dict[str, Any] = json.loads(text.replace(CONNECTORS[name]["topics"], "TOPIC"))
        return answered

    assert but_for_its_topic("keeper-prices") == but_for_its_topic("keeper-backfill")


def test_the_setup_waits_for_a_connector_there_is() -> None:
    services = composed(example_environment())["services"]
    *_, url = services["connect-setup"]["healthcheck"]["test"]
    assert url.rpartition("/")[2] in CONNECTORS


def test_on_a_server_the_password_is_a_secret_the_worker_is_given() -> None:
    environment = example_environment() | {"KEEPER_PUBLIC_URL": "https://localhost"}
    services = composed(environment, BASE, PROD)["services"]
    login = json.loads((FOLDER / "login.json").read_text("utf-8"))
    folder, secret = re.fullmatch(r"\$\{secret:(.+):(\w+)\}", login["connection.password"]).groups()  # type: ignore[union-attr]  # or it fails
    assert folder == "/run/secrets"
    assert set(services["connect"]["secrets"]) == {secret, "kafka_password"}
    assert "secrets" not in services["connect-setup"]
    assert f"add_user {login['connection.username']} " in (
        ROOT / "docker" / "elasticsearch" / "start.sh"
    ).read_text("utf-8")


@pytest.fixture
def kafka(tmp_path: Path) -> Path:
    """A folder with the tool that starts a worker, which prints its properties instead."""
    tool = tmp_path / "kafka" / "bin" / "kafka-run-class.sh"
    tool.parent.mkdir(parents=True)
    tool.write_text('#!/bin/bash\necho "$1"\ncat "$2"\n')
    tool.chmod(0o755)
    return tool.parent.parent


def start(kafka: Path, *files: Path) -> list[str]:
    command: list[str | Path] = ["bash", FOLDER / "start.sh", *files]
    env = {"KAFKA_HOME": str(kafka), "TMPDIR": str(kafka), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture
def properties(tmp_path: Path) -> Path:
    """The worker's properties with a folder of plugins that is here."""
    folder = tmp_path / "plugins" / "a-sink"
    folder.mkdir(parents=True)
    text = (FOLDER / "worker.properties").read_text("utf-8")
    assert "plugin.path=/opt/connect/plugins\n" in text
    file = tmp_path / "worker.properties"
    file.write_text(text.replace("/opt/connect/plugins", str(folder.parent)))
    return file


def test_without_a_connector_the_worker_starts_and_says_what_is_missing(
    kafka: Path, properties: Path
) -> None:
    said, started, *_ = start(kafka, properties)
    assert said.startswith("No connector is in ")
    assert "elasticsearch-connector-for-apache-kafka" in said
    assert started == "org.apache.kafka.connect.cli.ConnectDistributed"


def test_with_a_connector_it_says_nothing(kafka: Path, properties: Path) -> None:
    (properties.parent / "plugins" / "a-sink" / "a-sink.jar").touch()
    assert start(kafka, properties)[1:] == properties.read_text("utf-8").splitlines()


def test_the_worker_and_each_of_its_clients_log_in(kafka: Path, properties: Path) -> None:
    lines = start(kafka, properties, ROOT / "docker" / "kafka" / "client.properties")
    answered = dict(line.split("=", 1) for line in lines if re.match(r"[\w.]+=", line))
    for client in ("", "consumer.", "producer.", "admin."):
        assert answered[f"{client}security.protocol"] == "SASL_PLAINTEXT"
        assert answered[f"{client}sasl.mechanism"] == "PLAIN"
        assert "${secret:/run/secrets:kafka_password}" in answered[f"{client}sasl.jaas.config"]
    assert answered["config.providers"] == "secret"
    assert answered["config.providers.secret.param.allowed.paths"] == "/run/secrets"
