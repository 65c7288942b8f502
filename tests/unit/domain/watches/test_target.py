"""The base rule and its state: alert once, again only for news."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.watches.target import (
    AlertPolicy,
    AlertState,
    Observation,
    advance,
    advance_over,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
TARGET = 1000
POLICY = AlertPolicy()


def seen(check: int, price: int | None, *, implausible: bool = False) -> Observation:
    moment = START + timedelta(hours=6 * check)
    return Observation(moment, moment - timedelta(minutes=10), price, implausible)


def alerts(observations: list[Observation]) -> list[int]:
    """Return the positions of the observations that raised an alert."""
    state: AlertState | None = None
    raised = []
    for position, observation in enumerate(observations):
        state, reason = advance(state, observation, TARGET, POLICY)
        if reason:
            raised.append(position)
    return raised


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([1000], [0]),
        ([1010], [0]),
        ([1011], []),
        ([1500, 1000], [1]),
        ([1000, 1000, 1000], [0]),
        ([1000, 990, 960], [0]),
        ([1000, 950], [0, 1]),
        ([1000, 950, 903], [0, 1]),
        ([1000, 950, 902], [0, 1, 2]),
        ([1000, 1030, 1000], [0]),
        ([1000, 1031, 1000], [0, 2]),
        ([1000, None, 1000], [0]),
        ([None, None, 1000], [2]),
        ([1000, None, 1500, 1000], [0, 3]),
    ],
    ids=[
        "first check at the target",
        "one percent above the target",
        "more than one percent above",
        "falls to the target",
        "unchanged price",
        "small further drops",
        "a drop of five percent",
        "less than five percent below the second alert",
        "five percent below the second alert",
        "back within the hysteresis",
        "back from beyond the hysteresis",
        "sold out for a while",
        "an offer at last",
        "sold out, dear, cheap again",
    ],
)
def test_an_alert_is_news(prices: list[int | None], expected: list[int]) -> None:
    assert alerts([seen(check, price) for check, price in enumerate(prices)]) == expected


def test_an_implausible_price_waits_for_the_next_check() -> None:
    assert alerts([seen(0, 99, implausible=True)]) == []
    assert alerts([seen(0, 99, implausible=True), seen(1, 99, implausible=True)]) == [1]
    assert alerts([seen(0, 99, implausible=True), seen(1, 98)]) == [1]


def test_an_implausible_price_that_goes_away_never_alerts() -> None:
    glitch = [seen(0, 1500), seen(1, 99, implausible=True), seen(2, 1500), seen(3, 1500)]

    assert alerts(glitch) == []
    assert alerts([*glitch, seen(4, 99, implausible=True)]) == []


def test_two_points_of_one_check_do_not_confirm_each_other() -> None:
    moment = START + timedelta(hours=6)
    twice = [
        Observation(moment, moment - timedelta(minutes=minutes), 99, implausible=True)
        for minutes in (20, 10)
    ]

    assert alerts(twice) == []


def test_an_implausible_rise_does_not_arm_the_rule_again() -> None:
    assert alerts([seen(0, 1000), seen(1, 9999, implausible=True), seen(2, 1000)]) == [0]


def test_a_confirmed_rise_arms_the_rule_again() -> None:
    rise = [seen(check, 9999, implausible=True) for check in (1, 2)]

    assert alerts([seen(0, 1000), *rise, seen(3, 1000)]) == [0, 3]


def test_a_crash_does_not_confirm_a_leap() -> None:
    wild = [seen(1, 9999, implausible=True), seen(2, 99, implausible=True)]

    assert alerts([seen(0, 1500), *wild]) == []


prices = st.none() | st.integers(min_value=800, max_value=1200)
histories = st.lists(st.tuples(prices, st.booleans()), max_size=30).map(
    lambda items: [
        seen(check, price, implausible=implausible)
        for check, (price, implausible) in enumerate(items)
    ]
)


@given(histories, st.data())
def test_replaying_anything_already_judged_changes_nothing(
    history: list[Observation], data: st.DataObject
) -> None:
    state: AlertState | None = None
    for observation in history:
        state, _ = advance(state, observation, TARGET, POLICY)
    for observation in data.draw(st.lists(st.sampled_from(history))) if history else []:
        assert advance(state, observation, TARGET, POLICY) == (state, None)


@given(histories)
def test_every_alert_is_at_or_below_the_limit_and_differs_from_the_one_before(
    history: list[Observation],
) -> None:
    raised = [history[position] for position in alerts(history)]

    for observation in raised:
        assert observation.price_minor is not None
        assert observation.price_minor * 100 <= TARGET * 101


@given(st.integers(min_value=1, max_value=1010), st.integers(min_value=1, max_value=20))
def test_a_price_that_stays_alerts_exactly_once(price: int, checks: int) -> None:
    assert alerts([seen(check, price) for check in range(checks)]) == [0]


@given(histories)
def test_between_two_alerts_the_price_was_clear_or_dropped_further(
    history: list[Observation],
) -> None:
    positions = alerts(history)
    for first, second in pairwise(positions):
        between = [o for o in history[first + 1 : second] if o.price_minor]
        clear = [o for o in between if POLICY.is_clear(o.price_minor or 0, TARGET)]
        rose = len(clear) > 1 or any(not o.implausible for o in clear)
        before, after = history[first].price_minor or 0, history[second].price_minor or 0
        assert rose or POLICY.is_further_drop(after, before)


def one_by_one(
    state: AlertState | None, history: list[Observation]
) -> tuple[AlertState | None, list[tuple[int, str]]]:
    raised = []
    for index, observation in enumerate(history):
        state, reason = advance(state, observation, TARGET, POLICY)
        if reason:
            raised.append((index, reason))
    return state, raised


@given(histories, histories, st.randoms())
def test_many_observations_are_judged_as_one_by_one(
    former: list[Observation], latter: list[Observation], chance: Random
) -> None:
    state, _ = one_by_one(None, former)
    chance.shuffle(latter)

    assert advance_over(state, latter, TARGET, POLICY) == one_by_one(state, latter)


@given(histories)
def test_what_is_never_due_leaves_a_calm_watch_calm(history: list[Observation]) -> None:
    prices = [one.price_minor for one in history if one.price_minor is not None]
    if not history or (prices and POLICY.is_due(min(prices), TARGET)):
        return
    for state in (None, AlertState.calm(seen(-1, None))):
        assert one_by_one(state, history) == (AlertState.calm(history[-1]), [])
