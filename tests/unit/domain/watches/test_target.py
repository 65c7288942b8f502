"""The target of a watch: alert once, again for a further drop; what changes nothing is dropped."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.prices.history import PriceSeries
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.reasons import target_reason
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import AlertCause, Observation, RuleState
from keeper.domain.watches.target import advance_target, cannot_move, is_out_of_reach, target_rule
from tests.unit.domain.watches.target_reference import Seen, Standing, reference_step

START = datetime(2026, 3, 1, tzinfo=UTC)
TARGET = 1000
POLICY = AlertPolicy()
NO_HISTORY = PriceSeries(()).until(START, START)


def seen(check: int, price: int | None, *, implausible: bool = False) -> Observation:
    moment = START + timedelta(hours=6 * check)
    return Observation(moment, moment - timedelta(minutes=10), price, implausible)


def plain(seen: Observation) -> Seen:
    return (seen.checked_at, seen.observed_at, seen.amount, seen.implausible, seen.is_hidden)


def step(
    state: RuleState | None, observation: Observation, policy: AlertPolicy = POLICY
) -> tuple[RuleState, AlertCause | None]:
    """Put one observation to the machine of every rule, past the quick filter."""
    return advance_rule(state, observation, target_rule(TARGET), NO_HISTORY, policy)


def alerts(observations: list[Observation]) -> list[int]:
    """Return the positions of the observations that raised an alert, filtered and not."""
    state: RuleState | None = None
    raised = []
    for position, observation in enumerate(observations):
        state, cause = step(state, observation)
        if cause:
            raised.append(position)
    _, filtered = advance_target(None, observations, TARGET, POLICY)
    assert [position for position, _ in filtered] == raised
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
def test_an_alert_is_raised_for_changes(prices: list[int | None], expected: list[int]) -> None:
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
def test_replaying_anything_already_evaluated_changes_nothing(
    history: list[Observation], data: st.DataObject
) -> None:
    state, _ = advance_target(None, history, TARGET, POLICY)
    again = data.draw(st.lists(st.sampled_from(history))) if history else []
    assert advance_target(state, again, TARGET, POLICY) == (state, [])
    if state is not None:
        assert all(step(state, observation) == (state, None) for observation in again)


@given(histories)
def test_every_alert_is_at_or_below_the_limit_and_differs_from_the_one_before(
    history: list[Observation],
) -> None:
    raised = [history[position] for position in alerts(history)]

    for observation in raised:
        assert observation.amount is not None
        assert observation.amount * 100 <= TARGET * 101


@given(st.integers(min_value=1, max_value=1010), st.integers(min_value=1, max_value=20))
def test_a_price_that_stays_alerts_exactly_once(price: int, checks: int) -> None:
    assert alerts([seen(check, price) for check in range(checks)]) == [0]


@given(histories)
def test_between_two_alerts_the_price_was_clear_or_dropped_further(
    history: list[Observation],
) -> None:
    positions = alerts(history)
    for first, second in pairwise(positions):
        between = [o for o in history[first + 1 : second] if o.amount]
        clear = [o for o in between if POLICY.is_clear(o.amount or 0, TARGET)]
        rose = len(clear) > 1 or any(not o.implausible for o in clear)
        before, after = history[first].amount or 0, history[second].amount or 0
        assert rose or POLICY.is_further_drop(after, before)


amounts = prices | st.sampled_from((1, 949, 950, 951, 1010, 1011, 1030, 1031, 99_999))
moments = st.integers(0, 12).map(lambda hours: START + timedelta(hours=hours))
shown = st.builds(Observation, moments, moments, amounts, st.booleans(), st.just(False))
hidden = st.builds(Observation, moments, moments, st.none(), st.booleans(), st.just(True))
observations = shown | hidden
without_last = st.tuples(st.booleans(), amounts, amounts, moments, moments)
with_last = st.tuples(without_last, amounts).map(lambda both: (*both[0], True, both[1]))
states = (without_last | with_last).map(lambda columns: RuleState(*columns))
policies = st.just(POLICY) | st.builds(
    AlertPolicy, st.integers(0, 5), st.integers(0, 5), st.integers(0, 9)
)


@given(st.none() | states, st.lists(observations, max_size=25), st.booleans(), policies)
def test_a_target_alerts_as_the_plain_reading_does_from_any_state_and_in_any_order(
    state: RuleState | None, course: list[Observation], in_order: bool, policy: AlertPolicy
) -> None:
    if in_order:
        course.sort(key=lambda one: one.position)
    stands = None if state is None else Standing(*state[:5])
    expected = []
    for index, one in enumerate(course):
        stands, reason = reference_step(stands, plain(one), TARGET, policy)
        if reason:
            expected.append((index, reason))

    after, raised = advance_target(state, course, TARGET, policy)

    assert [(index, target_reason(why)) for index, why in raised] == expected
    assert after == (None if stands is None else RuleState(*stands))


@given(states, observations, policies)
def test_what_the_filter_drops_moves_nothing_but_the_position(
    state: RuleState, one: Observation, policy: AlertPolicy
) -> None:
    if one.position <= state.position or not cannot_move(state, one.amount, TARGET, policy):
        return
    after, cause = step(state, one, policy)

    assert cause is None
    assert after.without_price() == state.without_price()._replace(
        checked_at=one.checked_at, observed_at=one.observed_at
    )


@pytest.mark.parametrize(
    ("armed", "alerted", "amount", "dropped"),
    [
        (True, None, 1011, True),
        (True, None, 1010, False),
        (True, None, None, True),
        (False, 1000, 951, True),
        (False, 1000, 950, False),
        (False, 1000, 1030, True),
        (False, 1000, 1031, False),
        (False, 1000, None, True),
        (False, None, 1, True),
    ],
)
def test_the_filter_drops_what_it_can(
    armed: bool, alerted: int | None, amount: int | None, dropped: bool
) -> None:
    state = RuleState(armed, alerted, None, START, START)

    assert cannot_move(state, amount, TARGET, POLICY) is dropped
    assert not cannot_move(state._replace(awaiting_minor=99), amount, TARGET, POLICY)


@given(histories, histories, st.randoms())
def test_many_observations_are_evaluated_as_one_by_one(
    former: list[Observation], latter: list[Observation], chance: Random
) -> None:
    state, _ = advance_target(None, former, TARGET, POLICY)
    chance.shuffle(latter)
    one_by_one, expected = state, []
    for index, observation in enumerate(latter):
        one_by_one, cause = step(one_by_one, observation)
        if cause:
            expected.append((index, cause))

    after, raised = advance_target(state, latter, TARGET, POLICY)

    assert raised == expected
    assert after == (one_by_one and one_by_one.without_price())


@given(histories)
def test_what_is_never_due_leaves_a_calm_watch_calm(history: list[Observation]) -> None:
    lowest = min((one.amount for one in history if one.amount is not None), default=None)
    if not history or not is_out_of_reach(lowest, TARGET, POLICY):
        return
    assert alerts(history) == []
    for state in (None, RuleState.fresh(seen(-1, None))):
        assert advance_target(state, history, TARGET, POLICY) == (RuleState.fresh(history[-1]), [])


@given(st.lists(observations, min_size=1, max_size=5), policies)
def test_what_is_out_of_reach_moves_nothing_but_the_position_of_a_calm_target(
    course: list[Observation], policy: AlertPolicy
) -> None:
    course = [one for one in course if is_out_of_reach(one.amount, TARGET, policy)]
    state: RuleState | None = None
    for one in sorted(course, key=lambda one: one.position):
        state, new = step(state, one, policy)

        assert new is None
        assert state.without_price() == RuleState.fresh(one)
