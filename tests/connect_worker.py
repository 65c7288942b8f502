"""A Kafka Connect worker of the tests' own, started and given its connectors as docker/ does it.

What it writes to is Kafka's own VerifiableSinkConnector, which prints each record it is given: its
key, value and topic are what an Elasticsearch sink makes the id, the document and the index of.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka.admin import AdminClient

from bench.peers.artifacts import jars, java
from bench.peers.target import process
from stack.artifacts import kafka_folder
from stack.layout import Layout
from tests.services import ROOT, free_port, stack_home

FOLDER: Final = ROOT / "docker" / "connect"
CONNECTORS: Final = FOLDER / "connectors"
SINK: Final = FOLDER / "sink.json"
_TOOLS: Final = ROOT / "stack" / "docker" / "standins" / "kafka" / "bin"
_PRINTS: Final = {"connector.class": "org.apache.kafka.connect.tools.VerifiableSinkConnector"}


@dataclass(frozen=True)
class SinkRecord:
    """What a sink is given: the document's id, the document, the index, and its version."""

    key: str
    value: dict[str, Any]
    topic: str
    offset: int


@dataclass(frozen=True)
class ConnectWorker:
    """A worker at `url` that keeps its files in `home`."""

    url: str
    home: Path

    def register(self, connectors: Mapping[str, Mapping[str, Any]]) -> None:
        """Give it connectors by their names, whose records it prints."""
        folder = self.home / f"connectors-{uuid.uuid4().hex}"
        folder.mkdir()
        for name, settings in connectors.items():
            (folder / f"{name}.json").write_text(json.dumps(settings), "utf-8")
        prints = self.home / "prints.json"
        prints.write_text(json.dumps(_PRINTS), "utf-8")
        done = self.register_files(folder, SINK, prints, wait_s=60)
        assert done.returncode == 0, done.stderr

    def register_files(
        self, folder: Path, *shared: Path, wait_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run the command that registers connectors."""
        command: list[str | Path] = [sys.executable, ROOT / "docker" / "register_connectors.py"]
        return subprocess.run(
            [*command, "--wait", str(wait_s), self.url, folder, *shared],
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def log(self) -> Path:
        """What it says and prints."""
        return self.home / "connect.log"

    def records(self, connector: str) -> list[SinkRecord]:
        """Return what a connector was given up to now."""
        lines = self.log.read_text("utf-8").splitlines()
        printed = [json.loads(line) for line in lines if line.startswith("{")]
        return [
            # Kafka's names are those of its own system tests.
            SinkRecord(one["task"], one["seqno"], one["topic"], one["offset"])
            for one in printed
            if one["name"] == connector and "flushed" not in one
        ]


@contextmanager
def connect_worker(brokers: str, admin: AdminClient, home: Path) -> Iterator[ConnectWorker]:
    """Run a worker for the block, with topics of its own, which go with it."""
    plugins = home / "plugins"
    plugins.mkdir()
    port, name = free_port(), f"test-{uuid.uuid4().hex}"
    topics = {f"{kind}.storage.topic": f"{name}-{kind}" for kind in ("config", "offset", "status")}
    changes = topics | {
        "bootstrap.servers": brokers,
        "group.id": name,
        "listeners": f"http://127.0.0.1:{port}",
        "rest.advertised.host.name": "127.0.0.1",
        "plugin.path": str(plugins),
        # Looking into every class takes eight seconds.
        "plugin.discovery": "service_load",
        "offset.flush.interval.ms": "500",
    }
    properties = home / "worker.properties"
    lines = [f"{key}={value}\n" for key, value in changes.items()]
    properties.write_text((FOLDER / "worker.properties").read_text("utf-8") + "".join(lines))
    worker = ConnectWorker(f"http://127.0.0.1:{port}", home)
    env = {
        "KAFKA_HOME": str(_kafka_home(home)),
        "KAFKA_HEAP_OPTS": "-Xmx256m",
        "PATH": f"{java().parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(home),
    }
    command = ["bash", str(FOLDER / "start.sh"), str(properties)]
    try:
        with process(command, cwd=home, log=worker.log, env=env):
            yield worker
    finally:
        for future in admin.delete_topics([*topics.values()]).values():
            future.result()


def _kafka_home(home: Path) -> Path:
    """Lay the local stack's Kafka out as its image has it, with the connector that prints.

    Connect looks for a class of this name nowhere else, whatever is in the folder of plugins.
    """
    kafka = home / "kafka"
    prints = jars("connect-test-plugins", transitive=False)
    folders = {"bin": [_TOOLS], "libs": [kafka_folder(Layout(stack_home())), prints]}
    for name, sources in folders.items():
        (kafka / name).mkdir(parents=True)
        for file in (file for source in sources for file in source.iterdir()):
            (kafka / name / file.name).symlink_to(file)
    return kafka
