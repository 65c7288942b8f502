"""One demo in a home of its own, made once for all end-to-end tests; they use its stack."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from stack.airflow_api import AirflowApi
from stack.context import load_stack
from stack.layout import Layout
from tests.services import ROOT, Stack, stack_command

Rows = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Demo:
    """What two demos in a row printed."""

    first: str
    second: str


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """Run the demo in an empty home, and again on the unchanged catalogue."""
    subprocess.run([*stack_command(), "clean"], cwd=ROOT, check=True)
    printed = []
    for turn in ("first", "second"):
        done = subprocess.run(
            [*stack_command(), "demo"],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"the {turn} demo failed:\n{done.stdout[-5000:]}"
        printed.append(done.stdout)
    yield Demo(*printed)
    subprocess.run([*stack_command(), "down"], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def stack(demo: Demo) -> Stack:
    """Where the demo's services are."""
    return Stack.running()


@pytest.fixture
def rows(stack: Stack) -> Iterator[Rows]:
    """Runs a query on the demo's database."""
    with psycopg.connect(
        stack["DATABASE_URL"], row_factory=dict_row, autocommit=True
    ) as connection:
        yield lambda query: connection.execute(query).fetchall()


@pytest.fixture
def airflow(stack: Stack) -> Iterator[AirflowApi]:
    """A session with the demo's Airflow."""
    home = Path(stack["KEEPER_RUN_DIR"]).parent
    with AirflowApi.of(load_stack(Layout(home), os.environ)) as api:
        yield api
