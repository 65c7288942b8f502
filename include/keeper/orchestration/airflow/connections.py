"""Airflow Connections as the plain configurations the rest of Keeper takes.

A connection's type is Airflow's affair: it decides what the form shows and what "Test" asks. Keeper
reads the fields, whatever the type.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from airflow.sdk import Connection
from pydantic import SecretStr

from keeper.errors import SettingsError
from keeper.settings import KEEPA_URL, SIMULATOR_KEY, load_settings
from keeper.sources.keepa.config import KeepaConfig

if TYPE_CHECKING:
    # Their libraries take a second to import, which every reading of a DAG file would pay.
    from keeper.stores.elasticsearch.connection import ElasticsearchConfig
    from keeper.stores.postgres.connection import Connection as DatabaseConnection
    from keeper.stores.postgres.connection import PostgresConfig
    from keeper.streams.config import KafkaConfig

KEEPA_CONN: Final = "keeper_keepa"
POSTGRES_CONN: Final = "keeper_postgres"
KAFKA_CONN: Final = "keeper_kafka"
ELASTICSEARCH_CONN: Final = "keeper_elasticsearch"


def keepa_config(connection: Connection | None = None) -> KeepaConfig:
    """Return `keeper_keepa`, or a connection read already.

    Its password is the key, its host the base URL, extra.source is keepa or simulator and
    extra.timeout_s seconds. The key alone is enough: the simulator's well-known key means the
    simulator, any other Keepa, and each of them has its usual address. With the source simulator
    there need be no password, so that Airflow does not mask the word in its logs.

    Raises:
        SettingsError: There is no key, a source that is neither, or a timeout that is no number.
    """
    connection = connection or Connection.get(KEEPA_CONN)
    extra = connection.extra_dejson
    key = connection.password or (SIMULATOR_KEY if extra.get("source") == "simulator" else None)
    if not key:
        raise SettingsError(f"connection {KEEPA_CONN} needs a password (the API key)")
    source: Any = extra.get("source") or ("simulator" if key == SIMULATOR_KEY else "keepa")
    if source not in ("keepa", "simulator"):
        raise SettingsError(f"connection {KEEPA_CONN}: extra.source is keepa or simulator")
    usual_url = KEEPA_URL if source == "keepa" else load_settings().keepa.simulator_url
    url = connection.host or usual_url
    if connection.host and connection.port:
        # Where the connection is given as a URI.
        url = f"{url}:{connection.port}"
    return KeepaConfig(SecretStr(key), url, source, timeout_s=_seconds(extra.get("timeout_s")))


def _seconds(given: Any) -> float:
    # Airflow's form leaves a null where a field was emptied.
    if given is None:
        return 60
    try:
        return float(given)
    except (TypeError, ValueError):
        raise SettingsError(
            f"connection {KEEPA_CONN}: extra.timeout_s is a number of seconds"
        ) from None


def postgres_config(connection: Connection | None = None) -> "PostgresConfig":
    """Return `keeper_postgres`, or a connection read already.

    As in the provider's hook, several hosts stand in its host, separated by commas, their ports in
    extra.port if they differ, and libpq's parameters (sslmode …) in extra. The hook itself would
    serve nothing here: its URL has neither.
    """
    from keeper.stores.postgres.connection import PostgresConfig

    return PostgresConfig(
        _postgres_url(connection or Connection.get(POSTGRES_CONN)), "keeper-airflow"
    )


def _postgres_url(connection: Connection) -> str:
    from psycopg.pq import Conninfo

    extra = connection.extra_dejson
    hosts = (connection.host or "localhost").split(",")
    ports = str(extra.get("port") or connection.port or 5432).split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    if len(ports) != len(hosts):
        raise SettingsError(
            f"connection {POSTGRES_CONN}: extra.port has one port, or one for each host"
        )
    places = ",".join(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        for host, port in zip(hosts, ports, strict=True)
    )
    login = ""
    if connection.login:
        password = f":{quote(connection.password, safe='')}" if connection.password else ""
        login = f"{quote(connection.login, safe='')}{password}@"
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    options = {
        name: value for name, value in extra.items() if name in known and value and name != "port"
    }
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    return f"postgresql://{login}{places}/{quote(connection.schema or '', safe='')}{query}"


@contextmanager
def database() -> Iterator["DatabaseConnection"]:
    """Open a connection to `keeper_postgres` for the block, its errors translated to Keeper's."""
    from keeper.stores.postgres.connection import session

    with session(postgres_config()) as connection:
        yield connection


def kafka_config(connection: Connection | None = None) -> "KafkaConfig":
    """Return `keeper_kafka`, or a connection read already: its extra is the client configuration.

    Raises:
        SettingsError: It does not name the brokers.
    """
    from keeper.streams.config import KafkaConfig

    client = dict((connection or Connection.get(KAFKA_CONN)).extra_dejson)
    servers = client.pop("bootstrap.servers", None)
    if not servers:
        raise SettingsError(f"connection {KAFKA_CONN}: extra needs bootstrap.servers")
    return KafkaConfig(servers, client)


def elasticsearch_config(connection: Connection | None = None) -> "ElasticsearchConfig":
    """Return `keeper_elasticsearch`, or a connection read already.

    It has a host, a port, a schema (http or https), a login and password if any, and in extra.path
    what comes before Elasticsearch's own paths where a proxy serves it. The provider's
    hook takes addresses, not a connection, so it would serve nothing here.

    Raises:
        SettingsError: It does not name the host, or more than that.
    """
    from keeper.stores.elasticsearch.connection import ElasticsearchConfig

    connection = connection or Connection.get(ELASTICSEARCH_CONN)
    if not connection.host:
        raise SettingsError(f"connection {ELASTICSEARCH_CONN} needs a host")
    if "/" in connection.host:
        raise SettingsError(
            f"connection {ELASTICSEARCH_CONN}: host is a name or an address alone; http or https "
            "is the schema"
        )
    login = ""
    if connection.login:
        login = f"{quote(connection.login, safe='')}:{quote(connection.password or '', safe='')}@"
    port, path = connection.port or 9200, connection.extra_dejson.get("path") or ""
    return ElasticsearchConfig(
        f"{connection.schema or 'http'}://{login}{connection.host}:{port}{path}"
    )
