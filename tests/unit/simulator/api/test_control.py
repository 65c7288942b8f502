from datetime import UTC, datetime
from typing import Any

import pytest

from keeper.errors import KeeperError
from keeper.simulator.api.control import (
    add_fault,
    change_clock,
    parse_moment,
    set_tokens,
    state_of,
)
from keeper.simulator.api.keepa_api import KeepaApi
from tests.unit.simulator.hand_clock import HandClock


def test_the_state_says_both_clocks_and_what_waits(api: KeepaApi) -> None:
    add_fault(api, {"kind": "cut", "count": 2})
    state = state_of(api)
    assert state["simulated"] is True
    assert (state["seed"], state["products"], state["recordings"]) == (7, 400, 0)
    assert state["clock"] == {
        "mode": "hold",
        "now": "2026-03-01T12:00:00+00:00",
        "keepaMinute": 7_975_440,
    }
    assert state["tokens"] == {
        "left": 600,
        "refillIn": 60_000,
        "refillRate": 10,
        "flowReduction": 0.0,
        "cap": 600,
    }
    assert [(fault["kind"], fault["count"]) for fault in state["faults"]] == [("cut", 2)]


def test_the_clock_obeys(api: KeepaApi, hand_clock: HandClock) -> None:
    change_clock(api, {"mode": "run", "at": "2026-07-01T00:00:00Z", "jump_minutes": 90})
    hand_clock.pass_seconds(30)
    assert api.clock.now() == datetime(2026, 7, 1, 1, 30, 30, tzinfo=UTC)
    change_clock(api, {"mode": "hold"})
    hand_clock.pass_seconds(30)
    assert api.clock.now() == datetime(2026, 7, 1, 1, 30, 30, tzinfo=UTC)


def test_tokens_obey(api: KeepaApi) -> None:
    set_tokens(api, {"left": -5})
    assert api.bucket.balance().left == -5


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-03-01T12:00:00Z", 12), ("2026-03-01T12:00:00", 12), ("2026-03-01T12:00+02:00", 10)],
    ids=["zulu", "no offset", "offset"],
)
def test_times_are_read_as_utc(text: str, hour: int) -> None:
    assert parse_moment(text) == datetime(2026, 3, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("obey", "order"),
    [
        (change_clock, {"mode": "fly"}),
        (change_clock, {"mode": ["run"]}),
        (change_clock, {"at": "soon"}),
        (change_clock, {"jump_minutes": "5"}),
        (change_clock, {"jump_minutes": 1e12}),
        (change_clock, {"jump": 5}),
        (set_tokens, {}),
        (set_tokens, {"left": 1.5}),
        (set_tokens, {"left": True}),
        (add_fault, {}),
        (add_fault, {"kind": "explode"}),
        (add_fault, {"kind": "status", "status": 99}),
        (add_fault, {"kind": "status", "count": 0}),
        (add_fault, {"kind": "drop", "asins": "B0"}),
        (add_fault, {"kind": "drop", "endpoint": 1}),
        (add_fault, {"kind": "drop", "asin": ["B0"]}),
    ],
)
def test_orders_that_make_no_sense_change_nothing(
    api: KeepaApi, obey: Any, order: dict[str, Any]
) -> None:
    before = state_of(api)
    with pytest.raises(KeeperError):
        obey(api, order)
    assert state_of(api) == before
