"""Which products a run's tokens go to, when they do not reach for all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.tokens.balance import REFILL_PERIOD, TokenReading

ABOUT_TO_ALERT: Final = 0.05
"""A price at most this share above its target is about to alert."""
_NEAR: Final = 0.25
_LIVELY_CHANGES: Final = 30
_PRIORITY_WEIGHT: Final = 4.0
_NEARNESS_WEIGHT: Final = 3.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A watched product and what its next check is worth knowing for.

    Attributes:
        asin: The product.
        domain: Its locale.
        last_checked_at: None if never.
        distance: How far the price is above the nearest target, as a share of the target; None
            without a target or a price. At or below the target it is 0 or less.
        changes: Price changes in the last 30 days, over its watched series.
        priority: The highest its users gave it: 1, 0 or -1.
    """

    asin: str
    domain: str
    last_checked_at: datetime | None
    distance: float | None = None
    changes: int = 0
    priority: int = 0

    @property
    def is_about_to_alert(self) -> bool:
        """True when a small drop would reach the target; such checks may use the reserve."""
        return self.distance is not None and 0 < self.distance <= ABOUT_TO_ALERT

    def value(self, now: datetime, interval: timedelta) -> float:
        """Return what checking it now is worth; only compared with others'.

        Each of these adds up to: 4 the priority its user gave it, 3 the nearness to a target, 1 how
        lively its price is; and 1 for every interval since its last check, without bound, so that
        nothing is left out for ever. What was never checked comes before all.
        """
        if self.last_checked_at is None:
            return float("inf")
        staleness = max((now - self.last_checked_at) / interval, 0.0)
        nearness = 0.0
        if self.distance is not None:
            nearness = max(0.0, 1 - abs(self.distance) / _NEAR)
        lively = min(self.changes / _LIVELY_CHANGES, 1.0)
        return staleness + _NEARNESS_WEIGHT * nearness + lively + _PRIORITY_WEIGHT * self.priority


@dataclass(frozen=True, slots=True)
class TokenPlan:
    """What a run will check, and what that costs.

    Attributes:
        now: To be checked, the most valuable first; those about to alert come before all others.
        later: Left for the next run, in order of value.
        reading: The balance the plan counts on, None if Keepa did not report one.
        reserve: Tokens kept back for products about to alert.
        affordable: Tokens there will be within the horizon; None without a reading.
    """

    now: tuple[Candidate, ...]
    later: tuple[Candidate, ...]
    reading: TokenReading | None
    reserve: int
    affordable: int | None

    @property
    def cost(self) -> int:
        """Tokens the run will spend: one a product."""
        return len(self.now)

    def wait(self, at: datetime) -> timedelta:
        """Return how long the run will wait for refills, if nobody else spends tokens."""
        if self.reading is None:
            return timedelta(0)
        missing = self.cost - max(self.reading.left_at(at) - self.reserve, 0)
        return max(-(-missing // self.reading.refill), 0) * REFILL_PERIOD

    def summary(self, at: datetime) -> str:
        """Say in one line what it costs, what is left out and how long it waits."""
        if self.reading is None:
            return f"{self.cost} tokens; Keepa did not report the balance"
        said = f"{self.cost} tokens of {self.reading.left_at(at)}"
        if wait := self.wait(at):
            said += f", about {wait // REFILL_PERIOD} min of refills"
        if self.later:
            said += f"; {len(self.later)} products wait for the next run"
        return said


def plan_tokens(
    candidates: Iterable[Candidate],
    reading: TokenReading | None,
    *,
    at: datetime,
    interval: timedelta,
    horizon: timedelta,
    reserve_share: float,
) -> TokenPlan:
    """Choose what to check now and what in the next run.

    Args:
        candidates: Every watched product.
        reading: The balance; None plans everything and leaves it to Keepa to refuse.
        at: Now.
        interval: Between two runs.
        horizon: How long the run may wait for refills.
        reserve_share: The reserve is a token for every product about to alert, but never more than
            this share of the most tokens there can be.
    """
    ordered = sorted(
        candidates,
        key=lambda product: (
            not product.is_about_to_alert,
            -product.value(at, interval),
            product.domain,
            product.asin,
        ),
    )
    if reading is None:
        return TokenPlan(tuple(ordered), (), None, 0, None)
    affordable = reading.left_at(at) + (horizon // REFILL_PERIOD) * reading.refill
    urgent = sum(product.is_about_to_alert for product in ordered)
    reserve = min(urgent, int(reading.cap * reserve_share))
    # What is about to alert is paid from everything, the reserve too; the rest leaves it alone.
    count = max(min(urgent, affordable), affordable - reserve, 0)
    return TokenPlan(
        tuple(ordered[:count]), tuple(ordered[count:]), reading, reserve, max(affordable, 0)
    )
