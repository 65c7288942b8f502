"""The button "Test" of Airflow's form of a connection, by the request it sends."""

import json

import pytest

from stack.airflow_api import AirflowApi
from tests.services import Stack, free_port


def press(airflow: AirflowApi, stack: Stack, name: str, **typed: object) -> tuple[bool, str]:
    """Test a connection that nobody has saved: one of the stack's, with what else is typed in."""
    values = json.loads(stack[f"AIRFLOW_CONN_KEEPER_{name.upper()}"]) | typed
    form = {**values, "connection_id": f"of_the_form_{name}"}
    form["extra"] = json.dumps(values.get("extra", {}))
    answer = airflow.ask("POST", "/api/v2/connections/test", json=form)
    return answer["status"], answer["message"]


@pytest.mark.parametrize("name", ["postgres", "kafka", "elasticsearch", "keepa"])
def test_it_is_green(airflow: AirflowApi, stack: Stack, name: str) -> None:
    is_well, message = press(airflow, stack, name)

    assert is_well is True, message


def test_it_is_red_where_nobody_answers_and_shows_no_key(airflow: AirflowApi, stack: Stack) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"

    is_well, message = press(airflow, stack, "keepa", host=nowhere, password="marked-secret")

    assert is_well is False
    assert f"Keepa cannot be reached at {nowhere}" in message
    assert "marked-secret" not in message
