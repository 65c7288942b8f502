"""What one more observation does to a rule.

`advance_rule` is the one transition of every rule, target prices among them. It is a pure function.
The loader calls it over a watch's observations in order, inside the transaction that stores the
prices.

A rule of levels alerts when it becomes true, again when the price drops further by a set share,
and is armed again once the price is beyond a hysteresis. A rule about an event alerts when it
happens. An unchanged price does nothing, even if an average has moved past it meanwhile. Nor does
a missing offer to a level: being sold out for a while must not alert anew at the same price. An
implausible price waits until a later check confirms it. A price that its maker hides says nothing:
the product is not sold out, and what it costs when the price is shown again is compared with what
it cost before.
"""

from keeper.domain.prices.history import PriceHistory
from keeper.domain.watches.levels import Standing, standing
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.rule_state import AlertCause, Observation, RuleState
from keeper.domain.watches.rules import (
    Above,
    AlertRule,
    AnyChange,
    BackInStock,
    BelowPrevious,
    Condition,
    Event,
    SoldOut,
)


def advance_rule(
    state: RuleState | None,
    seen: Observation,
    rule: AlertRule,
    history: PriceHistory,
    policy: AlertPolicy,
) -> tuple[RuleState, AlertCause | None]:
    """Evaluate one observation.

    Args:
        state: Where the rule stood, None on its first observation.
        seen: The observation; ignored unless later than the state's position.
        rule: The rule.
        history: What the series cost before it; only asked by rules that compare with it.
        policy: Tolerance, hysteresis and further drop.

    Returns:
        The new state and, if an alert is raised, why.
    """
    if state is None:
        state = RuleState.fresh(seen)
    elif seen.position <= state.position:
        return state, None
    is_later = seen.checked_at > state.checked_at
    moved = state.moved_to(seen.position)
    if seen.is_hidden:
        return moved, None
    if state.is_known and seen.amount == state.last_minor:
        return moved._replace(awaiting_minor=None), None
    if rule.is_event:
        return _on_event(state, moved, seen, rule, history, policy, is_later=is_later)
    return _on_level(moved, seen, rule, history, policy, is_later=is_later)


def _on_level(
    moved: RuleState,
    seen: Observation,
    rule: AlertRule,
    history: PriceHistory,
    policy: AlertPolicy,
    *,
    is_later: bool,
) -> tuple[RuleState, AlertCause | None]:
    amount, awaited = seen.amount, moved.awaiting_minor
    if amount is None:
        return moved._replace(is_known=True, last_minor=None, awaiting_minor=None), None
    stands = standing(rule.all, amount, history, policy)
    if stands is Standing.UNKNOWN:
        return moved, None
    evaluated = moved._replace(is_known=True, last_minor=amount, awaiting_minor=None)
    if seen.implausible:
        # What may be a glitch leaves no trace: coming back from it is no change.
        evaluated = moved._replace(awaiting_minor=None)
    cause: AlertCause | None = None
    if stands is not Standing.DUE:
        if stands is not Standing.CLEAR or (moved.armed and moved.alerted_minor is None):
            return evaluated, None
        after = evaluated._replace(armed=True, alerted_minor=None)
    else:
        if moved.armed:
            cause = AlertCause.HOLDS
        elif (
            moved.alerted_minor is not None
            and not any(isinstance(condition, Above) for condition in rule.all)
            and policy.is_further_drop(amount, moved.alerted_minor)
        ):
            cause = AlertCause.FURTHER_DROP
        else:
            return evaluated, None
        after = evaluated._replace(armed=False, alerted_minor=amount)
    confirmed = (
        awaited is not None and is_later and standing(rule.all, awaited, history, policy) is stands
    )
    if seen.implausible and not confirmed:
        return moved._replace(awaiting_minor=amount), None
    return after._replace(is_known=True, last_minor=amount), cause


def _on_event(
    state: RuleState,
    moved: RuleState,
    seen: Observation,
    rule: AlertRule,
    history: PriceHistory,
    policy: AlertPolicy,
    *,
    is_later: bool,
) -> tuple[RuleState, AlertCause | None]:
    amount = seen.amount
    if seen.implausible and not (is_later and _same_way(state, amount)):
        return moved._replace(awaiting_minor=amount if state.is_known else None), None
    evaluated = moved._replace(is_known=True, last_minor=amount, awaiting_minor=None)
    if not state.is_known:
        return evaluated, None
    happens = all(_happens(one, state.last_minor, amount, history) for one in rule.all)
    if happens and amount is not None:
        happens = standing(rule.all, amount, history, policy) is Standing.DUE
    return evaluated, AlertCause.HOLDS if happens else None


def _same_way(state: RuleState, amount: int | None) -> bool:
    """Return whether a price lies on the side of the last one where the awaited one lay."""
    if state.awaiting_minor is None or amount is None:
        return False
    if state.last_minor is None:
        return True
    return (state.awaiting_minor < state.last_minor) == (amount < state.last_minor)


def _happens(
    condition: Condition, last: int | None, amount: int | None, history: PriceHistory
) -> bool:
    """Return whether going from one price to another is what an event is about; levels are not."""
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
            previous = last if last is not None else history.last_offer
            return (
                amount is not None
                and previous is not None
                and amount * 100 <= previous * (100 - percent)
            )
