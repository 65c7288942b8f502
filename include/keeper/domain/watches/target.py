"""Target prices: the rule they stand for, and a quick filter for what cannot change its state.

Nearly all watches have a target and nothing else, and nearly all prices change nothing of them.
The filter finds those prices by comparing integers; what it lets through goes to `advance_rule`, as
for every other rule. Tests hold what the filter drops against `advance_rule`.

A target keeps no last price. Whether it alerts depends on the price seen, the last alert and what
awaits confirmation alone, so that a dropped price leaves the same state as an evaluated one.
"""

from collections.abc import Sequence
from typing import Final

from keeper.domain.prices.history import PriceSeries
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import AlertCause, Observation, RuleState
from keeper.domain.watches.rules import AlertRule, AtOrBelow

_NO_HISTORY: Final = PriceSeries(()).until(KEEPA_EPOCH, KEEPA_EPOCH)


def target_rule(target_minor: int) -> AlertRule:
    """Return the rule that a watch's target stands for."""
    return AlertRule((AtOrBelow(target_minor),))


def is_out_of_reach(lowest_minor: int | None, target_minor: int, policy: AlertPolicy) -> bool:
    """Return whether observations down to a price move only the position of a calm target.

    A target is calm before its first observation, and while it is armed, has no alert open and
    awaits no confirmation.

    Args:
        lowest_minor: The lowest amount among the observations; None if none has an offer.
        target_minor: The watch's target.
        policy: Tolerance.
    """
    return lowest_minor is None or not policy.is_due(lowest_minor, target_minor)


def cannot_move(
    state: RuleState, amount: int | None, target_minor: int, policy: AlertPolicy
) -> bool:
    """Return whether one later observation of this amount can change nothing but the position.

    It errs on the side of False: what awaits confirmation is always left to `advance_rule`.
    """
    if state.awaiting_minor is not None:
        return False
    if amount is None:
        return True
    alerted = state.alerted_minor
    if policy.is_due(amount, target_minor):
        return not state.armed and (alerted is None or not policy.is_further_drop(amount, alerted))
    return (state.armed and alerted is None) or not policy.is_clear(amount, target_minor)


def advance_target(
    state: RuleState | None,
    observations: Sequence[Observation],
    target_minor: int,
    policy: AlertPolicy,
) -> tuple[RuleState | None, list[tuple[int, AlertCause]]]:
    """Take a target through observations in the order of their positions.

    Args:
        state: Where it stood, its last price left out of account; None before its first
            observation. It is armed then: a first check already below the target alerts.
        observations: Those not later than the state's position are ignored.
        target_minor: The watch's target.
        policy: Tolerance, hysteresis and further drop.

    Returns:
        The new state, without a last price, None if there was neither one nor an observation; and
        for each alert the index of the observation that raises it and why.
    """
    raised: list[tuple[int, AlertCause]] = []
    rule = target_rule(target_minor)
    if state is not None and state.is_known:
        state = state.without_price()
    latest = None if state is None else state.position
    for index, seen in enumerate(observations):
        position = (seen.checked_at, seen.observed_at)
        if latest is not None and position <= latest:
            continue
        latest = position
        if state is not None and cannot_move(state, seen.amount, target_minor, policy):
            continue
        state, cause = advance_rule(state, seen, rule, _NO_HISTORY, policy)
        state = state.without_price()
        if cause is not None:
            raised.append((index, cause))
    if state is not None and latest is not None and latest != state.position:
        state = state.moved_to(latest)
    return state, raised
