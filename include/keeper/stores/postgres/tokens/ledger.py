"""The token ledger: each request to Keepa, reserved before it is sent; then its outcome."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.domain.prices.detail import TOKENS_PER_OFFERS_PAGE, Detail
from keeper.domain.runs.states import RequestState
from keeper.domain.tokens.balance import (
    BREAK_AFTER,
    EarlierRequest,
    Outage,
    Reservation,
    Shortage,
    TokenReading,
    TokenRequest,
    outage_of,
)
from keeper.domain.tokens.prices import USUAL_PRICES, ProductPrices
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "tokens"
_LOST_AFTER: Final = timedelta(minutes=10)
"""Longer than any attempt at a request lasts; see KeepaConfig.timeout_s."""
_MOST_OUT: Final = 40
"""More than are ever out at once: each belongs to a task that runs."""
_REORDERED_WITHIN: Final = timedelta(minutes=10)
_LEARNT_FROM: Final = 200
"""The latest products with offers, by which the next ones' price is estimated."""
_ENOUGH: Final = 20
"""Fewer say nothing about the price."""


@dataclass(frozen=True, slots=True)
class TokenUse:
    """What one endpoint has cost.

    Attributes:
        endpoint: Keepa's name of it.
        requests: Requests sent, retries included.
        products: ASINs asked for.
        estimated: Tokens reserved.
        charged: Tokens Keepa says it took.
        unsettled: Estimates of requests whose envelope never came; Keepa may have charged them.
        elsewhere: Tokens that went from the balance besides: another program uses the key.
    """

    endpoint: str
    requests: int
    products: int
    estimated: int
    charged: int
    unsettled: int
    elsewhere: int


class TokenLedger:
    """The budget of one Keepa account, shared by every process that uses its key.

    Reservations are made under a lock on the account's row, so that runs side by side never spend
    more than there is. Each call is a short transaction of its own on `connection`.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        account: str,
        run: str | None,
        clock: Clock = utc_now,
    ) -> None:
        """Keep the books of an account.

        Args:
            connection: In autocommit mode, as `connect` gives it; nobody else may use it meanwhile.
            account: The key's fingerprint.
            run: Who spends the tokens; None outside runs.
            clock: Keeper's clock; processes that share an account should agree within seconds.
        """
        self._connection = connection
        self._account = account
        self._run = run
        self._clock = clock
        self._sql = statements(_SQL)

    def reading(self) -> TokenReading | None:
        """Return the balance as Keepa last reported it; None before its first report."""
        row = self._connection.execute(self._sql["read_account"], self._key).fetchone()
        return TokenReading(**row) if row else None

    def prices(self) -> ProductPrices:
        """Return what products cost, as the account's latest requests with offers show."""
        row = self._connection.execute(
            self._sql["offers_price"],
            {**self._key, "most": _LEARNT_FROM},
        ).fetchone()
        if row is None or not row["products"] or row["products"] < _ENOUGH:
            return USUAL_PRICES
        # Offers that could not be fetched, and those fetched lately, cost less; a run that counted
        # on it would take more products than it has tokens for.
        mean = row["tokens"] / row["products"]
        least, most = TOKENS_PER_OFFERS_PAGE, Detail.OFFERS.most_tokens
        return ProductPrices(offers=min(max(mean, least), most))

    def reserve(self, request: TokenRequest) -> Reservation | Shortage | Outage:
        """Set tokens aside for a request, or return how long to wait, for them or for Keepa.

        An account without a reported balance has no limit but Keepa's own. A request that costs
        more than can ever gather gets its turn when the balance is full.
        """
        now = self._clock()
        with self._connection.transaction():
            known, kept = self._locked()
            self._connection.execute(
                self._sql["end_lost_reservations"],
                {**self._key, "now": now, "lost_before": now - _LOST_AFTER},
            )
            if outage := outage_of(self._latest(), now):
                return outage
            if known is not None:
                kept = 0 if request.may_use_reserve else kept
                free = known.left_at(now) - self._reserved() - kept
                needed = min(request.estimate, known.cap - kept)
                if free < needed:
                    missing = known.left_at(now) + needed - free
                    wait = known.wait_for(missing, now)
                    return Shortage(max(wait.total_seconds(), 1.0), free)
            row = self._connection.execute(
                self._sql["reserve"],
                {
                    **self._key,
                    "run_id": self._run,
                    "endpoint": request.endpoint,
                    "domain": request.domain,
                    "products": request.products,
                    "detail": request.detail and request.detail.value,
                    "tokens_estimated": request.estimate,
                    "now": now,
                },
            ).fetchone()
        if row is None:
            raise TypeError("INSERT … RETURNING gave no row")
        return Reservation(row["request_id"])

    def keep_back(self, tokens: int) -> None:
        """Set the reserve: tokens that only requests which may use it can have."""
        self._connection.execute(self._sql["keep_back"], {**self._key, "reserve": tokens})

    def record_outcome(
        self,
        reservation: Reservation,
        *,
        charged: int | None,
        reading: TokenReading | None,
        refused: bool,
        status: int | None,
    ) -> None:
        """Note what came of the request; see TokenBudget."""
        now = self._clock()
        state = RequestState.REFUSED if refused else RequestState.CHARGED
        if charged is None:
            state = RequestState.UNKNOWN
        with self._connection.transaction():
            known, _ = self._locked()
            expected = None
            if known is not None and reading is not None:
                expected = known.left_at(reading.read_at) - (charged or 0)
            row = self._connection.execute(
                self._sql["record_outcome"],
                {
                    "request_id": reservation.request_id,
                    "state": state.value,
                    "http_status": status,
                    "tokens_charged": charged,
                    "tokens_expected": expected,
                    "tokens_left": reading.tokens_left if reading else None,
                    "now": now,
                },
            ).fetchone()
            if reading is not None:
                self._save(known, reading)
            elif known is not None and charged is None and row is not None:
                # Counted as spent until Keepa reports the balance again.
                self._write(known.after_spending(row["tokens_estimated"], now))

    def observe(self, reading: TokenReading) -> None:
        """Note a balance that was asked for by itself."""
        with self._connection.transaction():
            self._save(self._locked()[0], reading)

    def spent_since(self, since: datetime) -> list[TokenUse]:
        """Return what the account's tokens went to since a moment, the dearest endpoint first."""
        rows = self._connection.execute(self._sql["spent_since"], {**self._key, "since": since})
        return [TokenUse(**row) for row in rows]

    @property
    def _key(self) -> dict[str, str]:
        return {"account": self._account}

    def _locked(self) -> tuple[TokenReading | None, int]:
        """Lock the account and return its balance and its reserve."""
        row = self._connection.execute(self._sql["lock_account"], self._key).fetchone()
        if row is None:
            return None, 0
        reserve = row.pop("reserve")
        return TokenReading(**row), reserve

    def _latest(self) -> list[EarlierRequest]:
        most = {**self._key, "most": BREAK_AFTER + _MOST_OUT}
        rows = self._connection.execute(self._sql["latest_requests"], most)
        return [EarlierRequest(**row) for row in rows]

    def _reserved(self) -> int:
        row = self._connection.execute(self._sql["reserved_tokens"], self._key).fetchone()
        return row["tokens"] if row else 0

    def _save(self, known: TokenReading | None, reading: TokenReading) -> None:
        """Keep a reading unless a later one of Keepa's overtook it on the way."""
        if known and known.keepa_time and reading.keepa_time:
            behind = known.keepa_time - reading.keepa_time
            # A clock of Keepa's that jumped back by more is no overtaking.
            if timedelta(0) < behind < _REORDERED_WITHIN:
                return
        self._write(reading)

    def _write(self, reading: TokenReading) -> None:
        self._connection.execute(self._sql["save_account"], {**self._key, **asdict(reading)})
