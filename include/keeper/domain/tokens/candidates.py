"""What a run asks of each watched product: as little as its watches need, and when it is due."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import detail_of, price_type_of
from keeper.domain.product_kinds import ProductKind
from keeper.domain.tokens.plan import Candidate

UNKNOWN_AFTER: Final = 2
"""So many times in a row Keepa must not know a product before it is asked for less often."""
UNKNOWN_EVERY: Final = timedelta(days=1)
"""How often such a product is asked for."""


@dataclass(frozen=True, slots=True)
class WatchedProduct:
    """A product somebody watches.

    Attributes:
        asin: The product.
        domain: Its locale.
        checked_at: By watched price type, when it was last checked; None if a watch never was.
        distance: See Candidate, like `changes` and `priority`.
        changes: Price changes of its watched series lately.
        priority: The highest its users gave it.
        kind: What Keepa says it is; standard until it says otherwise.
        misses: How often in a row Keepa did not know it.
        asked_at: When Keepa last said that it is no standard product; None if it never did.
        owners: By watched price type, the users who watch it; none where Keeper itself does.
    """

    asin: str
    domain: str
    checked_at: Mapping[str, datetime | None]
    distance: float | None = None
    changes: int = 0
    priority: int = 0
    kind: ProductKind = ProductKind.STANDARD
    misses: int = 0
    asked_at: datetime | None = None
    owners: Mapping[str, Collection[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestPolicy:
    """How much is asked of products, and how often.

    Attributes:
        interval: Between two runs.
        least: Every product is asked for with at least this, whatever is watched.
        offers_interval: Offers are asked for at most this often; None for every run.
    """

    interval: timedelta
    least: Detail = Detail.BASIC
    offers_interval: timedelta | None = None

    def interval_of(self, detail: Detail) -> timedelta:
        """Return how long lies between two checks of what comes with a detail."""
        if detail is not Detail.OFFERS or self.offers_interval is None:
            return self.interval
        return max(self.interval, self.offers_interval)

    def candidates(
        self, products: Iterable[WatchedProduct], *, at: datetime, in_any_case: bool = False
    ) -> Iterator[Candidate]:
        """Yield what a run at `at` asks of the products; what is not due is left out.

        Offers that are not due are not asked for; the product's other price types are. A product
        Keepa has not known twice is asked for once a day.

        Args:
            products: The watched products.
            at: Now.
            in_any_case: Everything is due: somebody has asked for these products.
        """
        for product in products:
            if not in_any_case and self._is_waiting_as_unknown(product, at):
                continue
            due, least = dict(product.checked_at), self.least
            if not in_any_case and not self._are_offers_due(product, at):
                due = {name: time for name, time in due.items() if not _needs_offers(name)}
                least = Detail.BUY_BOX if least is Detail.OFFERS else least
            if due:
                yield self._candidate(product, due, least)

    def _candidate(
        self, product: WatchedProduct, due: Mapping[str, datetime | None], least: Detail
    ) -> Candidate:
        times = [time for time in due.values() if time is not None]
        checked_at = min(times) if len(times) == len(due) else None
        # Of a product that is no standard one Keepa has nothing more to give.
        detail = Detail.BASIC
        if product.kind.has_offers or product.misses:
            detail = Detail.most((least, detail_of(due)))
        return Candidate(
            product.asin,
            product.domain,
            checked_at or product.asked_at,
            product.distance,
            product.changes,
            product.priority,
            detail,
            product.misses >= UNKNOWN_AFTER,
            tuple(due),
            frozenset(owner for name in due for owner in product.owners.get(name, ())),
        )

    def _is_waiting_as_unknown(self, product: WatchedProduct, at: datetime) -> bool:
        if product.misses < UNKNOWN_AFTER or product.asked_at is None:
            return False
        return at - product.asked_at < UNKNOWN_EVERY - self.interval / 2

    def _are_offers_due(self, product: WatchedProduct, at: datetime) -> bool:
        if self.offers_interval is None:
            return True
        times = [time for name, time in product.checked_at.items() if _needs_offers(name)]
        known = [time for time in times if time is not None]
        if len(known) < len(times) or not known:
            return True
        # Runs do not begin to the second: half an interval early is in time.
        return at - min(known) >= self.offers_interval - self.interval / 2


def _needs_offers(name: str) -> bool:
    return price_type_of(name).detail is Detail.OFFERS
