"""Keeper's settings as Airflow Connections, so that a password is set in one place.

Airflow asks it before its environment and its own database when `[secrets] backend` names it:
`AIRFLOW__SECRETS__BACKEND=keeper.orchestration.settings_backend.SettingsBackend`. The composed
system does, where passwords are files and no variable may hold a whole connection.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from airflow.sdk.bases.secrets_backend import BaseSecretsBackend
from psycopg.conninfo import conninfo_to_dict

from keeper.settings import Settings, load_settings

_POSTGRES_PORT: Final = 5432


class SettingsBackend(BaseSecretsBackend):
    """Keeper's connections; of others, and of variables, it knows nothing."""

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        """Return a connection as JSON, None if it is none of Keeper's or its setting is blank.

        Raises:
            SettingsError: The settings are wrong; with a line for each mistake.
        """
        make = _CONNECTIONS.get(conn_id)
        connection = None if make is None else make(load_settings())
        return None if connection is None else json.dumps(connection)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """Return None: Keeper has no Airflow variables."""
        return None


def _keepa(settings: Settings) -> dict[str, Any]:
    # The simulator's key is no secret: as a password Airflow would mask its word in every log.
    simulated = settings.keepa.uses_simulator
    return {
        "conn_type": "keepa",
        "host": settings.keepa.url,
        **({} if simulated else {"password": settings.keepa.key.get_secret_value()}),
        "extra": {
            "timeout_s": settings.keepa.timeout_s,
            "source": "simulator" if simulated else "keepa",
        },
    }


def _postgres(settings: Settings) -> dict[str, Any]:
    return _database(settings.database.url_with_password.get_secret_value())


def _airflow_metadata(settings: Settings) -> dict[str, Any] | None:
    url = settings.airflow.database_url_with_password
    return None if url is None else _database(url.get_secret_value())


def _kafka(settings: Settings) -> dict[str, Any]:
    servers = {"bootstrap.servers": settings.kafka.bootstrap_servers}
    return {"conn_type": "kafka", "extra": servers | settings.kafka.client_options}


def _elasticsearch(settings: Settings) -> dict[str, Any]:
    parts = urlsplit(settings.elasticsearch.url_with_password.get_secret_value())
    return {
        "conn_type": "keeper_elasticsearch",
        "host": parts.hostname,
        "port": parts.port or 443,
        "schema": parts.scheme,
        **({"extra": {"path": parts.path}} if parts.path else {}),
        **_without_none(
            login=parts.username and unquote(parts.username),
            password=parts.password and unquote(parts.password),
        ),
    }


def _database(url: str) -> dict[str, Any]:
    """Return a database's connection; what its fields cannot hold is in extra.

    Those are several ports, one for each host, and libpq's parameters: sslmode and the like.
    """
    given = conninfo_to_dict(url)
    ports = [int(port or _POSTGRES_PORT) for port in str(given.pop("port", "")).split(",")]
    connection = {
        "conn_type": "postgres",
        "port": ports[0],
        **_without_none(
            host=given.pop("host", None),
            schema=given.pop("dbname", None),
            login=given.pop("user", None),
            password=given.pop("password", None),
        ),
    }
    if len(set(ports)) > 1:
        given["port"] = ",".join(map(str, ports))
    return connection | ({"extra": given} if given else {})


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


_CONNECTIONS: Final[Mapping[str, Callable[[Settings], dict[str, Any] | None]]] = {
    "keeper_keepa": _keepa,
    "keeper_postgres": _postgres,
    "keeper_kafka": _kafka,
    "keeper_elasticsearch": _elasticsearch,
    "keeper_airflow_metadata": _airflow_metadata,
}
