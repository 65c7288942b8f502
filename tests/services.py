"""Real services for the integration tests, each test in its own database, topics and indices."""

import os
import shlex
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch.price_index import set_up
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.migrations import migrate
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import dead_letter_topic, make_topics

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
    return [sys.executable, "-m", "stack", "--home", str(stack_home()), "--port-offset", offset]


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


@pytest.fixture(scope="session")
def migrated(stack: Stack) -> Iterator[str]:
    """The name of a migrated database that others are copied from, which is quicker."""
    name = _create_database(stack)
    migrate(_config_of(stack, name))
    yield name
    _drop_database(stack, name)


@pytest.fixture
def make_database(stack: Stack, migrated: str) -> Iterator[Callable[[], PostgresConfig]]:
    """Makes migrated databases of the test's own."""
    made = []

    def make() -> PostgresConfig:
        made.append(_create_database(stack, template=migrated))
        return _config_of(stack, made[-1])

    yield make
    for name in made:
        _drop_database(stack, name)


@contextmanager
def temporary_database(stack: Stack, migrated: str) -> Iterator[PostgresConfig]:
    """Make a migrated database for the block, for fixtures of more than one test."""
    name = _create_database(stack, template=migrated)
    try:
        yield _config_of(stack, name)
    finally:
        _drop_database(stack, name)


def _config_of(stack: Stack, database: str) -> PostgresConfig:
    return PostgresConfig(stack["DATABASE_URL"].rpartition("/")[0] + f"/{database}")


def _create_database(stack: Stack, template: str = "template1") -> str:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def _drop_database(stack: Stack, name: str) -> None:
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as admin:
        try:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        except psycopg.errors.InsufficientPrivilege:
            # An autovacuum worker is at it, which only the plain form ends.
            admin.execute(f'DROP DATABASE "{name}"')


@pytest.fixture
def database(make_database: Callable[[], PostgresConfig]) -> PostgresConfig:
    """A migrated database of the test's own."""
    return make_database()


@pytest.fixture
def connection(database: PostgresConfig) -> Iterator[Connection]:
    """A connection to the test's database."""
    with session(database) as connection:
        yield connection


@pytest.fixture
def kafka(stack: Stack) -> KafkaConfig:
    """Where Kafka is."""
    return KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"])


@pytest.fixture
def admin(kafka: KafkaConfig) -> AdminClient:
    """A Kafka admin client."""
    return kafka.admin()


@pytest.fixture
def topic(admin: AdminClient) -> Iterator[str]:
    """A topic of the test's own, with its dead letter topic."""
    name = f"test-{uuid.uuid4().hex}"
    names = (name, dead_letter_topic(name))
    make_topics(admin, names)
    yield name
    for future in admin.delete_topics(list(names)).values():
        future.result()


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
