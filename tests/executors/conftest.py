"""A stack with Airflow in a home of its own, and a few watched products."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.airflow_api import AirflowApi
from stack.context import load_stack
from stack.layout import Layout
from stack.product import keeper_output
from tests.services import ROOT, Stack, stack_command

_PRODUCTS = 30


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start everything from nothing, and end it."""
    subprocess.run([*stack_command(), "clean"], cwd=ROOT, check=True)
    up = subprocess.run([*stack_command(), "up"], cwd=ROOT, check=False)
    assert up.returncode == 0, "the stack did not start; its logs are named above"
    stack = Stack.running()
    own = load_stack(Layout(Path(stack["KEEPER_RUN_DIR"]).parent), os.environ)
    watches = tmp_path_factory.mktemp("watches") / "watches.csv"
    asked = ("--watch-list", str(_PRODUCTS), "--at", own.simulator_at)
    watches.write_text(keeper_output(own, "simulate-keepa", *asked))
    keeper_output(own, "watch", "import", str(watches))
    yield stack
    subprocess.run([*stack_command(), "down"], cwd=ROOT, check=True)


@pytest.fixture
def airflow(stack: Stack) -> Iterator[AirflowApi]:
    """A session with the stack's Airflow."""
    home = Path(stack["KEEPER_RUN_DIR"]).parent
    with AirflowApi.of(load_stack(Layout(home), os.environ)) as api:
        yield api
