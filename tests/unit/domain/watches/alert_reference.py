"""When rules alert, slowly and plainly: a second opinion on keeper.domain.watches.rule_machine.

Nothing here is shared with the code it is compared with but the rules' own types. Every question is
answered anew from the whole course; amounts are exact fractions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from keeper.domain.watches.rules import (
    Above,
    AlertRule,
    AnyChange,
    AtOrBelow,
    BackInStock,
    BelowAverage,
    BelowPrevious,
    Condition,
    Lowest,
    SoldOut,
)

Known = Sequence[tuple[datetime, int | None]]


class Check(NamedTuple):
    """At `at` the price, which held since `since`, was this; a glitch is gone at the next check."""

    at: datetime
    since: datetime
    price: int | None
    glitch: bool = False


def reference_alerts(rule: AlertRule, past: Known, checks: Sequence[Check]) -> list[datetime]:
    """Return the checks that alert."""
    course = without_glitches(checks)
    known = [*past, *((check.since, check.price) for check in first_observations(course))]
    alerts: list[datetime] = []
    said: int | None = None
    may_say = True
    last: object = "nothing yet"
    for number, check in enumerate(course):
        if check.price == last:
            continue
        earlier = [point for point in known if point[0] < check.since]
        if not can_be_evaluated(rule, check, earlier):
            continue
        before, last = last, check.price
        if is_event(rule):
            if number and happens(rule, before, check, earlier):
                alerts.append(check.at)
            continue
        if check.price is None:
            continue
        if all(holds(one, check, earlier) for one in rule.all):
            drops = not any(isinstance(one, Above) for one in rule.all)
            further = (
                said is not None and drops and check.price <= Fraction(said) * Fraction(95, 100)
            )
            if may_say or further:
                alerts.append(check.at)
                said, may_say = check.price, False
        elif any(is_over(one, check, earlier) for one in rule.all):
            said, may_say = None, True
    return alerts


def can_be_evaluated(rule: AlertRule, check: Check, earlier: Known) -> bool:
    """Return whether enough is known to say yes or no; events happen all the same."""
    if check.price is None or is_event(rule):
        return True
    if any(is_over(one, check, earlier) for one in rule.all):
        return True
    return all(limit_of(one, check, earlier) is not None for one in rule.all)


def without_glitches(checks: Sequence[Check]) -> list[Check]:
    """Return the course as if glitches had not been."""
    course: list[Check] = []
    for check in checks:
        course.append(course[-1]._replace(at=check.at) if check.glitch else check)
    return course


def first_observations(course: Sequence[Check]) -> list[Check]:
    return [
        check
        for number, check in enumerate(course)
        if not number or course[number - 1].since != check.since
    ]


def is_event(rule: AlertRule) -> bool:
    kinds = (BelowPrevious, BackInStock, SoldOut, AnyChange)
    return any(isinstance(one, kinds) for one in rule.all)


def happens(rule: AlertRule, before: object, check: Check, earlier: Known) -> bool:
    return all(
        one_happens(one, before, check, earlier) if is_event(AlertRule((one,)))
        else check.price is not None and holds(one, check, earlier)
        for one in rule.all
    )  # fmt: skip


def one_happens(one: Condition, before: object, check: Check, earlier: Known) -> bool:
    if isinstance(one, AnyChange):
        return True
    if isinstance(one, SoldOut):
        return check.price is None
    if isinstance(one, BackInStock):
        return before is None
    assert isinstance(one, BelowPrevious)
    offers = [price for _, price in earlier if price is not None]
    if check.price is None or not offers:
        return False
    return check.price <= Fraction(offers[-1]) * Fraction(100 - one.percent, 100)


def holds(one: Condition, check: Check, earlier: Known) -> bool:
    limit = limit_of(one, check, earlier)
    assert check.price is not None
    if limit is None:
        return False
    return check.price > limit if isinstance(one, Above) else check.price <= limit


def is_over(one: Condition, check: Check, earlier: Known) -> bool:
    limit = limit_of(one, check, earlier)
    assert check.price is not None
    if limit is None:
        return False
    if isinstance(one, Above):
        return check.price < limit / Fraction(102, 100)
    return check.price > limit * Fraction(102, 100)


def limit_of(one: Condition, check: Check, earlier: Known) -> Fraction | None:
    if isinstance(one, AtOrBelow):
        return Fraction(one.price_minor) * Fraction(101, 100)
    if isinstance(one, Above):
        return Fraction(one.price_minor)
    if not earlier:
        return None
    days_known = Fraction((check.at - earlier[0][0]) / timedelta(days=1))
    if isinstance(one, BelowAverage):
        if days_known * 3 < one.days:
            return None
        usual = average(check, earlier, one.days)
        return None if usual is None else usual * Fraction(100 - one.percent, 100)
    assert isinstance(one, Lowest)
    if days_known * 3 < (one.days or 90):
        return None
    start = datetime.min.replace(tzinfo=check.at.tzinfo)
    if one.days:
        start = check.at - timedelta(days=one.days)
    ends = [*(since for since, _ in earlier[1:]), check.since]
    prices = [
        price
        for (_, price), end in zip(earlier, ends, strict=True)
        if price is not None and end > start
    ]
    return Fraction(min(prices) - 1) if prices else None


def average(check: Check, earlier: Known, days: int) -> Fraction | None:
    """Return the average of the time with an offer, to the nearest minor unit."""
    start = check.at - timedelta(days=days)
    spans = [*earlier, (check.since, check.price)]
    ends = [*(since for since, _ in spans[1:]), check.at]
    total = held = 0
    for (since, price), end in zip(spans, ends, strict=True):
        lasted = (min(end, check.at) - max(since, start)) // timedelta(microseconds=1)
        if price is not None and lasted > 0:
            total += price * lasted
            held += lasted
    return Fraction(int(Fraction(total, held) + Fraction(1, 2))) if held else None
