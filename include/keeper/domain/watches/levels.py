"""How a price stands to the levels of a rule: those that last, unlike events."""

from collections.abc import Sequence
from enum import Enum

from keeper.domain.deals.score import score_price
from keeper.domain.prices.history import PriceHistory
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.rules import (
    Above,
    AtOrBelow,
    BelowAverage,
    Condition,
    Level,
    Lowest,
    Score,
)


class Standing(Enum):
    """How a price stands to a level."""

    DUE = "due"
    BETWEEN = "between"
    CLEAR = "clear"
    UNKNOWN = "unknown"


def standing(
    conditions: Sequence[Condition], amount: int, history: PriceHistory, policy: AlertPolicy
) -> Standing:
    """Return how a price stands to the levels among the conditions, all together."""
    found = [
        _standing(one, amount, history, policy) for one in conditions if isinstance(one, Level)
    ]
    for kind in (Standing.CLEAR, Standing.UNKNOWN, Standing.BETWEEN):
        if kind in found:
            return kind
    return Standing.DUE


def _standing(
    condition: Level, amount: int, history: PriceHistory, policy: AlertPolicy
) -> Standing:
    match condition:
        case AtOrBelow(price_minor):
            return _of(
                due=policy.is_due(amount, price_minor), clear=policy.is_clear(amount, price_minor)
            )
        case Above(price_minor):
            back = amount * (100 + policy.hysteresis_percent) < price_minor * 100
            return _of(due=amount > price_minor, clear=back)
        case BelowAverage(percent, days):
            average = history.average(days, amount)
            if average is None:
                return Standing.UNKNOWN
            return _below(amount, average * (100 - percent), policy)
        case Lowest(days):
            lowest = history.lowest(days)
            if lowest is None:
                return Standing.UNKNOWN
            # A price that was there before raises no alert, be it the lowest or the usual one.
            return _below(amount, (lowest - 1) * 100, policy)
        case Score(points):
            deal_history = history.as_a_deal(amount)
            if deal_history is None:
                return Standing.UNKNOWN
            score = score_price(amount, deal_history).points
            return _of(due=score >= points, clear=score < points - policy.score_hysteresis)


def _below(amount: int, hundredfold_limit: int, policy: AlertPolicy) -> Standing:
    return _of(
        due=amount * 100 <= hundredfold_limit,
        clear=amount * 10_000 > hundredfold_limit * (100 + policy.hysteresis_percent),
    )


def _of(*, due: bool, clear: bool) -> Standing:
    if due:
        return Standing.DUE
    return Standing.CLEAR if clear else Standing.BETWEEN
