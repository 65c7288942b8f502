"""The stack's orders to the simulator's clock, obeyed by the simulator itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from stack.errors import StackError
from stack.layout import Layout
from stack.ports import Ports
from stack.product import simulator_service
from stack.simulator_clock import held_clock, hold_clock, release_clock
from tests.keepa_simulator import AT, Simulator
from tests.stacks import plain_stack


def _clock(keepa: Simulator) -> tuple[str, datetime]:
    clock = httpx.get(f"{keepa.url}/simulator/state", timeout=10).json()["clock"]
    return clock["mode"], datetime.fromisoformat(clock["now"])


def test_time_stands_for_the_proof_and_runs_afterwards_for_good(
    simulate: Callable[..., Simulator], tmp_path: Path
) -> None:
    keepa, layout = simulate(), Layout(tmp_path / "home")
    layout.make_folders()
    stack = plain_stack(layout, ports=Ports(simulator=int(keepa.url.rpartition(":")[2])))

    hold_clock(stack)
    assert _clock(keepa) == ("hold", AT)

    release_clock(stack)
    mode, now = _clock(keepa)
    assert mode == "run"
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=5)
    assert layout.read_state()["simulator_runs"] is True


def test_a_simulator_started_anew_goes_on_running(tmp_path: Path) -> None:
    stack = plain_stack(Layout(tmp_path / "home"))

    standing = simulator_service(stack).program.argv
    running = simulator_service(replace(stack, simulator_runs=True)).program.argv

    assert standing[standing.index("--clock") :][:4] == (
        "--clock",
        "hold",
        "--at",
        stack.simulator_at,
    )
    assert running[running.index("--clock") + 1] == "run"
    assert "--at" not in running


def test_a_simulator_that_is_away_is_named(tmp_path: Path) -> None:
    stack = plain_stack(Layout(tmp_path / "home"), ports=Ports(simulator=9))

    with pytest.raises(StackError, match="clock could not be set"):
        hold_clock(stack)


def test_a_failed_demo_lets_time_run_on_if_it_ran(
    simulate: Callable[..., Simulator], tmp_path: Path
) -> None:
    keepa, layout = simulate(), Layout(tmp_path / "home")
    layout.make_folders()
    stack = plain_stack(layout, ports=Ports(simulator=int(keepa.url.rpartition(":")[2])))

    for runs, mode in ((False, "hold"), (True, "run")):
        with pytest.raises(StackError, match="no"), held_clock(replace(stack, simulator_runs=runs)):
            raise StackError("no")
        assert _clock(keepa)[0] == mode
