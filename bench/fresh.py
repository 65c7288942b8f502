"""A database and topics of a benchmark's own, gone afterwards."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.migrations import migrate
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import dead_letter_topic


@contextmanager
def fresh_database(url: str) -> Iterator[PostgresConfig]:
    """Make a migrated database on the server of `url`."""
    name = f"bench_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            config = PostgresConfig(url.rpartition("/")[0] + f"/{name}")
            migrate(config)
            yield config
        finally:
            try:
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            except psycopg.errors.InsufficientPrivilege:
                # An autovacuum worker is at it, which only the plain form ends.
                admin.execute(f'DROP DATABASE "{name}"')


@contextmanager
def fresh_topic(kafka: KafkaConfig) -> Iterator[str]:
    """Make a topic as Keeper makes its own, with its dead letter topic."""
    admin = kafka.admin()
    name = f"bench-{uuid.uuid4().hex}"
    names = (name, dead_letter_topic(name))
    make_topics(admin, names)
    try:
        yield name
    finally:
        for future in admin.delete_topics(list(names)).values():
            future.result()
