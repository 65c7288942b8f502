"""Airflow's connections, where they are Keeper's settings, say what the settings say."""

import os
from collections.abc import Iterator

import pytest
from airflow.sdk.definitions.connection import Connection
from psycopg.conninfo import conninfo_to_dict

from keeper.orchestration.airflow import connections
from keeper.orchestration.settings_backend import SettingsBackend
from keeper.pipeline.services import configuration as services
from keeper.settings import VARIABLES, Settings, load_settings

LOGINS = {
    "DATABASE_URL": "postgresql://keeper@store:5433/prices",
    "KEEPER_DATABASE_PASSWORD": "p@ss/w%rd",
    "KEEPER_AIRFLOW_DATABASE_URL": "postgresql://airflow@store/airflow",
    "KEEPER_AIRFLOW_DATABASE_PASSWORD": "a:b",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:29092",
    "KEEPER_KAFKA_USER": "keeper",
    "KEEPER_KAFKA_PASSWORD": 'quo"ted',
    "ELASTICSEARCH_URL": "http://keeper@search:9200",
    "KEEPER_ELASTICSEARCH_PASSWORD": "e@s",
    "KEEPA_API_KEY": "k" * 64,
    "KEEPER_KEEPA_TIMEOUT_S": "7",
}


HARDENED = LOGINS | {
    "DATABASE_URL": "postgresql://keeper@h1:5433,h2:5434/prices"
    "?sslmode=verify-full&sslrootcert=/etc/ssl/my%20ca.pem&target_session_attrs=read-write",
    "KEEPER_AIRFLOW_DATABASE_URL": "postgresql://airflow@h1,h2/airflow?sslmode=require",
    "ELASTICSEARCH_URL": "https://keeper@search:9243/behind/a/proxy",
}
GIVEN = {"plain": {}, "with logins": LOGINS, "several hosts, TLS, a path": HARDENED}


@pytest.fixture(params=GIVEN)
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings, which the connections are made of."""
    for name in os.environ.keys() & VARIABLES.keys():
        monkeypatch.delenv(name)
    for name, value in GIVEN[request.param].items():
        monkeypatch.setenv(name, value)
    backend = SettingsBackend()
    monkeypatch.setattr(Connection, "get", backend.get_connection)
    load_settings.cache_clear()
    yield load_settings()
    load_settings.cache_clear()


def test_airflow_and_the_commands_reach_the_same(settings: Settings) -> None:
    assert connections.keepa_config() == services.keepa_config(settings)
    assert connections.kafka_config() == services.kafka_config(settings)
    search = connections.elasticsearch_config().url
    assert search == services.elasticsearch_config(settings).url
    database = connections.postgres_config().url
    assert conninfo_to_dict(database) == conninfo_to_dict(services.postgres_config(settings).url)


def test_the_simulators_well_known_key_is_no_password_to_mask(settings: Settings) -> None:
    keepa = SettingsBackend().get_connection(connections.KEEPA_CONN)

    assert keepa is not None
    assert keepa.password == (None if settings.keepa.uses_simulator else "k" * 64)


def test_the_databases_are_those_of_the_settings(settings: Settings) -> None:
    keeper = SettingsBackend().get_connection("keeper_postgres")
    urls = {
        "postgres://keeper:keeper-on-a-laptop@localhost:5432/keeper",
        "postgres://keeper:p%40ss%2Fw%25rd@store:5433/prices",
        # As the provider's hook hands it to libpq, which takes extra's port before the other.
        "postgres://keeper:p%40ss%2Fw%25rd@h1%2Ch2:5433/prices?sslmode=verify-full"
        "&sslrootcert=%2Fetc%2Fssl%2Fmy+ca.pem&target_session_attrs=read-write&port=5433%2C5434",
    }
    assert keeper.get_uri() in urls
    airflow = SettingsBackend().get_connection("keeper_airflow_metadata")
    if settings.airflow.database_url_with_password is None:
        assert airflow is None
    else:
        assert airflow.get_uri() in {
            "postgres://airflow:a%3Ab@store:5432/airflow",
            "postgres://airflow:a%3Ab@h1%2Ch2:5432/airflow?sslmode=require",
        }


def test_airflow_tests_them_as_keeper_asks(settings: Settings) -> None:
    types = {
        conn_id: SettingsBackend().get_connection(conn_id).conn_type
        for conn_id in (connections.KEEPA_CONN, connections.ELASTICSEARCH_CONN)
    }

    assert types == {"keeper_keepa": "keepa", "keeper_elasticsearch": "keeper_elasticsearch"}


def test_of_other_connections_and_variables_it_knows_nothing(settings: Settings) -> None:
    assert SettingsBackend().get_connection("aws_default") is None
    assert SettingsBackend().get_variable("anything") is None
