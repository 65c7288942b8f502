"""Airflow's processes and runs before what they need is there, each service being the last once.

The same of Keeper's workers is in tests/faults/test_starting_order.py, one of these processes that
waits in tests/integration/test_airflow_command.py; a PostgreSQL that goes away under a run is in
tests/endurance.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stack.airflow import PROGRAMS
from stack.airflow_api import AirflowApi
from stack.layout import Layout
from tests.e2e.runs import run_dag
from tests.services import Stack, bring_up, stopped, supervise
from tests.waiting import wait_until

pytestmark = pytest.mark.nightly

# The channels of the demo lead nowhere; see marked_secrets.py.
OF_THE_CHANNELS = {"check_chats": "failed", "summarise": "failed"}
LAST = ("kafka", "elasticsearch", "simulator")


class NewLines:
    """What a log has got since now."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._begin = log.stat().st_size

    def text(self) -> str:
        with self._log.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")


@pytest.fixture
def logs(stack: Stack) -> dict[str, NewLines]:
    """The logs of Airflow's four processes, by program."""
    layout = Layout(Path(stack["KEEPER_RUN_DIR"]).parent)
    return {name: NewLines(layout.log_of(name)) for name in PROGRAMS}


@contextmanager
def without_airflows_tables(stack: Stack) -> Iterator[None]:
    """Hide, for the block, the table that `airflow db migrate` makes last."""
    _rename(stack, "alembic_version", "not_there_yet")
    try:
        yield
    finally:
        bring_up("postgres")
        _rename(stack, "not_there_yet", "alembic_version")


def _rename(stack: Stack, table: str, name: str) -> None:
    with psycopg.connect(stack["KEEPER_AIRFLOW_DATABASE_URL"]) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")


def wait_until_all_say(logs: dict[str, NewLines], words: str) -> None:
    line = re.compile(f"waiting for Airflow's database, [0-9]+ s: .*{words}")
    wait_until(
        lambda: all(line.search(log.text()) for log in logs.values()),
        f"each of {', '.join(logs)} says: {words}",
        every_s=0.5,
    )


def checked(airflow: AirflowApi) -> dict[str, str | None]:
    """Return how the tasks of a run of check_services have ended."""
    dag_id, _, run_id = run_dag(airflow, "check_services", ends="failed").partition("/")
    return {task.task_id: task.state for task in airflow.task_instances(dag_id, run_id)}


def test_each_service_may_be_the_last_one(
    stack: Stack, airflow: AirflowApi, logs: dict[str, NewLines]
) -> None:
    with stopped(*LAST):
        assert checked(airflow) == {
            **dict.fromkeys(("check_postgres", "check_lake", "check_mail"), "success"),
            **dict.fromkeys(("check_kafka", "check_elasticsearch", "check_keepa"), "failed"),
            **OF_THE_CHANNELS,
        }

    # They come up meanwhile.
    with without_airflows_tables(stack):
        with stopped("postgres"):
            # The only one of the four that stays up without it.
            supervise("restart", "airflow-api")
            wait_until_all_say(logs, "PostgreSQL does not answer")
        wait_until_all_say(logs, "no tables of Airflow's yet")

    bring_up(",".join(("postgres", *LAST, "airflow")))
    services = ("postgres", "lake", "mail", "kafka", "elasticsearch", "keepa")
    assert checked(airflow) == {
        **dict.fromkeys((f"check_{name}" for name in services), "success"),
        **OF_THE_CHANNELS,
    }
