"""The rules of a watch, as data: when its owner wants an alert.

A watch has any number of rules beside its target; each alerts by itself. A rule is one
condition or several that must hold together. Some conditions are levels that hold or do not (a
price at or below an amount), others are events that happen when a price changes (back in stock).

JSON: `[{"all": [{"kind": "lowest", "days": 90}, {"kind": "at_or_below", "price_minor": 2499}]}]`;
its schema is docs/schemas/alert-rules.v1.json.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

Minor = Annotated[int, Meta(gt=0, le=10**12)]
Percent = Annotated[int, Meta(ge=1, le=95)]
MOST_CONDITIONS: Final = 5
MOST_RULES: Final = 10


class InvalidRuleError(ValueError):
    """The rule is not one Keeper knows; the text says what is wrong and what would be right."""


class AtOrBelow(Struct, frozen=True, tag_field="kind", tag="at_or_below"):
    """The price is at or below an amount, or at most one percent above it."""

    price_minor: Minor


class Above(Struct, frozen=True, tag_field="kind", tag="above"):
    """The price has risen above an amount."""

    price_minor: Minor


class BelowAverage(Struct, frozen=True, tag_field="kind", tag="below_average"):
    """The price is this far below its average, weighted by time, of the last days."""

    percent: Percent
    days: Literal[30, 90]


class BelowPrevious(Struct, frozen=True, tag_field="kind", tag="below_previous"):
    """The price has fallen at once by this share of the price before."""

    percent: Percent


class Lowest(Struct, frozen=True, tag_field="kind", tag="lowest"):
    """Every price of the last days was higher; without days, every one known."""

    days: Annotated[int, Meta(ge=7, le=3650)] | None


class BackInStock(Struct, frozen=True, tag_field="kind", tag="back_in_stock"):
    """There is an offer again."""


class SoldOut(Struct, frozen=True, tag_field="kind", tag="sold_out"):
    """The last offer has gone."""


class AnyChange(Struct, frozen=True, tag_field="kind", tag="any_change"):
    """The price is another one, or there is an offer where there was none, or the reverse."""


class Score(Struct, frozen=True, tag_field="kind", tag="deal_score"):
    """The price scores at least so many of 100 points as a deal; see keeper.domain.deals.score."""

    points: Annotated[int, Meta(ge=1, le=100)]


Level = AtOrBelow | Above | BelowAverage | Lowest | Score
Event = BelowPrevious | BackInStock | SoldOut | AnyChange
Condition = (
    AtOrBelow
    | Above
    | BelowAverage
    | BelowPrevious
    | Lowest
    | BackInStock
    | SoldOut
    | AnyChange
    | Score
)


class AlertRule(Struct, frozen=True):
    """Conditions that must hold together."""

    all: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=MOST_CONDITIONS)]

    def __post_init__(self) -> None:
        """Refuse what can never hold.

        Raises:
            InvalidRuleError: It asks for a price and for none at once, or for two events.
        """
        if len(self.all) < 2:
            # One condition contradicts nothing; the loader makes a rule of many a target.
            return
        if len(set(self.all)) < len(self.all):
            raise InvalidRuleError("a rule names the same condition twice")
        events = [condition for condition in self.all if isinstance(condition, Event)]
        if SoldOut() in self.all and len(self.all) > 1:
            raise InvalidRuleError(
                "sold out stands alone: a product without an offer has no price to compare"
            )
        if len(events) > 1:
            raise InvalidRuleError(
                "a rule is about one event: back in stock, any change or a fall of the price"
            )
        least = max((c.price_minor for c in self.all if isinstance(c, Above)), default=None)
        most = min((c.price_minor for c in self.all if isinstance(c, AtOrBelow)), default=None)
        if least is not None and most is not None and least * 100 >= most * 101:
            raise InvalidRuleError("no price is above the one amount and below the other")

    @property
    def is_event(self) -> bool:
        """Whether it is about something that happens, not about a state that lasts."""
        return any(isinstance(condition, Event) for condition in self.all)

    @property
    def days_needed(self) -> int | None:
        """How many days of the product's history it asks for: 0 for none, None for all of them."""
        days = [0]
        for condition in self.all:
            if isinstance(condition, Score) or (
                isinstance(condition, Lowest) and condition.days is None
            ):
                return None
            if isinstance(condition, BelowAverage | Lowest):
                days.append(condition.days or 0)
            if isinstance(condition, BelowPrevious):
                # The price before may be that before a time without an offer.
                days.append(365)
        return max(days)


Rules = Annotated[tuple[AlertRule, ...], Meta(max_length=MOST_RULES)]


def read_rules(document: str | bytes) -> tuple[AlertRule, ...]:
    """Check a watch's rules as JSON and return them.

    Raises:
        InvalidRuleError: Not JSON, an unknown kind, a figure out of its range, or a rule that can
            never hold; the text names the place.
    """
    try:
        rules = msgspec.json.decode(document, type=Rules)
    except msgspec.ValidationError as error:
        # What a rule refuses itself comes wrapped.
        cause = error.__cause__
        raise InvalidRuleError(str(cause if isinstance(cause, ValueError) else error)) from None
    except msgspec.DecodeError as error:
        raise InvalidRuleError(f"rules are a list in JSON: {error}") from None
    if len(set(rules)) < len(rules):
        raise InvalidRuleError("the same rule is there twice")
    return rules


def write_rules(rules: tuple[AlertRule, ...]) -> str:
    """Return rules as the JSON that `read_rules` reads back."""
    return msgspec.json.encode(rules).decode()


def rules_schema() -> dict[str, Any]:
    """Return the JSON Schema of a watch's rules."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Alert rules of a watch, version 1",
        **msgspec.json.schema(Rules),
    }
