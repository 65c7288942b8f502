"""Airflow Connections as the plain configurations the rest of Keeper takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from airflow.sdk import Connection
from pydantic import SecretStr

from keeper.errors import SettingsError
from keeper.sources.keepa.config import KeepaConfig
from keeper.stores.postgres.connection import Connection as DatabaseConnection
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.streams.config import KafkaConfig

KEEPA_CONN: Final = "keeper_keepa"
POSTGRES_CONN: Final = "keeper_postgres"
KAFKA_CONN: Final = "keeper_kafka"


def keepa_config() -> KeepaConfig:
    """Return `keeper_keepa`: host = base URL, password = key, extra.source = keepa or simulator.

    Raises:
        SettingsError: The connection lacks one of them.
    """
    connection = Connection.get(KEEPA_CONN)
    extra = connection.extra_dejson
    source = extra.get("source", "keepa")
    if not connection.password or not connection.host:
        raise SettingsError(f"connection {KEEPA_CONN} needs a host (the API's URL) and a password")
    if source not in ("keepa", "simulator"):
        raise SettingsError(f"connection {KEEPA_CONN}: extra.source is keepa or simulator")
    return KeepaConfig(
        api_key=SecretStr(connection.password),
        base_url=connection.host,
        source=source,
        timeout_s=float(extra.get("timeout_s", 60)),
    )


def postgres_config() -> PostgresConfig:
    """Return `keeper_postgres`, asked for through the provider's hook."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    url = PostgresHook(postgres_conn_id=POSTGRES_CONN).sqlalchemy_url
    plain = url.set(drivername="postgresql")
    return PostgresConfig(plain.render_as_string(hide_password=False), "keeper-airflow")


@contextmanager
def database() -> Iterator[DatabaseConnection]:
    """Open a connection to `keeper_postgres` for the block, with errors told as Keeper's."""
    with session(postgres_config()) as connection:
        yield connection


def kafka_config(connection: Connection | None = None) -> KafkaConfig:
    """Return `keeper_kafka`, or a connection read already: its extra is the client configuration.

    Raises:
        SettingsError: It does not name the brokers.
    """
    client = dict((connection or Connection.get(KAFKA_CONN)).extra_dejson)
    servers = client.pop("bootstrap.servers", None)
    if not servers:
        raise SettingsError(f"connection {KAFKA_CONN}: extra needs bootstrap.servers")
    return KafkaConfig(servers, client)
