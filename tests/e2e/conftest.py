"""One demo in a home of its own, made once for all end-to-end tests; they use its stack."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from stack.airflow_api import AirflowApi
from stack.context import load_stack
from stack.layout import Layout
from tests.e2e.marked_secrets import chat_channels
from tests.services import ROOT, Stack, stack_command

Rows = Callable[[str], list[dict[str, Any]]]


def run_demo() -> str:
    """Run the demo in the tests' home and return what it printed; simulated time stands still."""
    done = subprocess.run(
        [*stack_command(), "demo", "--hold"],
        cwd=ROOT,
        env=os.environ | chat_channels(),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"the demo failed:\n{done.stdout[-5000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    """What a demo in an empty home printed, whose channels are set up with marked secrets."""
    subprocess.run([*stack_command(), "clean"], cwd=ROOT, check=True)
    yield run_demo()
    subprocess.run([*stack_command(), "down"], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def stack(demo: str) -> Stack:
    """Where the demo's services are."""
    return Stack.running()


@pytest.fixture
def rows(stack: Stack) -> Rows:
    """Runs a query on the demo's database, each on a connection of its own."""

    def ask(query: str) -> list[dict[str, Any]]:
        with psycopg.connect(stack["DATABASE_URL"], row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    return ask


@pytest.fixture
def airflow(stack: Stack) -> Iterator[AirflowApi]:
    """A session with the demo's Airflow."""
    home = Path(stack["KEEPER_RUN_DIR"]).parent
    with AirflowApi.of(load_stack(Layout(home), os.environ)) as api:
        yield api
