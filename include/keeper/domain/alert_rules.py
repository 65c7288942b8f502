"""The base alert rule and the state that keeps it from repeating itself.

`advance` is a pure function: the loader calls it for each watch a batch touches, over that watch's
observations in order, inside the transaction that stores the prices.
"""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """How the base rule behaves, in whole percent so that the arithmetic is exact.

    Attributes:
        tolerance_percent: The rule holds up to this much above the target.
        hysteresis_percent: It re-arms once the price is this much above that limit.
        further_drop_percent: While still below, a drop of this much under the price last alerted
            is news again.
    """

    tolerance_percent: int = 1
    hysteresis_percent: int = 2
    further_drop_percent: int = 5

    def is_due(self, price_minor: int, target_minor: int) -> bool:
        """Tell whether the rule holds: price ≤ target × 1.01 with the default tolerance."""
        return price_minor * 100 <= target_minor * (100 + self.tolerance_percent)

    def is_clear(self, price_minor: int, target_minor: int) -> bool:
        """Tell whether the price is far enough above the limit to re-arm."""
        limit = target_minor * (100 + self.tolerance_percent) * (100 + self.hysteresis_percent)
        return price_minor * 10_000 > limit

    def is_further_drop(self, price_minor: int, alerted_minor: int) -> bool:
        """Tell whether the price fell by a further set share since the last alert."""
        return price_minor * 100 <= alerted_minor * (100 - self.further_drop_percent)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one check saw of a series: this price since `observed_at`, read at `checked_at`."""

    checked_at: datetime
    observed_at: datetime
    price_minor: int | None
    implausible: bool = False

    @property
    def position(self) -> tuple[datetime, datetime]:
        """Where the observation stands in the order they are judged in."""
        return (self.checked_at, self.observed_at)


@dataclass(frozen=True, slots=True)
class AlertState:
    """Where a watch's rule stands.

    Attributes:
        armed: The next due price raises an alert.
        alerted_price_minor: Price of the last alert while the rule still holds.
        awaiting_price_minor: An implausible price, due or clear, that a later check must confirm.
        checked_at: Check of the last observation judged.
        observed_at: Time of the last observation judged.
    """

    armed: bool
    alerted_price_minor: int | None
    awaiting_price_minor: int | None
    checked_at: datetime
    observed_at: datetime

    @property
    def position(self) -> tuple[datetime, datetime]:
        """The last observation judged; earlier ones and replays of it are ignored."""
        return (self.checked_at, self.observed_at)


def advance(
    state: AlertState | None, seen: Observation, target_minor: int, policy: AlertPolicy
) -> tuple[AlertState, str | None]:
    """Judge one observation.

    A missing offer changes nothing: being sold out for a while must not alert anew at the same
    price. An implausible price neither raises nor re-arms at once; the next check that finds the
    price on the same side confirms it.

    Args:
        state: Where the watch stood, None on its first observation (armed: a first check already
            below target alerts).
        seen: The observation; ignored unless later than the state's position.
        target_minor: The watch's target.
        policy: Tolerance, hysteresis and further drop.

    Returns:
        The new state and, if an alert is raised, its reason in plain words.
    """
    if state is None:
        state = AlertState(True, None, None, seen.checked_at, seen.observed_at)
    elif seen.position <= state.position:
        return state, None
    is_later_check = seen.checked_at > state.checked_at
    state = replace(state, checked_at=seen.checked_at, observed_at=seen.observed_at)
    price = seen.price_minor
    if price is None:
        return state, None
    awaited = state.awaiting_price_minor
    if not policy.is_due(price, target_minor):
        state = replace(state, awaiting_price_minor=None)
        if not policy.is_clear(price, target_minor):
            return state, None
        confirmed = (
            awaited is not None and is_later_check and policy.is_clear(awaited, target_minor)
        )
        if seen.implausible and not confirmed:
            return replace(state, awaiting_price_minor=price), None
        return replace(state, armed=True, alerted_price_minor=None), None

    if state.armed:
        reason = "at or below your target"
    elif state.alerted_price_minor is not None and policy.is_further_drop(
        price, state.alerted_price_minor
    ):
        reason = "dropped further since the last alert"
    else:
        return replace(state, awaiting_price_minor=None), None

    confirmed = awaited is not None and is_later_check and policy.is_due(awaited, target_minor)
    if seen.implausible and not confirmed:
        return replace(state, awaiting_price_minor=price), None
    raised = replace(state, armed=False, alerted_price_minor=price, awaiting_price_minor=None)
    return raised, reason
