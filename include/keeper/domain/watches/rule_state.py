"""Where a rule of a watch stands, and what one more observation does to it.

`advance_rule` is to every rule what `keeper.domain.watches.target.advance` is to the target alone,
which is the same machine, made quick; a property test holds them together.

A rule of levels alerts when it becomes true, again when the price drops further by a set share,
and is armed again once the price is beyond a hysteresis. A rule about an event alerts when it
happens. An unchanged price does nothing, even if an average has moved past it meanwhile. An
implausible price waits until a later check confirms it.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, StrEnum
from typing import NamedTuple, Self

from keeper.domain.deals.score import score_price
from keeper.domain.prices.history import Past
from keeper.domain.watches.rules import (
    Above,
    AlertRule,
    AnyChange,
    AtOrBelow,
    BackInStock,
    BelowAverage,
    BelowPrevious,
    Condition,
    Event,
    Level,
    Lowest,
    Score,
    SoldOut,
)
from keeper.domain.watches.target import AlertPolicy


class Sight(NamedTuple):
    """What a check saw of a series, in the amount the watch counts: with shipping or without."""

    checked_at: datetime
    observed_at: datetime
    amount: int | None
    implausible: bool = False

    @property
    def position(self) -> tuple[datetime, datetime]:
        """Where it stands in the order they are judged in."""
        return (self.checked_at, self.observed_at)


class RuleState(NamedTuple):
    """Where a rule stands.

    Attributes:
        armed: The rule alerts when it next holds.
        alerted_minor: Price of the last alert while the rule still holds; None once its owner has
            acknowledged it, so that further drops are not told.
        awaiting_minor: An implausible price that a later check must confirm.
        checked_at: Check of the last observation judged.
        observed_at: Time of the last observation judged.
        is_known: A price, or that there is none, has been judged.
        last_minor: The one last judged; None without an offer.
    """

    armed: bool
    alerted_minor: int | None
    awaiting_minor: int | None
    checked_at: datetime
    observed_at: datetime
    is_known: bool = False
    last_minor: int | None = None

    @property
    def position(self) -> tuple[datetime, datetime]:
        """The last observation judged; earlier ones and replays of it are ignored."""
        return (self.checked_at, self.observed_at)

    @classmethod
    def fresh(cls, seen: Sight) -> Self:
        """Return the state of a rule that has judged nothing until this observation."""
        return cls(True, None, None, seen.checked_at, seen.observed_at)

    def is_unmoved_by(self, seen: Sight) -> bool:
        """Whether the observation, judged, would change nothing but the position."""
        if seen.position <= self.position:
            return True
        return self.is_known and self.awaiting_minor is None and seen.amount == self.last_minor


class News(StrEnum):
    """Why an alert is raised."""

    HOLDS = "holds"
    FURTHER_DROP = "further drop"


class Standing(Enum):
    """How a price stands to a level."""

    DUE = "due"
    BETWEEN = "between"
    CLEAR = "clear"
    UNKNOWN = "unknown"


def advance_rule(
    state: RuleState | None, seen: Sight, rule: AlertRule, past: Past, policy: AlertPolicy
) -> tuple[RuleState, News | None]:
    """Judge one observation.

    Args:
        state: Where the rule stood, None on its first observation.
        seen: The observation; ignored unless later than the state's position.
        rule: The rule.
        past: What the series cost before it; only asked by rules that compare with it.
        policy: Tolerance, hysteresis and further drop.

    Returns:
        The new state and, if an alert is raised, why.
    """
    if state is None:
        state = RuleState.fresh(seen)
    elif seen.position <= state.position:
        return state, None
    is_later = seen.checked_at > state.checked_at
    moved = state._replace(checked_at=seen.checked_at, observed_at=seen.observed_at)
    if state.is_known and seen.amount == state.last_minor:
        return moved._replace(awaiting_minor=None), None
    if rule.is_event:
        return _on_event(state, moved, seen, rule, past, policy, is_later=is_later)
    return _on_level(moved, seen, rule, past, policy, is_later=is_later)


def standing(
    conditions: Sequence[Condition], amount: int, past: Past, policy: AlertPolicy
) -> Standing:
    """Return how a price stands to the levels among the conditions, all together."""
    found = {_standing(one, amount, past, policy) for one in conditions if isinstance(one, Level)}
    for kind in (Standing.CLEAR, Standing.UNKNOWN, Standing.BETWEEN):
        if kind in found:
            return kind
    return Standing.DUE


def _on_level(
    moved: RuleState,
    seen: Sight,
    rule: AlertRule,
    past: Past,
    policy: AlertPolicy,
    *,
    is_later: bool,
) -> tuple[RuleState, News | None]:
    amount, awaited = seen.amount, moved.awaiting_minor
    if amount is None:
        return moved._replace(is_known=True, last_minor=None, awaiting_minor=None), None
    stands = standing(rule.all, amount, past, policy)
    if stands is Standing.UNKNOWN:
        return moved, None
    judged = moved._replace(is_known=True, last_minor=amount, awaiting_minor=None)
    if seen.implausible:
        # What may be a glitch leaves no trace: coming back from it is no change.
        judged = moved._replace(awaiting_minor=None)
    news: News | None = None
    if stands is not Standing.DUE:
        if stands is not Standing.CLEAR or (moved.armed and moved.alerted_minor is None):
            return judged, None
        after = judged._replace(armed=True, alerted_minor=None)
    else:
        if moved.armed:
            news = News.HOLDS
        elif (
            moved.alerted_minor is not None
            and not any(isinstance(condition, Above) for condition in rule.all)
            and policy.is_further_drop(amount, moved.alerted_minor)
        ):
            news = News.FURTHER_DROP
        else:
            return judged, None
        after = judged._replace(armed=False, alerted_minor=amount)
    confirmed = (
        awaited is not None and is_later and standing(rule.all, awaited, past, policy) is stands
    )
    if seen.implausible and not confirmed:
        return moved._replace(awaiting_minor=amount), None
    return after._replace(is_known=True, last_minor=amount), news


def _on_event(
    state: RuleState,
    moved: RuleState,
    seen: Sight,
    rule: AlertRule,
    past: Past,
    policy: AlertPolicy,
    *,
    is_later: bool,
) -> tuple[RuleState, News | None]:
    amount = seen.amount
    if seen.implausible and not (is_later and _same_way(state, amount)):
        return moved._replace(awaiting_minor=amount if state.is_known else None), None
    judged = moved._replace(is_known=True, last_minor=amount, awaiting_minor=None)
    if not state.is_known:
        return judged, None
    happens = all(_happens(one, state.last_minor, amount, past) for one in rule.all)
    if happens and amount is not None:
        happens = standing(rule.all, amount, past, policy) is Standing.DUE
    return judged, News.HOLDS if happens else None


def _same_way(state: RuleState, amount: int | None) -> bool:
    """Tell whether a price lies on the side of the last one where the awaited one lay."""
    if state.awaiting_minor is None or amount is None:
        return False
    if state.last_minor is None:
        return True
    return (state.awaiting_minor < state.last_minor) == (amount < state.last_minor)


def _happens(condition: Condition, last: int | None, amount: int | None, past: Past) -> bool:
    """Tell whether going from one price to another is what an event is about; levels are not."""
    if not isinstance(condition, Event):
        return amount is not None
    match condition:
        case AnyChange():
            return True
        case SoldOut():
            return amount is None
        case BackInStock():
            return last is None and amount is not None
        case BelowPrevious(percent):
            previous = last if last is not None else past.last_offer
            return (
                amount is not None
                and previous is not None
                and amount * 100 <= previous * (100 - percent)
            )


def _standing(condition: Level, amount: int, past: Past, policy: AlertPolicy) -> Standing:
    match condition:
        case AtOrBelow(price_minor):
            return _of(
                due=policy.is_due(amount, price_minor), clear=policy.is_clear(amount, price_minor)
            )
        case Above(price_minor):
            back = amount * (100 + policy.hysteresis_percent) < price_minor * 100
            return _of(due=amount > price_minor, clear=back)
        case BelowAverage(percent, days):
            average = past.average(days, amount)
            if average is None:
                return Standing.UNKNOWN
            return _below(amount, average * (100 - percent), policy)
        case Lowest(days):
            lowest = past.lowest(days)
            if lowest is None:
                return Standing.UNKNOWN
            # A price that was there before is no news, be it the lowest or the usual one.
            return _below(amount, (lowest - 1) * 100, policy)
        case Score(points):
            deal_past = past.as_a_deal(amount)
            if deal_past is None:
                return Standing.UNKNOWN
            score = score_price(amount, deal_past).points
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
