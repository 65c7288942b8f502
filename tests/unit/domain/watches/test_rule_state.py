"""The machine behind every rule: alert once, again only for a further drop."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.prices.history import PriceSeries
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import AlertCause, Observation, RuleState
from keeper.domain.watches.rule_texts import parse_rule
from keeper.domain.watches.rules import AlertRule, AtOrBelow
from keeper.domain.watches.target import advance_target, target_rule

START = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = AlertPolicy()
NO_PAST = PriceSeries(())

HIDDEN = "hidden"
Step = int | str | None
"""A price; None without an offer; "99?" an implausible one; HIDDEN."""


def observations(steps: list[Step]) -> list[Observation]:
    """Return a check every six hours; an unchanged price keeps the time since when it holds."""
    found: list[Observation] = []
    for check, step in enumerate(steps):
        moment = START + timedelta(hours=6 * check)
        is_hidden = step == HIDDEN
        amount = int(step.rstrip("?")) if isinstance(step, str) and not is_hidden else None
        amount = step if isinstance(step, int) else amount
        since = moment - timedelta(minutes=10)
        if found and found[-1].amount == amount:
            since = found[-1].observed_at
        is_odd = isinstance(step, str) and not is_hidden
        found.append(Observation(moment, since, amount, is_odd, is_hidden))
    return found


def alerts(rule: AlertRule, steps: list[Step], past: PriceSeries = NO_PAST) -> list[int]:
    """Return the positions of the checks that raised an alert."""
    state: RuleState | None = None
    raised = []
    for position, seen in enumerate(observations(steps)):
        view = past.until(seen.observed_at, seen.checked_at)
        state, cause = advance_rule(state, seen, rule, view, POLICY)
        if cause:
            raised.append(position)
    return raised


def past(*spans: tuple[int, int | None]) -> PriceSeries:
    """Return a past from (days before the start, price since then)."""
    return PriceSeries((START - timedelta(days=days), price) for days, price in spans)


@pytest.mark.parametrize(
    ("rule", "steps", "expected"),
    [
        ("above 10", [1000, 1001, 1050, 990, 1001], [1]),
        ("above 10", [1001, 980, 1001], [0, 2]),
        ("above 10", [1001, None, 1001], [0]),
        ("back in stock", [None, None, 1000, 1000, None, 900], [2, 5]),
        ("back in stock", [1000, 900], []),
        ("sold out", [1000, None, None, 900, None], [1, 4]),
        ("sold out", [None, None], []),
        ("any change", [1000, 1000, 999, None, 999, 999], [2, 3, 4]),
        ("10% below previous", [1000, 901, 815, 1000, 900], [4]),
        ("10% below previous", [1000, 900, 810], [1, 2]),
        ("back in stock and below 8", [None, 1000, None, 800], [3]),
        ("any change and below 8", [1000, 900, 800, 790, 900], [2, 3]),
    ],
)
def test_a_rule_alerts_for_changes(rule: str, steps: list[Step], expected: list[int]) -> None:
    assert alerts(parse_rule(rule, "USD"), steps) == expected


@pytest.mark.parametrize(
    ("rule", "steps", "expected"),
    [
        ("any change", [1000, "99?", 1000, 1000], []),
        ("any change", [1000, "99?", "99?"], [2]),
        ("any change", [1000, "99?", 98], [2]),
        ("any change", ["99?", 1000, 990], [2]),
        ("10% below previous", [1000, "99?", 1000, 900], [3]),
        ("10% below previous", [1000, "9999?", "99?"], []),
        ("back in stock", [None, "99?", "99?"], [2]),
        ("above 10", [900, "99999?", 900], []),
        ("above 10", [900, "99999?", "99999?"], [2]),
    ],
)
def test_an_implausible_price_waits_for_a_later_check(
    rule: str, steps: list[Step], expected: list[int]
) -> None:
    assert alerts(parse_rule(rule, "USD"), steps) == expected


@pytest.mark.parametrize(
    ("rule", "usual"), [("at or below 10", 2000), ("any change", 1000)], ids=["level", "event"]
)
def test_two_points_of_one_check_do_not_confirm_each_other(rule: str, usual: int) -> None:
    state: RuleState | None = None
    causes = []
    for hours, minutes, amount in ((0, 10, usual), (6, 20, 99), (6, 10, 98), (12, 5, 97)):
        moment = START + timedelta(hours=hours)
        seen = Observation(moment, moment - timedelta(minutes=minutes), amount, amount < 100)
        view = NO_PAST.until(*reversed(seen.position))
        state, cause = advance_rule(state, seen, parse_rule(rule, "USD"), view, POLICY)
        causes.append(cause)

    assert causes == [None, None, None, AlertCause.HOLDS]


def test_a_price_that_goes_back_after_a_glitch_is_evaluated_once_more() -> None:
    rule = parse_rule("any change", "USD")
    first, glitch, back, still = observations([1000, "99?", 1000, 1000])
    state: RuleState | None = None
    for seen in (first, glitch):
        state, _ = advance_rule(state, seen, rule, NO_PAST.until(START, START), POLICY)
    assert state is not None

    assert not state.is_unmoved_by(back), "a later glitch would be taken for its confirmation"
    state, _ = advance_rule(state, back, rule, NO_PAST.until(START, START), POLICY)
    assert state.is_unmoved_by(still)


def test_below_its_average_is_said_once_while_it_lasts() -> None:
    rule = parse_rule("20% below 90-day average", "USD")
    year = past((365, 1000))

    assert alerts(rule, [1000, 801, 790, 789, 745, 1000, 790], year) == [2, 4, 6]


def test_lowest_is_a_price_that_was_not_there_and_forgets_what_is_older() -> None:
    dear_lately = past((400, 500), (380, 1000))

    assert alerts(parse_rule("lowest in 90 days", "USD"), [1000, 990], dear_lately) == [1]
    assert alerts(parse_rule("lowest ever", "USD"), [1000, 500, 499], dear_lately) == [2]
    assert alerts(parse_rule("lowest ever", "USD"), [1000, 1000], past((400, 1000))) == []


def test_a_past_too_short_to_compare_with_says_nothing_and_is_asked_again() -> None:
    rule = parse_rule("20% below 90-day average", "USD")

    assert alerts(rule, [100, 100], past((10, 1000))) == []
    state, _ = advance_rule(None, observations([100])[0], rule, NO_PAST.until(START, START), POLICY)
    first, second = observations([100, 100])
    view = past((365, 1000)).until(second.observed_at, second.checked_at)
    assert state.position == first.position
    assert advance_rule(state, second, rule, view, POLICY)[1] is AlertCause.HOLDS


def test_a_deal_score_weighs_the_products_own_past() -> None:
    rule = parse_rule("deal score 60", "USD")

    assert alerts(rule, [1000, 600], past((400, 1000))) == [1]
    assert alerts(rule, [1000, 990], past((400, 1000))) == []


def test_levels_that_belong_together_must_all_hold() -> None:
    rule = parse_rule("lowest in 90 days and below 8", "USD")

    assert alerts(rule, [1000, 900, 800, 1000, 790], past((365, 1000))) == [2, 4]


def test_an_acknowledged_alert_is_not_repeated_by_a_further_drop() -> None:
    rule = AlertRule((AtOrBelow(1000),))
    first, drop, rise, again = observations([1000, 900, 1500, 1000])
    state, cause = advance_rule(None, first, rule, NO_PAST.until(START, START), POLICY)
    assert cause is AlertCause.HOLDS

    state = state._replace(alerted_minor=None)
    causes = []
    for seen in (drop, rise, again):
        state, cause = advance_rule(state, seen, rule, NO_PAST.until(START, START), POLICY)
        causes.append(cause)

    assert causes == [None, None, AlertCause.HOLDS]


@pytest.mark.parametrize(
    ("rule", "steps", "expected"),
    [
        ("sold out", [1000, HIDDEN, HIDDEN], []),
        ("sold out", [1000, HIDDEN, None], [2]),
        ("sold out", [HIDDEN, None], []),
        ("back in stock", [1000, HIDDEN, 900], []),
        ("back in stock", [HIDDEN, 900], []),
        ("back in stock", [None, HIDDEN], []),
        ("back in stock", [None, HIDDEN, 900], [2]),
        ("any change", [1000, HIDDEN, 1000], []),
        ("any change", [1000, HIDDEN, 900], [2]),
        ("10% below previous", [1000, HIDDEN, 900], [2]),
        ("at or below 10", [1000, HIDDEN, 1000], [0]),
    ],
    ids=str,
)
def test_a_hidden_price_is_neither_an_offer_that_ended_nor_a_change(
    rule: str, steps: list[Step], expected: list[int]
) -> None:
    assert alerts(parse_rule(rule, "USD"), steps) == expected


prices = st.none() | st.integers(min_value=800, max_value=1200)
courses = st.lists(st.tuples(prices, st.booleans()), max_size=30)


@given(courses)
def test_a_target_beside_rules_is_evaluated_the_same_as_one_alone(
    course: list[tuple[int | None, bool]],
) -> None:
    alone: RuleState | None = None
    beside: RuleState | None = None
    for check, (price, implausible) in enumerate(course):
        moment = START + timedelta(hours=6 * check)
        seen = Observation(moment, moment, price, implausible)
        alone, raised = advance_target(alone, [seen], 1000, POLICY)
        view = NO_PAST.until(moment, moment)
        beside, cause = advance_rule(beside, seen, target_rule(1000), view, POLICY)
        assert [why for _, why in raised] == ([cause] if cause else [])
        assert alone == beside.without_price()


few_prices = st.none() | st.sampled_from((700, 899, 900, 1000, 1001))


@given(
    st.lists(st.tuples(few_prices, st.booleans(), st.booleans()), max_size=20),
    st.sampled_from(
        ("at or below 10", "above 10", "any change", "back in stock", "sold out",
         "10% below previous", "lowest ever", "20% below 30-day average", "any change and below 9")
    ),
)  # fmt: skip
def test_what_leaves_a_rule_unmoved_changes_nothing_but_the_position(
    course: list[tuple[int | None, bool, bool]], text: str
) -> None:
    rule, known = parse_rule(text, "USD"), past((200, 1100), (40, 900), (3, 1000))
    state: RuleState | None = None
    for check, (amount, is_odd, may_be_hidden) in enumerate(course):
        moment = START + timedelta(hours=6 * check)
        seen = Observation(moment, moment, amount, is_odd, may_be_hidden and amount is None)
        before = state
        state, cause = advance_rule(state, seen, rule, known.until(moment, moment), POLICY)
        if before is not None and before.is_unmoved_by(seen):
            moved = before._replace(checked_at=moment, observed_at=moment)
            assert (state, cause) == (moved, None)


@given(courses, st.sampled_from(("any change", "above 10", "back in stock", "lowest ever")))
def test_replaying_what_has_been_evaluated_changes_nothing(
    course: list[tuple[int | None, bool]], text: str
) -> None:
    rule = parse_rule(text, "USD")
    seen = [
        Observation(
            START + timedelta(hours=check), START + timedelta(hours=check), price, implausible
        )
        for check, (price, implausible) in enumerate(course)
    ]
    state: RuleState | None = None
    for one in seen:
        state, _ = advance_rule(state, one, rule, NO_PAST.until(*one.position), POLICY)
    for one in seen:
        assert advance_rule(state, one, rule, NO_PAST.until(*one.position), POLICY) == (state, None)


@given(st.lists(prices, min_size=1, max_size=40))
def test_an_unchanged_price_raises_nothing(course: list[int | None]) -> None:
    for text in ("any change", "at or below 10", "above 9", "sold out", "back in stock"):
        raised = alerts(parse_rule(text, "USD"), list(course))
        changed = {0} | {
            after for after, (one, other) in enumerate(pairwise(course), 1) if one != other
        }
        assert set(raised) <= changed
