"""What Keeper records of its own work, as rows of PostgreSQL: requests and runs."""

from dataclasses import dataclass
from datetime import datetime

from keeper.domain.runs.states import RequestState, RunState

_BETWEEN_DAG_AND_RUN = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """A request to Keepa: a row of `token_ledger`.

    Attributes:
        read_at: When PostgreSQL was read; of two records of a request the later reading counts.
        request_id: The request.
        account: The fingerprint of Keepa's key.
        run_id: The run that asked, None outside runs.
        endpoint: Keepa's name of what was asked.
        domain: The locale, None where the endpoint has none.
        products: ASINs asked for.
        detail: How much of them, None for other requests.
        state: What became of its tokens.
        tokens_estimated: Set aside before it was sent.
        tokens_charged: What Keepa says it took.
        tokens_expected: The balance after it by Keeper's own counting.
        tokens_left: The balance as Keepa reported it.
        requested_at: When tokens were set aside.
        settled_at: When its outcome was recorded, None while it is open.
    """

    read_at: datetime
    request_id: int
    account: str
    run_id: str | None
    endpoint: str
    domain: str | None
    products: int
    detail: str | None
    state: RequestState
    tokens_estimated: int
    tokens_charged: int | None
    tokens_expected: int | None
    tokens_left: int | None
    requested_at: datetime
    settled_at: datetime | None

    @property
    def source(self) -> str:
        """Who was asked: keepa or simulator."""
        return self.account.partition(":")[0]

    @property
    def dag_id(self) -> str | None:
        """What the run is a run of."""
        return None if self.run_id is None else self.run_id.partition(_BETWEEN_DAG_AND_RUN)[0]

    @property
    def tokens_elsewhere(self) -> int | None:
        """Tokens that went from the balance besides: another program uses the key."""
        if self.tokens_expected is None or self.tokens_left is None:
            return None
        return self.tokens_expected - self.tokens_left

    @property
    def seconds(self) -> float | None:
        """From setting tokens aside to recording the end."""
        return None if self.settled_at is None else _between(self.requested_at, self.settled_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """A run of a pipeline: a row of `pipeline_runs`; counts are the columns of that name.

    Attributes:
        run_id: The run.
        dag_id: What it is a run of.
        source: keepa or simulator.
        state: How far it has come.
        problem: What a failed run says of it.
    """

    run_id: str
    dag_id: str
    source: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None
    products_planned: int
    products_postponed: int
    products_fetched: int
    products_missing: int
    tokens_estimated: int
    tokens_spent: int
    tokens_left: int | None
    records_checked: int
    records_quarantined: int
    events_published: int
    history_published: int
    points_stored: int
    history_stored: int
    deals_stored: int
    alerts_raised: int
    alerts_sent: int
    series_undelivered: int
    series_unreadable: int
    problem: str | None

    @property
    def seconds(self) -> float | None:
        """How long it took, None while it lasts."""
        return None if self.finished_at is None else _between(self.started_at, self.finished_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord(ListedRun):
    """A run as it was at a moment.

    Attributes:
        read_at: When PostgreSQL was read; of two records of a run the later reading counts.
    """

    read_at: datetime


def _between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
