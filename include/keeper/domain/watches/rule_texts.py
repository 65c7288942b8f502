"""Rules as people write and read them: one line each, and a sentence that says the same.

A condition is one of: `at or below 24.99`, `above 80`, `20% below 90-day average`,
`10% below previous`, `lowest in 90 days`, `lowest ever`, `back in stock`, `sold out`, `any change`,
`deal score 70`. `and` joins conditions that must hold together: `lowest ever and below 50`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from keeper.domain.money import InvalidAmountError, format_money, read_amount, to_major
from keeper.domain.prices.landed import SINCE_LANDED
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.rules import (
    Above,
    AlertRule,
    AnyChange,
    AtOrBelow,
    BackInStock,
    BelowAverage,
    BelowPrevious,
    Condition,
    InvalidRuleError,
    Lowest,
    Score,
    SoldOut,
)
from keeper.domain.watches.target import target_rule
from keeper.domain.watches.watch import Watch

EXAMPLES: Final = (
    "at or below 24.99",
    "above 80",
    "20% below 90-day average",
    "10% below previous",
    "lowest in 90 days",
    "lowest ever",
    "back in stock",
    "sold out",
    "any change",
    "deal score 70",
)
_PERCENT: Final = r"(?P<percent>\d+)\s*% below (?:the |its )?"
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[..., Condition]], ...]] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (
            rf"{_PERCENT}(?P<days>30|90)[- ]days? average",
            lambda percent, days: BelowAverage(int(percent), 30 if days == "30" else 90),
        ),
        (
            rf"{_PERCENT}(?:previous|last)(?: price)?",
            lambda percent: BelowPrevious(int(percent)),
        ),
        (r"lowest ever|(?:the )?lowest price ever", lambda: Lowest(None)),
        (r"lowest (?:price )?in (?P<days>\d+) days", lambda days: Lowest(int(days))),
        (r"back in stock", BackInStock),
        (r"sold out", SoldOut),
        (r"any change", AnyChange),
        (r"deal score (?P<points>\d+)", lambda points: Score(int(points))),
    )
)
_LOWEST_LANDED: Final = f"the price is the lowest known {SINCE_LANDED}"
_AT_OR_BELOW: Final = re.compile(r"(?:at or below|below|at most|<=|≤) ?(?P<amount>.+)")
_ABOVE: Final = re.compile(r"(?:above|over|>) ?(?P<amount>.+)")


def parse_rule(text: str, currency: str) -> AlertRule:
    """Read a rule as a person writes it, in the forms named above.

    Args:
        text: The rule; letter case and spaces do not matter.
        currency: The currency of the locale's prices, for amounts.

    Raises:
        InvalidRuleError: One sentence that says what is wrong and shows what would be right.
    """
    parts = re.split(r"\s+and\s+", " ".join(text.split()).lower())
    return _checked(AlertRule(tuple(_condition(part, currency) for part in parts)))


def parse_rules(text: str, currency: str) -> tuple[AlertRule, ...]:
    """Read several rules, separated by semicolons; blank for none.

    Raises:
        InvalidRuleError: One of them cannot be read, or is there twice.
    """
    rules = tuple(parse_rule(part, currency) for part in text.split(";") if part.strip())
    if len(set(rules)) < len(rules):
        raise InvalidRuleError("the same rule is there twice")
    return rules


def rule_text(rule: AlertRule, currency: str) -> str:
    """Return the line `parse_rule` reads back to the same rule; it is also the rule's name."""
    return " and ".join(_line(condition, currency) for condition in rule.all)


def explain(
    rule: AlertRule, currency: str, *, with_shipping: bool = False, is_landed: bool = False
) -> str:
    """Say in one plain sentence when the rule alerts.

    Args:
        rule: The rule.
        currency: Of its amounts.
        with_shipping: Shipping is added to the prices.
        is_landed: They include it since February 2026; see keeper.domain.prices.landed.
    """
    sentence = " and ".join(
        _LOWEST_LANDED if is_landed and condition == Lowest(None) else _clause(condition, currency)
        for condition in rule.all
    )
    if with_shipping and not all(isinstance(c, SoldOut | BackInStock) for c in rule.all):
        sentence += ", shipping included"
    return f"Alerts when {sentence}."


def explain_all(
    rules: Sequence[AlertRule],
    target_minor: int | None,
    currency: str,
    *,
    with_shipping: bool,
    is_landed: bool = False,
) -> list[str]:
    """Return the sentence of each rule of a watch, its target's first; see `explain`."""
    own = [target_rule(target_minor)] if target_minor is not None else []
    return [
        explain(rule, currency, with_shipping=with_shipping, is_landed=is_landed)
        for rule in (*own, *rules)
    ]


def shipping_note(watch: Watch) -> str | None:
    """Return what to say to somebody who wants shipping added to prices that include it already."""
    if not watch.with_shipping or price_type_of(watch.price_type).landed_since is None:
        return None
    return f"{watch.price_type} includes shipping already; with_shipping changes nothing"


def _condition(text: str, currency: str) -> Condition:
    for pattern, make in _FORMS:
        if found := pattern.fullmatch(text):
            return make(**found.groupdict())
    for pattern, kind in ((_AT_OR_BELOW, AtOrBelow), (_ABOVE, Above)):
        if found := pattern.fullmatch(text):
            try:
                return kind(read_amount(found["amount"], currency))
            except InvalidAmountError as error:
                raise InvalidRuleError(str(error)) from None
    if re.search(r"% below (the |its )?(\d+[- ]days? )?average", text):
        raise InvalidRuleError("averages are of 30 or 90 days: 20% below 90-day average")
    raise InvalidRuleError(f"{text!r} is no rule; write one like: {'; '.join(EXAMPLES)}")


def _checked(rule: AlertRule) -> AlertRule:
    """Return the rule if its figures are in their ranges."""
    try:
        return msgspec.convert(msgspec.to_builtins(rule), AlertRule)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at ")[0]
        places = re.findall(r"\.(\w+)`", str(error))
        named = f"{places[-1].removesuffix('_minor')}: " if places else ""
        raise InvalidRuleError(f"{named}{reason[0].lower()}{reason[1:]}") from None


def _line(condition: Condition, currency: str) -> str:
    match condition:
        case AtOrBelow(price_minor):
            return f"at or below {to_major(price_minor, currency)}"
        case Above(price_minor):
            return f"above {to_major(price_minor, currency)}"
        case BelowAverage(percent, days):
            return f"{percent}% below {days}-day average"
        case BelowPrevious(percent):
            return f"{percent}% below previous"
        case Lowest(None):
            return "lowest ever"
        case Lowest(days):
            return f"lowest in {days} days"
        case Score(points):
            return f"deal score {points}"
        case BackInStock():
            return "back in stock"
        case SoldOut():
            return "sold out"
        case AnyChange():
            return "any change"


def _clause(condition: Condition, currency: str) -> str:
    match condition:
        case AtOrBelow(price_minor):
            return f"the price is at or below {format_money(price_minor, currency)}"
        case Above(price_minor):
            return f"the price rises above {format_money(price_minor, currency)}"
        case BelowAverage(percent, days):
            return f"the price is at least {percent} % below its average of the last {days} days"
        case BelowPrevious(percent):
            return f"the price falls by {percent} % or more at once"
        case Lowest(None):
            return "the price is the lowest ever known"
        case Lowest(days):
            return f"the price is the lowest in {days} days"
        case Score(points):
            return f"the price is worth {points} or more of 100 points as a deal"
        case BackInStock():
            return "the product is back in stock"
        case SoldOut():
            return "the product is sold out"
        case AnyChange():
            return "the price changes in any way"
