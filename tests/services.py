"""Real services for the integration tests, each test with topics and indices of its own."""

import os
import shlex
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.price_index import set_up
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import dead_letter_topic

ROOT = Path(__file__).resolve().parents[1]
SERVICES = "postgres,kafka,elasticsearch,mail"


@dataclass(frozen=True)
class Stack:
    """Where the test stack's services are."""

    environment: dict[str, str]

    @classmethod
    def running(cls) -> Self:
        """Return the tests' stack as it runs now."""
        command = [*stack_command(), "env"]
        printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        pairs = (word.partition("=") for word in shlex.split(printed.stdout) if "=" in word)
        return cls({name: value for name, _, value in pairs})

    def __getitem__(self, name: str) -> str:
        """Return a variable of the stack's environment."""
        return self.environment[name]

    @contextmanager
    def without(self, program: str) -> Iterator[None]:
        """Stop a program for the block, start it again and wait until it is healthy."""
        try:
            with stopped(program):
                yield
        finally:
            bring_up(SERVICES)


@contextmanager
def stopped(*programs: str) -> Iterator[None]:
    """Stop programs for the block and start them again; does not wait until they are healthy."""
    supervise("stop", *programs)
    try:
        yield
    finally:
        supervise("start", *programs)


def supervise(action: str, *programs: str) -> None:
    """Have the stack's Supervisor start, stop or restart programs, one after another."""
    command = [sys.executable, "-m", "supervisor.supervisorctl"]
    settings = ["-c", str(stack_home() / "supervisord.conf")]
    subprocess.run([*command, *settings, action, *programs], check=True, capture_output=True)


def bring_up(groups: str) -> None:
    """Start what does not run of some groups, and wait until all of them are healthy."""
    up = subprocess.run([*stack_command(), "up", "--only", groups], cwd=ROOT, check=False)
    assert up.returncode == 0, f"{groups} did not come back"


def stack_home() -> Path:
    """Return the folder of the tests' own stack."""
    return Path(os.environ.get("KEEPER_TEST_STACK_HOME", str(ROOT / ".keeper" / "test")))


def stack_command() -> list[str]:
    """Return the command of the tests' own stack, away from the default home and ports."""
    offset = os.environ.get("KEEPER_TEST_PORT_OFFSET", "21000")
    home = str(stack_home())
    return [
        *(sys.executable, "-m", "stack", "--throwaway"),
        *("--home", home, "--port-offset", offset),
    ]


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Bring up the services in a home of their own and take them down at the end.

    With KEEPER_TEST_STACK_KEEP=1 they stay up, so that the next run starts at once.
    """
    command = stack_command()
    up = subprocess.run([*command, "up", "--only", SERVICES], cwd=ROOT, check=False)
    assert up.returncode == 0, "the test services did not start; their logs are named above"
    yield Stack.running()
    if os.environ.get("KEEPER_TEST_STACK_KEEP") != "1":
        subprocess.run([*command, "down"], cwd=ROOT, check=True)


@pytest.fixture
def kafka(stack: Stack) -> KafkaConfig:
    """Where Kafka is."""
    return KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"])


@pytest.fixture
def admin(kafka: KafkaConfig) -> AdminClient:
    """A Kafka admin client."""
    return kafka.admin()


@pytest.fixture
def partitions() -> int:
    """How many partitions the test's topic has; a module whose tests need more overrides it."""
    return 1


@pytest.fixture
def topic(admin: AdminClient, partitions: int) -> Iterator[str]:
    """A topic of the test's own, with its dead letter topic."""
    name = f"test-{uuid.uuid4().hex}"
    names = (name, dead_letter_topic(name))
    make_topics(admin, names, partitions=partitions)
    yield name
    # Nobody uses the name again, so nobody waits until the topics are gone.
    admin.delete_topics(list(names))


@pytest.fixture
def search(stack: Stack) -> Iterator[Elasticsearch]:
    """An Elasticsearch client."""
    with Elasticsearch(stack["ELASTICSEARCH_URL"], request_timeout=30) as client:
        yield client


@pytest.fixture
def alias(search: Elasticsearch) -> Iterator[str]:
    """An index alias of the test's own."""
    name = f"test-{uuid.uuid4().hex}"
    set_up(search, name)
    yield name
    remove_alias(search, name)


def remove_alias(search: Elasticsearch, name: str) -> None:
    """Remove an alias, with its template and every index of that template."""
    for index in search.indices.get(index=f"{name}-*"):
        search.indices.delete(index=index)
    search.indices.delete_index_template(name=name)


if __name__ == "__main__":
    # `python -m tests.services down` ends what KEEPER_TEST_STACK_KEEP left for the next suite.
    sys.exit(subprocess.run([*stack_command(), *sys.argv[1:]], cwd=ROOT, check=False).returncode)
