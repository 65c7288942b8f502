"""The base alert rule, the target, and the state that keeps it from repeating itself.

`advance` says what one observation does; `advance_over` says the same of many, quickly. The loader
calls it for each watch a batch touches, over that watch's observations in order, inside the
transaction that stores the prices. Both are pure functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """How the base rule behaves, in whole percent so that the arithmetic is exact.

    Attributes:
        tolerance_percent: The rule holds up to this much above the target.
        hysteresis_percent: It re-arms once the price is this much above that limit.
        further_drop_percent: While still below, a drop of this much under the price last alerted
            is news again.
        score_hysteresis: A rule about a deal's score re-arms this many points below it.
    """

    tolerance_percent: int = 1
    hysteresis_percent: int = 2
    further_drop_percent: int = 5
    score_hysteresis: int = 5

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


class Observation(NamedTuple):
    """What one check saw of a series: this price since `observed_at`, read at `checked_at`."""

    checked_at: datetime
    observed_at: datetime
    price_minor: int | None
    implausible: bool = False

    @property
    def position(self) -> tuple[datetime, datetime]:
        """Where the observation stands in the order they are judged in."""
        return (self.checked_at, self.observed_at)


class AlertState(NamedTuple):
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

    @classmethod
    def calm(cls, seen: "Observation") -> Self:
        """Return the state of a watch that has seen no due price until this observation."""
        return cls(True, None, None, seen.checked_at, seen.observed_at)

    @property
    def is_calm(self) -> bool:
        """Whether nothing but a due price changes anything."""
        return self.armed and self.alerted_price_minor is None and self.awaiting_price_minor is None


def advance(
    state: AlertState | None, seen: Observation, target_minor: int, policy: AlertPolicy
) -> tuple[AlertState, str | None]:
    """Judge one observation.

    A missing offer changes nothing: being sold out for a while must not alert anew at the same
    price. An implausible price neither raises nor re-arms at once; the next check confirms it if it
    finds the price on the same side.

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
        state = AlertState.calm(seen)
    elif seen.position <= state.position:
        return state, None
    is_later_check = seen.checked_at > state.checked_at
    state = state._replace(checked_at=seen.checked_at, observed_at=seen.observed_at)
    price = seen.price_minor
    if price is None:
        return state._replace(awaiting_price_minor=None), None
    awaited = state.awaiting_price_minor
    if not policy.is_due(price, target_minor):
        state = state._replace(awaiting_price_minor=None)
        is_armed_already = state.armed and state.alerted_price_minor is None
        if is_armed_already or not policy.is_clear(price, target_minor):
            return state, None
        confirmed = (
            awaited is not None and is_later_check and policy.is_clear(awaited, target_minor)
        )
        if seen.implausible and not confirmed:
            return state._replace(awaiting_price_minor=price), None
        return state._replace(armed=True, alerted_price_minor=None), None

    if state.armed:
        reason = "at or below your target"
    elif state.alerted_price_minor is not None and policy.is_further_drop(
        price, state.alerted_price_minor
    ):
        reason = "dropped further since the last alert"
    else:
        return state._replace(awaiting_price_minor=None), None

    confirmed = awaited is not None and is_later_check and policy.is_due(awaited, target_minor)
    if seen.implausible and not confirmed:
        return state._replace(awaiting_price_minor=price), None
    raised = state._replace(armed=False, alerted_price_minor=price, awaiting_price_minor=None)
    return raised, reason


def advance_over(
    state: AlertState | None,
    observations: Sequence[Observation],
    target_minor: int,
    policy: AlertPolicy,
) -> tuple[AlertState | None, list[tuple[int, str]]]:
    """Judge observations in the order of their positions, as `advance` would one by one.

    Nearly all of them change nothing but the position; for those nothing is built.

    Returns:
        The new state, None if there was neither one nor an observation; and for each alert the
        index of the observation that raises it and the reason.
    """
    raised: list[tuple[int, str]] = []
    if not observations:
        return state, raised
    due_limit = target_minor * (100 + policy.tolerance_percent)
    clear_limit = due_limit * (100 + policy.hysteresis_percent)
    further = 100 - policy.further_drop_percent
    latest = None if state is None else state.position
    for index, seen in enumerate(observations):
        checked_at, observed_at, price, _ = seen
        position = (checked_at, observed_at)
        if latest is not None and position <= latest:
            continue
        if state is not None and state.awaiting_price_minor is None:
            alerted = state.alerted_price_minor
            is_quiet = price is None
            if price is not None:
                if price * 100 > due_limit:
                    is_armed_already = state.armed and alerted is None
                    is_quiet = is_armed_already or price * 10_000 <= clear_limit
                else:
                    is_quiet = not state.armed and (
                        alerted is None or price * 100 > alerted * further
                    )
            if is_quiet:
                latest = position
                continue
        if state is not None and latest is not None:
            state = _at(state, latest)
        state, reason = advance(state, seen, target_minor, policy)
        latest = position
        if reason:
            raised.append((index, reason))
    if state is not None and latest is not None:
        state = _at(state, latest)
    return state, raised


def _at(state: AlertState, position: tuple[datetime, datetime]) -> AlertState:
    if state.position == position:
        return state
    return state._replace(checked_at=position[0], observed_at=position[1])
