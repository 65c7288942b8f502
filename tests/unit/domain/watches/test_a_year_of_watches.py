"""A simulated year of 1,000 watches, evaluated by the machine and by a slow, plain opinion."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from keeper.domain.prices.history import PriceSeries
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import Observation, RuleState
from keeper.domain.watches.rule_texts import parse_rule
from keeper.domain.watches.rules import AlertRule
from tests.unit.domain.watches.alert_reference import (
    Check,
    Known,
    first_observations,
    reference_alerts,
)

START = datetime(2025, 1, 1, tzinfo=UTC)
EVERY = timedelta(hours=6)
CHECKS = 4 * 365
RULES = (
    "at or below 19",
    "above 21",
    "20% below 90-day average",
    "10% below 30-day average",
    "10% below previous",
    "lowest in 30 days",
    "lowest in 90 days",
    "lowest ever",
    "back in stock",
    "sold out",
    "any change",
    "back in stock and below 20",
    "lowest in 30 days and below 20",
    "any change and above 22",
    "10% below 90-day average and below 21",
)
WATCHES_OF_A_RULE = {"at every commit": range(6), "at night": range(6, 67)}


def a_year(chance: Random) -> tuple[list[tuple[datetime, int | None]], list[Check]]:
    """Return a past and a year of checks: falls, rises, sales, times without an offer, glitches."""
    usual = chance.randrange(1500, 2600)
    past: list[tuple[datetime, int | None]] = []
    moment = START - timedelta(days=chance.choice((0, 5, 25, 60, 400)))
    while moment < START - timedelta(days=1):
        past.append((moment, usual + chance.randrange(-200, 200)))
        moment += timedelta(days=chance.randrange(3, 40), minutes=chance.randrange(1440))
    price: int | None = past[-1][1] if past and chance.random() < 0.3 else usual
    since = past[-1][0] if past and past[-1][1] == price else START - timedelta(minutes=30)
    checks: list[Check] = []
    for number in range(CHECKS):
        at = START + EVERY * number
        kind = chance.random() if number else 1.0
        # A second one in a row would confirm the first.
        if kind < 0.004 and not checks[-1].glitch:
            checks.append(Check(at, at - timedelta(minutes=7), chance.choice((9, 99_999)), True))
            continue
        if kind < 0.05:
            price = _next(price, usual, chance)
            since = at - timedelta(minutes=chance.randrange(1, 300))
        checks.append(Check(at, since, price))
    return past, checks


def _next(price: int | None, usual: int, chance: Random) -> int | None:
    if price is None:
        return usual + chance.randrange(-300, 300)
    kind = chance.random()
    if kind < 0.15:
        return None
    if kind < 0.35:
        return int(usual * chance.choice((0.6, 0.7, 0.75, 0.8, 0.9)))
    if kind < 0.6:
        return usual
    return max(int(price * chance.uniform(0.93, 1.07)), 1)


def alerts(rule: AlertRule, past: Known, checks: list[Check]) -> list[datetime]:
    plausible = [check for check in checks if not check.glitch]
    points = PriceSeries([*past, *((c.since, c.price) for c in first_observations(plausible))])
    state: RuleState | None = None
    raised = []
    for check in checks:
        seen = Observation(check.at, check.since, check.price, check.glitch)
        view = points.until(check.since, check.at)
        state, cause = advance_rule(state, seen, rule, view, AlertPolicy())
        if cause:
            raised.append(check.at)
    return raised


@pytest.mark.parametrize(
    "watches",
    [
        pytest.param(numbers, id=name, marks=[pytest.mark.nightly] if name == "at night" else [])
        for name, numbers in WATCHES_OF_A_RULE.items()
    ],
)
@pytest.mark.parametrize("text", RULES)
def test_the_machine_alerts_when_the_plain_reading_does(text: str, watches: range) -> None:
    rule = parse_rule(text, "USD")
    counts: Counter[bool] = Counter()
    for number in watches:
        past, checks = a_year(Random(f"{text}/{number}"))
        expected = reference_alerts(rule, past, checks)
        assert alerts(rule, past, checks) == expected, f"watch {number}"
        counts[bool(expected)] += 1

    assert counts[True] > len(watches) / 3, "the year is too quiet to say anything"
