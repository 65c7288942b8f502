import pytest

from stack.errors import StackError
from stack.ports import Ports, resolve_ports


def test_defaults_are_those_of_the_composed_stack() -> None:
    assert resolve_ports({}, None, {}) == Ports()


def test_an_offset_moves_every_port() -> None:
    ports = resolve_ports({}, 10_000, {"postgres": 1})

    assert (ports.postgres, ports.airflow, ports.smtp) == (15432, 18080, 11025)


def test_a_variable_wins_over_the_offset() -> None:
    assert resolve_ports({"KEEPER_POSTGRES_PORT": "6000"}, 10_000, {}).postgres == 6000


def test_without_either_the_last_choice_stays() -> None:
    assert resolve_ports({}, None, {"postgres": 6001}).postgres == 6001


def test_an_offset_of_zero_moves_a_stack_back_to_the_usual_ports() -> None:
    assert resolve_ports({}, 0, {"postgres": 15432, "airflow": 18080}) == Ports()


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "80.5"])
def test_what_is_no_port_is_said(text: str) -> None:
    with pytest.raises(StackError, match=r"KEEPER_KAFKA_PORT must be a port between 1 and 65535"):
        resolve_ports({"KEEPER_KAFKA_PORT": text}, None, {})


def test_an_offset_beyond_the_last_port_is_said() -> None:
    with pytest.raises(StackError, match="--port-offset 60000 for"):
        resolve_ports({}, 60_000, {})


def test_two_services_never_share_a_port() -> None:
    with pytest.raises(StackError, match="KEEPER_AIRFLOW_PORT and KEEPER_KAFKA_PORT are both 9000"):
        resolve_ports({"KEEPER_AIRFLOW_PORT": "9000", "KEEPER_KAFKA_PORT": "9000"}, None, {})
