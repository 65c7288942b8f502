"""Why an alert was raised, in words that name the figures it rests on."""

from typing import Final

from keeper.domain.deals.score import score_price
from keeper.domain.prices.history import PriceHistory
from keeper.domain.prices.landed import SINCE_LANDED
from keeper.domain.prices.listing import Availability
from keeper.domain.site_money import site_money
from keeper.domain.watches.rule_state import AlertCause
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
    Score,
    SoldOut,
)

_AT_TARGET: Final = "at or below your target"
_FURTHER_DROP: Final = "dropped further since the last alert"


def target_reason(cause: AlertCause) -> str:
    """Return the reason of a watch's target, which names no amount: its owner knows the target."""
    return _AT_TARGET if cause is AlertCause.HOLDS else _FURTHER_DROP


def reason_of(
    rule: AlertRule,
    cause: AlertCause,
    amount: int | None,
    before: int | None,
    history: PriceHistory,
    domain: str,
    availability: Availability | None = None,
) -> str:
    """Return the reason in the words of a message.

    Args:
        rule: What was fulfilled.
        cause: Whether the rule came true or the price dropped further.
        amount: The price in the amount the watch counts; None without an offer.
        before: The price before it; None if there was none.
        history: What the series cost before.
        domain: The locale, whose site's way to write amounts the message has throughout.
        availability: Whether Amazon can deliver what is back, if that is known.
    """
    parts = [_reason(one, amount, before, history, domain, availability) for one in rule.all]
    if cause is AlertCause.FURTHER_DROP:
        parts.insert(0, _FURTHER_DROP)
    return ", ".join(parts)


def _reason(
    condition: Condition,
    amount: int | None,
    before: int | None,
    history: PriceHistory,
    domain: str,
    availability: Availability | None,
) -> str:
    match condition:
        case AtOrBelow(price_minor):
            return f"at or below {site_money(price_minor, domain)}"
        case Above(price_minor):
            return f"risen above {site_money(price_minor, domain)}"
        case BelowAverage(_, days):
            average = history.average(days, amount or 0) or 0
            percent = 100 * (average - (amount or 0)) // max(average, 1)
            usual = site_money(average, domain)
            if history.is_cut(days):
                return f"{percent} % below its average of {usual} {SINCE_LANDED}"
            return f"{percent} % below its {days}-day average of {usual}"
        case BelowPrevious():
            previous = before if before is not None else history.last_offer or 0
            percent = 100 * (previous - (amount or 0)) // max(previous, 1)
            return f"fell by {percent} % from {site_money(previous, domain)}"
        case Lowest(days):
            if history.is_cut(days):
                return f"the lowest price {SINCE_LANDED}"
            return "the lowest price ever known" if days is None else f"the lowest in {days} days"
        case Score():
            deal_history = history.as_a_deal(amount or 0)
            points = score_price(amount or 0, deal_history).points if deal_history else 0
            compared = f" by its prices {SINCE_LANDED}" if history.is_cut(None) else ""
            return f"worth {points} of 100 points as a deal{compared}"
        case BackInStock():
            return _back_in_stock(availability)
        case SoldOut():
            return "sold out"
        case AnyChange():
            return _change(amount, before, domain, availability)


def _change(
    amount: int | None, before: int | None, domain: str, availability: Availability | None
) -> str:
    if amount is None:
        return "sold out"
    if before is None:
        return _back_in_stock(availability)
    how = "fell" if amount < before else "rose"
    return f"{how} from {site_money(before, domain)}"


def _back_in_stock(availability: Availability | None) -> str:
    match availability:
        case "pre-order":
            return "back in stock as a pre-order"
        case "back-order":
            return "back in stock on back-order"
        case _:
            return "back in stock"
