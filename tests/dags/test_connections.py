"""Airflow's own "test connection" on the real services, by the connections the stack makes."""

import json
from collections.abc import Callable

import pytest
from airflow.models.connection import Connection

from keeper.orchestration.connections import (
    ELASTICSEARCH_CONN,
    KAFKA_CONN,
    KEEPA_CONN,
    POSTGRES_CONN,
)
from tests.keepa_simulator import Simulator
from tests.services import Stack, free_port

# Airflow's own, of its own way to find a hook.
pytestmark = pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")

Ask = Callable[..., tuple[bool, str]]


@pytest.fixture
def ask(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Tests one of the stack's connections, with other values if given, as Airflow's page does."""

    def test(conn_id: str, **other: object) -> tuple[bool, str]:
        variable = f"AIRFLOW_CONN_{conn_id.upper()}"
        values = {**json.loads(stack[variable]), **other}
        monkeypatch.setenv(variable, json.dumps(values))
        connection = Connection(
            conn_id=conn_id,
            **{**values, "extra": json.dumps(values["extra"]) if "extra" in values else None},
        )
        answer: tuple[bool, str] = connection.test_connection()
        return answer

    return test


def test_the_local_stack_lets_people_test_connections(stack: Stack) -> None:
    assert stack["AIRFLOW__CORE__TEST_CONNECTION"] == "Enabled"


@pytest.mark.parametrize("conn_id", [POSTGRES_CONN, KAFKA_CONN])
def test_a_service_that_answers_is_green(ask: Ask, conn_id: str) -> None:
    assert ask(conn_id)[0] is True


def test_a_wrong_password_is_red_and_is_not_shown(ask: Ask) -> None:
    is_well, message = ask(POSTGRES_CONN, password="not-the-password")

    assert is_well is False
    assert "password authentication failed" in message
    assert "not-the-password" not in message


def test_a_broker_that_is_away_is_red(ask: Ask) -> None:
    is_well, message = ask(KAFKA_CONN, extra={"bootstrap.servers": f"127.0.0.1:{free_port()}"})

    assert is_well is False
    assert message


def test_elasticsearchs_needs_its_sql_module_which_is_not_here(ask: Ask) -> None:
    """The provider's hook asks `select 1` by ES|SQL; docs/AIRFLOW.md says what to use instead."""
    is_well, message = ask(ELASTICSEARCH_CONN)

    assert is_well is False
    assert "_sql" in message


def test_keepas_cannot_know_its_protocol(ask: Ask, simulate: Callable[..., Simulator]) -> None:
    """The provider's hook posts to the root, where neither Keepa nor the simulator has anything."""
    is_well, _ = ask(KEEPA_CONN, host=simulate().url)

    assert is_well is False
