"""Keepa's tokens: how a balance grows, and what a request may take of it.

Source: recorded replies. The balance grows by the refill rate at once every 60 s, up to 60 times
the rate; a request runs while the balance is above zero and may drive it below.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Protocol, Self

from keeper.domain.prices.detail import Detail

REFILL_PERIOD: Final = timedelta(seconds=60)
CAP_IN_REFILLS: Final = 60
BREAK_AFTER: Final = 10
"""Requests in a row that Keepa failed, after which it is left alone for a while."""
BROKEN_FOR: Final = timedelta(seconds=60)
"""How long it then is, before one request tries again."""


def net_refill(refill_rate: int, flow_reduction: int) -> int:
    """Return the tokens a refill truly adds beside the key's trackings, at least one."""
    return max(refill_rate - flow_reduction, 1)


@dataclass(frozen=True, slots=True)
class TokenReading:
    """A balance as Keepa reported it, on Keeper's clock.

    Attributes:
        tokens_left: After the request that returned it; may be negative.
        refill_rate: Tokens added each period, at least one.
        next_refill_at: The first refill after the reading.
        read_at: When the reply had arrived.
        keepa_time: Keepa's own time of the reading; only ever compared with another of Keepa's.
        flow_reduction: Tokens that trackings of the same key take from each refill.
    """

    tokens_left: int
    refill_rate: int
    next_refill_at: datetime
    read_at: datetime
    keepa_time: datetime | None = None
    flow_reduction: int = 0

    @property
    def refill(self) -> int:
        """What a refill truly adds, at least one token."""
        return net_refill(self.refill_rate, self.flow_reduction)

    @property
    def cap(self) -> int:
        """More than this many tokens do not gather."""
        return CAP_IN_REFILLS * self.refill_rate

    def left_at(self, now: datetime) -> int:
        """Return the balance at `now` if nobody else has spent anything since."""
        if now < self.next_refill_at or self.tokens_left >= self.cap:
            return self.tokens_left
        refills = (now - self.next_refill_at) // REFILL_PERIOD + 1
        return min(self.tokens_left + refills * self.refill, self.cap)

    def wait_for(self, tokens: int, now: datetime) -> timedelta:
        """Return how long from `now` until the balance is `tokens`, zero if it is already.

        A balance that never comes, because it is above the cap, is waited for up to the cap.
        """
        short = min(tokens, self.cap) - self.left_at(now)
        if short <= 0:
            return timedelta(0)
        refills = ceil(short / self.refill)
        return self._next_refill_after(now) - now + (refills - 1) * REFILL_PERIOD

    def after_spending(self, tokens: int, now: datetime) -> Self:
        """Return the reading that counts `tokens` as spent at `now`."""
        return replace(
            self,
            tokens_left=self.left_at(now) - tokens,
            next_refill_at=self._next_refill_after(now),
            read_at=now,
        )

    def _next_refill_after(self, now: datetime) -> datetime:
        if now < self.next_refill_at:
            return self.next_refill_at
        return now + REFILL_PERIOD - (now - self.next_refill_at) % REFILL_PERIOD


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request as the budget sees it.

    Attributes:
        endpoint: Keepa's name of it.
        estimate: Tokens it will cost.
        domain: The locale, None for requests about none.
        products: ASINs asked for.
        may_use_reserve: It is worth the tokens kept back for products about to alert.
        detail: How much of the products is asked for; None where no products are.
    """

    endpoint: str
    estimate: int
    domain: str | None = None
    products: int = 0
    may_use_reserve: bool = False
    detail: Detail | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens set aside for one request: the number of its row in the ledger."""

    request_id: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """There are too few tokens for a request.

    Attributes:
        wait_s: Seconds until there are enough, if nobody else spends any.
        tokens_left: What is left to spend now; negative after a request that cost more than
            there was.
    """

    wait_s: float
    tokens_left: int


@dataclass(frozen=True, slots=True)
class Outage:
    """Keepa has not answered for a while; it is asked again after so many seconds."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """A request that was sent.

    Attributes:
        requested_at: When.
        has_failed: Keepa failed it: no reply came, or one of HTTP 5xx. A refusal is an answer.
        has_outcome: It is known what became of it.
    """

    requested_at: datetime
    has_failed: bool
    has_outcome: bool


def outage_of(latest: Sequence[EarlierRequest], now: datetime) -> Outage | None:
    """Return for how long to leave Keepa alone; None if it may be asked.

    This is a circuit breaker for all who use the account. It opens when the latest requests have
    all failed, and stays open for a while after the newest of them. Then one request goes out, and
    the others wait for its outcome.

    Args:
        latest: The account's latest requests, the newest first; those still out may be among them.
        now: The time.
    """
    recorded = [request for request in latest if request.has_outcome][:BREAK_AFTER]
    if len(recorded) < BREAK_AFTER or not all(request.has_failed for request in recorded):
        return None
    wait = latest[0].requested_at + BROKEN_FOR - now
    return Outage(wait.total_seconds()) if wait > timedelta(0) else None


class TokenBudget(Protocol):
    """Sets tokens aside before a request is sent and learns what it cost."""

    def reserve(self, request: TokenRequest) -> Reservation | Shortage | Outage:
        """Set tokens aside for a request, or return how long to wait, for them or for Keepa."""

    def record_outcome(
        self,
        reservation: Reservation,
        *,
        charged: int | None,
        reading: TokenReading | None,
        refused: bool,
        status: int | None,
    ) -> None:
        """Record the outcome of a request.

        Args:
            reservation: What `reserve` gave.
            charged: What Keepa says it cost; None if no envelope came back.
            reading: The balance in the envelope, None if it has none.
            refused: Keepa sent no usable reply.
            status: The reply's HTTP status, None if none came.
        """

    def observe(self, reading: TokenReading) -> None:
        """Note a balance that was asked for by itself."""
