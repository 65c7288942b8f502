"""Runs and their traces as operators ask for them; nothing for anybody else."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from keeper.domain.runs.records import ListedRun
from keeper.domain.runs.states import RequestState, RunState
from keeper.domain.users.access import Account
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.pages import (
    ListedReconciliation,
    ListedRecord,
    ListedTokenRequest,
    Rejected,
    RunPrice,
    RunStart,
    count_ledger,
    count_quarantined,
    count_reconciliations,
    count_runs,
    find_run,
    ledger_page,
    quarantine_page,
    reconciliation_page,
    rejected_by_batch,
    run_page,
    run_price_page,
)

__all__ = [
    "ListedReconciliation",
    "ListedRecord",
    "ListedRun",
    "ListedTokenRequest",
    "Rejected",
    "RequestState",
    "RunInDetail",
    "RunPrice",
    "RunStart",
    "RunState",
    "count_quarantine_of",
    "count_reconciliations_of",
    "count_runs_of",
    "count_token_requests_of",
    "prices_of_run",
    "quarantine_of",
    "reconciliations_of",
    "run_of",
    "runs_of",
    "token_requests_of",
]


@dataclass(frozen=True, slots=True)
class RunInDetail:
    """A run, and what its checks rejected by batch."""

    run: ListedRun
    rejected: list[Rejected]


def runs_of(
    connection: Connection,
    account: Account,
    *,
    dag_id: str | None,
    states: Collection[RunState] | None,
    since: datetime | None,
    after: RunStart | None,
    most: int,
) -> list[ListedRun]:
    """Return runs, the one that started last first; see run_page."""
    if not account.is_operator:
        return []
    return run_page(connection, dag_id=dag_id, states=states, since=since, after=after, most=most)


def count_runs_of(
    connection: Connection,
    account: Account,
    *,
    dag_id: str | None,
    states: Collection[RunState] | None,
    since: datetime | None,
) -> int:
    """Return how many runs there are, 10,001 for more than 10,000."""
    if not account.is_operator:
        return 0
    return count_runs(connection, dag_id=dag_id, states=states, since=since)


def run_of(connection: Connection, account: Account, run_id: str) -> RunInDetail | None:
    """Return a run and the reports of its batches; None if there is none."""
    run = find_run(connection, run_id) if account.is_operator else None
    return None if run is None else RunInDetail(run, rejected_by_batch(connection, run_id))


def prices_of_run(
    connection: Connection, account: Account, *, run_id: str, after: int | None, most: int
) -> list[RunPrice]:
    """Return the current prices that came with a run; see run_price_page."""
    if not account.is_operator:
        return []
    return run_price_page(connection, run_id, after=after, most=most)


def quarantine_of(
    connection: Connection,
    account: Account,
    *,
    run_id: str | None,
    asin: str | None,
    expectation: str | None,
    before: int | None,
    most: int,
) -> list[ListedRecord]:
    """Return rejected records, the newest first."""
    if not account.is_operator:
        return []
    return quarantine_page(
        connection, run_id=run_id, asin=asin, expectation=expectation, before=before, most=most
    )


def count_quarantine_of(
    connection: Connection,
    account: Account,
    *,
    run_id: str | None,
    asin: str | None,
    expectation: str | None,
) -> int:
    """Return how many rejected records there are, 10,001 for more than 10,000."""
    if not account.is_operator:
        return 0
    return count_quarantined(connection, run_id=run_id, asin=asin, expectation=expectation)


def token_requests_of(
    connection: Connection,
    account: Account,
    *,
    run_id: str | None,
    endpoint: str | None,
    states: Collection[RequestState] | None,
    since: datetime | None,
    before: int | None,
    most: int,
) -> list[ListedTokenRequest]:
    """Return requests to Keepa, the newest first."""
    if not account.is_operator:
        return []
    return ledger_page(
        connection,
        run_id=run_id,
        endpoint=endpoint,
        states=states,
        since=since,
        before=before,
        most=most,
    )


def count_token_requests_of(
    connection: Connection,
    account: Account,
    *,
    run_id: str | None,
    endpoint: str | None,
    states: Collection[RequestState] | None,
    since: datetime | None,
) -> int:
    """Return how many requests to Keepa there are, 10,001 for more than 10,000."""
    if not account.is_operator:
        return 0
    return count_ledger(connection, run_id=run_id, endpoint=endpoint, states=states, since=since)


def reconciliations_of(
    connection: Connection, account: Account, *, mirror: str | None, before: int | None, most: int
) -> list[ListedReconciliation]:
    """Return comparisons of Elasticsearch with PostgreSQL, the newest first."""
    if not account.is_operator:
        return []
    return reconciliation_page(connection, mirror=mirror, before=before, most=most)


def count_reconciliations_of(
    connection: Connection, account: Account, *, mirror: str | None
) -> int:
    """Return how many comparisons there are, 10,001 for more than 10,000."""
    return count_reconciliations(connection, mirror=mirror) if account.is_operator else 0
