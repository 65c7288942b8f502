"""What `make status` says of a program that lives but cannot do its work."""

import os
import time
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from rich.console import Console

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.metrics import Waits
from keeper.settings import load_settings
from stack.context import Stack
from stack.report import print_status, print_urls, status_rows
from stack.supervisor import RUNNING, ProgramState

pytestmark = pytest.mark.usefixtures("downloaded")


class OnlyTheDeliverer:
    """Stands for a Supervisor under which nothing but the deliverer runs."""

    def states(self) -> dict[str, ProgramState]:
        return {"deliver": ProgramState("deliver", RUNNING, os.getpid(), time.time(), "")}


@pytest.fixture
def running(make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack whose run directory is the one of the test's workers."""
    stack = make_stack()
    monkeypatch.setenv("KEEPER_RUN_DIR", str(stack.layout.run))
    load_settings.cache_clear()
    yield stack
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        pytest.param(None, "healthy", id="does its work"),
        pytest.param("no [Errno 111]", "degraded: waits since ", id="waits"),
    ],
)
def test_a_worker_that_waits_is_degraded_and_says_for_what(
    running: Stack, why: str | None, shown: str
) -> None:
    waits, out = Waits(), StringIO()
    waits.record("outbox", why)
    HeartbeatWriter("deliver", waits)

    rows = status_rows(running, OnlyTheDeliverer())  # type: ignore[arg-type]  # a stand-in
    print_status(Console(file=out, width=200), rows)

    (row,) = [row for row in rows if row["program"] == "deliver"]
    assert row["healthy"], "starting it anew would not help"
    assert row["waits"].endswith(f"UTC: {why}" if why else "")
    (line,) = [line for line in out.getvalue().splitlines() if line.startswith("deliver")]
    assert shown in line
    assert (why or "") in line


@pytest.mark.parametrize("is_terminal", [True, False])
def test_passwords_are_shown_on_a_terminal_alone(
    make_stack: Callable[..., Stack], is_terminal: bool
) -> None:
    stack, out = make_stack(), StringIO()

    print_urls(Console(file=out, width=300, force_terminal=is_terminal), stack)

    secrets = stack.credentials
    for secret in (secrets.airflow_admin, secrets.postgres_keeper):
        assert (secret in out.getvalue()) is is_terminal
