"""Airflow's own "test connection" on the real services, by the connections the stack makes."""

import json
from collections.abc import Callable

import pytest
from airflow.models.connection import Connection

from keeper.orchestration.airflow.connections import (
    ELASTICSEARCH_CONN,
    KAFKA_CONN,
    KEEPA_CONN,
    POSTGRES_CONN,
    elasticsearch_config,
    keepa_config,
)
from keeper.orchestration.airflow.hooks.elasticsearch import ElasticsearchHook
from keeper.sources.keepa.config import KeepaConfig
from tests.keepa_simulator import Simulator
from tests.services import Stack, free_port

# Airflow's own, of its own way to find a hook.
pytestmark = pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")

Ask = Callable[..., tuple[bool, str]]
SECRET = "marked-secret/@:word"


@pytest.fixture
def ask(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Tests one of the stack's connections, with other values if given, as Airflow's page does.

    The page hands a connection to the hook as a URI in a variable.
    """

    def test(conn_id: str, **other: object) -> tuple[bool, str]:
        variable = f"AIRFLOW_CONN_{conn_id.upper()}"
        values = {**json.loads(stack[variable]), **other}
        extra = json.dumps(values["extra"]) if "extra" in values else None
        connection = Connection(conn_id=conn_id, **{**values, "extra": extra})
        monkeypatch.setenv(variable, connection.get_uri())
        answer: tuple[bool, str] = connection.test_connection()
        return answer

    return test


def test_the_local_stack_lets_people_test_connections(stack: Stack) -> None:
    assert stack["AIRFLOW__CORE__TEST_CONNECTION"] == "Enabled"


@pytest.mark.parametrize("conn_id", [POSTGRES_CONN, KAFKA_CONN, ELASTICSEARCH_CONN])
@pytest.mark.usefixtures("migrated_stores")
def test_a_service_that_answers_is_green(ask: Ask, conn_id: str) -> None:
    is_well, message = ask(conn_id)

    assert is_well is True, message


@pytest.mark.parametrize("of_form", [{}, {"source": None, "timeout_s": None}, {"timeout_s": 5}])
def test_keepa_is_green_and_says_its_balance(
    ask: Ask, simulate: Callable[..., Simulator], of_form: dict[str, object]
) -> None:
    is_well, message = ask(KEEPA_CONN, host=simulate().url, password="simulator", extra=of_form)

    assert is_well is True, message
    assert message.startswith("the simulator: ")
    assert "tokens" in message


def test_a_wrong_password_is_red_and_is_not_shown(ask: Ask) -> None:
    is_well, message = ask(POSTGRES_CONN, password=SECRET)

    assert is_well is False
    assert "password authentication failed" in message
    assert SECRET not in message


def test_a_key_keepa_refuses_is_red_and_is_not_shown(
    ask: Ask, simulate: Callable[..., Simulator]
) -> None:
    is_well, message = ask(KEEPA_CONN, host=simulate().url, password=SECRET)

    assert is_well is False
    assert "rejected the API key" in message
    assert "see its Base URL and API key" in message
    assert "marked-secret" not in message


def test_a_broker_that_is_away_is_red(ask: Ask) -> None:
    is_well, message = ask(KAFKA_CONN, extra={"bootstrap.servers": f"127.0.0.1:{free_port()}"})

    assert is_well is False
    assert message


def test_an_elasticsearch_that_is_away_is_red_and_says_where_to_look(ask: Ask) -> None:
    is_well, message = ask(ELASTICSEARCH_CONN, port=free_port(), login="keeper", password=SECRET)

    assert is_well is False
    assert "Elasticsearch does not answer" in message
    assert "see its Protocol, Host, Port, Login and Password" in message
    assert "marked-secret" not in message


def test_a_keepa_that_is_away_is_red_and_says_where_to_look(ask: Ask) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"

    is_well, message = ask(KEEPA_CONN, host=nowhere, password=SECRET)

    assert is_well is False
    assert f"Keepa cannot be reached at {nowhere}" in message
    assert "see its Base URL and API key" in message
    assert "marked-secret" not in message


@pytest.mark.parametrize(
    ("conn_id", "mistake", "said"),
    [
        pytest.param(KEEPA_CONN, {"host": "api.keepa.com"}, "must look like https", id="no scheme"),
        pytest.param(KEEPA_CONN, {"password": None, "extra": {}}, "needs a password", id="no key"),
        pytest.param(KEEPA_CONN, {"extra": {"source": "x"}}, "keepa or simulator", id="source"),
        pytest.param(KEEPA_CONN, {"extra": {"timeout_s": "x"}}, "number of seconds", id="timeout"),
        pytest.param(ELASTICSEARCH_CONN, {"host": None}, "needs a host", id="no host"),
        pytest.param(ELASTICSEARCH_CONN, {"host": "http://x"}, "host is a name", id="a URL"),
        pytest.param(ELASTICSEARCH_CONN, {"host": "a b"}, "cannot be read", id="no host's name"),
    ],
)
def test_a_form_filled_in_wrongly_is_red_and_says_what_is_wrong(
    ask: Ask, conn_id: str, mistake: dict[str, object], said: str
) -> None:
    is_well, message = ask(conn_id, **{"login": "keeper", "password": SECRET, **mistake})

    assert is_well is False
    assert said in message
    assert "marked-secret" not in message


def test_the_type_of_keepas_connection_is_airflows_affair(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"host": "https://proxy.example", "password": "key", "extra": {"timeout_s": 7}}

    def configured(conn_type: str) -> KeepaConfig:
        answered = json.dumps({"conn_type": conn_type, **values})
        monkeypatch.setenv("AIRFLOW_CONN_KEEPER_KEEPA", answered)
        return keepa_config()

    assert configured("keepa") == configured("http")
    assert configured("http").base_url == "https://proxy.example"


def test_keepas_connection_may_be_a_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_KEEPA", "keepa://http://:simulator@127.0.0.1:8099")

    config = keepa_config()

    assert (config.base_url, config.source) == ("http://127.0.0.1:8099", "simulator")


def test_the_type_of_elasticsearchs_connection_is_airflows_affair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {"host": "search", "port": 9201, "schema": "https", "login": "u", "password": "p"}

    def configured(conn_type: str) -> str:
        answered = json.dumps({"conn_type": conn_type, **values})
        monkeypatch.setenv("AIRFLOW_CONN_KEEPER_ELASTICSEARCH", answered)
        return elasticsearch_config().url

    assert configured("keeper_elasticsearch") == configured("elasticsearch")
    assert configured("elasticsearch") == "https://u:p@search:9201"


def test_elasticsearchs_hook_can_do_what_the_providers_can(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for SQL itself, a module that the local Elasticsearch lacks."""
    variable = "AIRFLOW_CONN_KEEPER_ELASTICSEARCH"
    monkeypatch.setenv(variable, stack[variable])
    hook = ElasticsearchHook()

    with hook.get_conn().es as client:
        assert client.cluster.health()["number_of_nodes"] == 1
    assert hook.get_uri().startswith("elasticsearch+http://127.0.0.1:")
