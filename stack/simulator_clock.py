"""The time of the Keepa simulator: it stands for the demo's proof, and runs afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import httpx

from stack.context import Stack
from stack.environment import simulator_url
from stack.errors import StackError


@contextmanager
def held_clock(stack: Stack) -> Iterator[None]:
    """Hold the clock for the block; one that ran before runs on if the block fails.

    Raises:
        StackError: The simulator does not answer.
    """
    hold_clock(stack)
    try:
        yield
    except BaseException:
        if stack.simulator_runs:
            with suppress(StackError):
                release_clock(stack)
        raise


def hold_clock(stack: Stack) -> None:
    """Stop the simulator's time, so that no price changes while a run is compared with it.

    Raises:
        StackError: The simulator does not answer.
    """
    _order(stack, {"mode": "hold"})


def release_clock(stack: Stack) -> None:
    """Let the simulator's time run from now on, also when it is started anew.

    Raises:
        StackError: The simulator does not answer.
    """
    _order(stack, {"mode": "run", "at": datetime.now(UTC).isoformat()})
    stack.layout.remember(simulator_runs=True)


def _order(stack: Stack, order: dict[str, Any]) -> None:
    try:
        httpx.post(
            f"{simulator_url(stack)}/simulator/clock", json=order, timeout=30, trust_env=False
        ).raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(f"The simulator's clock could not be set: {error}") from None
