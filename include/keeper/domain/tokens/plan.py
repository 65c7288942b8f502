"""Which products a run's tokens go to, when they do not reach for all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.balance import REFILL_PERIOD, TokenReading
from keeper.domain.tokens.prices import USUAL_PRICES, ProductPrices
from keeper.domain.tokens.sharing import TokenShares, Wish

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
        detail: How much of it has to be asked for.
        is_unknown: Keepa did not know it when it was asked for lately.
        price_types: The watched price types the check is for.
        owners: The users whose watches it is for; none if Keeper itself records the product.
    """

    asin: str
    domain: str
    last_checked_at: datetime | None
    distance: float | None = None
    changes: int = 0
    priority: int = 0
    detail: Detail = Detail.BASIC
    is_unknown: bool = False
    price_types: tuple[str, ...] = ()
    owners: frozenset[int] = frozenset()

    @property
    def is_about_to_alert(self) -> bool:
        """True when a small drop would reach the target; such checks may use the reserve."""
        return self.distance is not None and 0 < self.distance <= ABOUT_TO_ALERT

    def value(self, now: datetime, interval: timedelta) -> float:
        """Return what checking it now is worth, whatever it costs; only compared with others'.

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
        prices: What products cost.
        simulated: The watched products, as ASIN and domain, that are left out because the simulator
            made them up.
        sharers: Among so many users' watch lists the tokens were shared, as they do not reach for
            all; 0 if they do, or if there is one list only.
    """

    now: tuple[Candidate, ...]
    later: tuple[Candidate, ...]
    reading: TokenReading | None
    reserve: int
    affordable: int | None
    prices: ProductPrices = USUAL_PRICES
    simulated: frozenset[tuple[str, str]] = frozenset()
    sharers: int = 0

    @property
    def cost(self) -> int:
        """Tokens the run is expected to spend."""
        return sum(self.prices.estimate(detail, count) for detail, count in self._counts.items())

    @property
    def _counts(self) -> dict[Detail, int]:
        counted = Counter(product.detail for product in self.now)
        return {detail: counted[detail] for detail in Detail if counted[detail]}

    def wait(self, at: datetime) -> timedelta:
        """Return how long the run will wait for refills, if nobody else spends tokens."""
        if self.reading is None:
            return timedelta(0)
        missing = self.cost - max(self.reading.left_at(at) - self.reserve, 0)
        return max(-(-missing // self.reading.refill), 0) * REFILL_PERIOD

    def summary(self, at: datetime) -> str:
        """Say in one line what it costs, what is left out and how long it waits."""
        if self.reading is None:
            return f"{self.cost} tokens{self._bill()}; Keepa did not report the balance"
        said = f"{self.cost} tokens of {self.reading.left_at(at)}{self._bill()}"
        if wait := self.wait(at):
            said += f", about {wait // REFILL_PERIOD} min of refills"
        if self.later:
            said += f"; {len(self.later)} products wait for the next run"
        if self.sharers:
            said += f", the tokens are shared among {self.sharers} users' watch lists"
        if self.simulated:
            said += f"; {len(self.simulated)} products that the simulator made up are left out"
        return said

    def _bill(self) -> str:
        """Return what each detail costs, ": 400 basic, 70 buy box (210)"; nothing if all is basic.

        What offers cost is not known before: Keepa counts those it finds.
        """
        counts = self._counts
        if counts.keys() <= {Detail.BASIC}:
            return ""
        parts = []
        for detail, count in counts.items():
            said = f"{count} {detail.label}"
            tokens = self.prices.estimate(detail, count)
            if detail is Detail.OFFERS:
                said += f" (about {tokens}, at most {detail.most_tokens * count})"
            elif detail is not Detail.BASIC:
                said += f" ({tokens})"
            parts.append(said)
        return ": " + ", ".join(parts)


def _worth(value: float, price: float) -> float:
    """Return what a check is worth for its price; a dear one is worth less in any case."""
    return value / price if value >= 0 else value * price


@dataclass(frozen=True, slots=True)
class _Budget:
    affordable: int
    reserve: int
    prices: ProductPrices

    def limit(self, product: Candidate) -> int:
        # What is about to alert is paid from everything, the reserve too; the rest leaves it alone.
        return self.affordable - (0 if product.is_about_to_alert else self.reserve)

    def by_worth(self, ordered: Sequence[Candidate]) -> list[bool]:
        """Return which are paid if what is worth most comes first, whoever wants it."""
        paid = []
        spent = 0.0
        for product in ordered:
            price = self.prices.each(product.detail)
            paid.append(spent + price <= self.limit(product))
            spent += price if paid[-1] else 0
        return paid

    def by_list(self, ordered: Sequence[Candidate], by_worth: Sequence[bool]) -> list[bool]:
        """Return which are paid if users' lists are given alike.

        Args:
            ordered: By their worth.
            by_worth: Which are paid by their worth alone: of those that are on nobody's list the
                same are.
        """
        paid = [is_paid and not p.owners for p, is_paid in zip(ordered, by_worth, strict=True)]
        each = [self.prices.each(product.detail) for product in ordered]
        unowned = sum(price for price, is_paid in zip(each, paid, strict=True) if is_paid)
        shares = TokenShares(unowned)
        reserve = min(unowned + self.reserve, self.affordable)
        # Who has many about to alert has the reserve for them, and beyond it what others have.
        for chosen, limit in (
            ([p.is_about_to_alert and not p.is_unknown for p in ordered], reserve),
            ([not p.is_unknown for p in ordered], self.affordable),
            ([True] * len(ordered), self.affordable),
        ):
            places = [n for n, is_chosen in enumerate(chosen) if is_chosen and not paid[n]]
            wishes = [
                Wish(ordered[n].owners, each[n], min(self.limit(ordered[n]), limit)) for n in places
            ]
            for n, is_paid in zip(places, shares.give(wishes), strict=True):
                paid[n] = is_paid
        return paid


def plan_tokens(
    candidates: Iterable[Candidate],
    reading: TokenReading | None,
    *,
    at: datetime,
    interval: timedelta,
    horizon: timedelta,
    reserve_share: float,
    prices: ProductPrices = USUAL_PRICES,
) -> TokenPlan:
    """Choose what to check now and what in the next run.

    Those about to alert come first, then those whose check is worth most for its tokens. What the
    tokens left do not reach for is passed over for cheaper ones behind it; as it waits its worth
    grows, so that it comes first one day.

    If the tokens do not reach for all, they are shared, so that nobody's watch list starves
    another's: the reserve goes to those about to alert, the rest to each list alike, for what is
    worth most in it; see TokenShares. What Keeper itself records of has no list: it gets what its
    worth alone would give it.

    Args:
        candidates: Every watched product.
        reading: The balance; None plans everything and leaves it to Keepa to refuse.
        at: Now.
        interval: Between two runs.
        horizon: How long the run may wait for refills.
        reserve_share: The reserve is what the products about to alert cost, but never more than
            this share of the most tokens there can be.
        prices: What a product costs.
    """
    ordered = sorted(
        candidates,
        key=lambda product: (
            product.is_unknown,
            not product.is_about_to_alert,
            -_worth(product.value(at, interval), prices.each(product.detail)),
            prices.each(product.detail),
            product.domain,
            product.asin,
        ),
    )
    if reading is None:
        return TokenPlan(tuple(ordered), (), None, 0, None, prices)
    affordable = reading.left_at(at) + (horizon // REFILL_PERIOD) * reading.refill
    urgent = sum(prices.each(p.detail) for p in ordered if p.is_about_to_alert)
    reserve = min(ceil(urgent), int(reading.cap * reserve_share))
    budget = _Budget(affordable, reserve, prices)
    paid = budget.by_worth(ordered)
    sharers = len(frozenset[int]().union(*(product.owners for product in ordered)))
    is_shared = sharers > 1 and not all(paid)
    if is_shared:
        paid = budget.by_list(ordered, paid)
    now = tuple(product for product, is_paid in zip(ordered, paid, strict=True) if is_paid)
    later = tuple(product for product, is_paid in zip(ordered, paid, strict=True) if not is_paid)
    return TokenPlan(
        now,
        later,
        reading,
        reserve,
        max(affordable, 0),
        prices,
        sharers=sharers if is_shared else 0,
    )
