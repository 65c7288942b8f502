"""Runs, rejected records, requests to Keepa and comparisons, page by page: for operators alone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from keeper.domain.runs.records import ListedRun
from keeper.domain.runs.states import RequestState, RunState
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.row_counts import count_rows

_SQL: Final = "operation_pages"


@dataclass(frozen=True, slots=True)
class RunStart:
    """Where a page of runs begins: after the run that started then."""

    started_at: datetime
    run_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """How many records of a batch failed an expectation; the column is None if several were."""

    batch: int
    expectation: str
    column_name: str | None
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPrice:
    """A current price that came with a run; a null amount means no offer, or a hidden price."""

    series_id: int
    asin: str
    domain: str
    price_type: str
    observed_at: datetime
    price_minor: int | None
    currency: str
    implausible: bool
    is_price_hidden: bool
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRecord:
    """A record that failed its checks: a row of `quarantined_records`."""

    record_id: int
    run_id: str
    batch: int
    row_number: int
    expectation: str
    column_name: str | None
    asin: str | None
    domain: str | None
    price_type: str | None
    record: dict[str, Any]
    quarantined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTokenRequest:
    """A request to Keepa: a row of `token_ledger`; see TokenRecord."""

    request_id: int
    run_id: str | None
    endpoint: str
    domain: str | None
    products: int
    detail: str | None
    state: RequestState
    http_status: int | None
    tokens_estimated: int
    tokens_charged: int | None
    tokens_left: int | None
    requested_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReconciliation:
    """A comparison of Elasticsearch with PostgreSQL: a row of `reconciliations`."""

    reconciliation_id: int
    mirror: str
    run_id: str | None
    compared_at: datetime
    is_dry_run: bool
    days: int
    different: int
    missing: int
    outdated: int
    surplus: int
    in_motion: int
    refused: int
    examples: list[str]


def run_page(
    connection: Connection,
    *,
    dag_id: str | None = None,
    states: Collection[RunState] | None = None,
    since: datetime | None = None,
    after: RunStart | None = None,
    most: int,
) -> list[ListedRun]:
    """Return runs, the one that started last first.

    Args:
        connection: Where they are.
        dag_id: Only of this DAG.
        states: Only in these states; None for all.
        since: Only those that started then or later.
        after: Where the page begins; None for the newest.
        most: How many at most.
    """
    values = {
        **_runs_wanted(dag_id, states, since),
        "before": None if after is None else after.started_at,
        "run_id": None if after is None else after.run_id,
        "most": most,
    }
    return [_run(row) for row in connection.execute(statements(_SQL)["run_page"], values)]


def count_runs(
    connection: Connection,
    *,
    dag_id: str | None,
    states: Collection[RunState] | None,
    since: datetime | None,
) -> int:
    """Return how many runs there are; None lets everything pass; see count_rows."""
    values = {**_runs_wanted(dag_id, states, since), "before": None, "run_id": None}
    return count_rows(connection, statements(_SQL)["run_page"], values)


def find_run(connection: Connection, run_id: str) -> ListedRun | None:
    """Return a run; None if there is none."""
    row = connection.execute(statements(_SQL)["find_run"], {"run_id": run_id}).fetchone()
    return None if row is None else _run(row)


def rejected_by_batch(connection: Connection, run_id: str) -> list[Rejected]:
    """Return what a run's checks rejected, by batch, the most frequent reason first."""
    rows = connection.execute(statements(_SQL)["rejected_by_batch"], {"run_id": run_id})
    return [Rejected(**row) for row in rows]


def run_price_page(
    connection: Connection, run_id: str, *, after: int | None = None, most: int
) -> list[RunPrice]:
    """Return the current prices that came with a run, after a series."""
    values = {"run_id": run_id, "after": after, "most": most}
    rows = connection.execute(statements(_SQL)["run_prices"], values)
    return [RunPrice(**row) for row in rows]


def quarantine_page(
    connection: Connection,
    *,
    run_id: str | None = None,
    asin: str | None = None,
    expectation: str | None = None,
    before: int | None = None,
    most: int,
) -> list[ListedRecord]:
    """Return rejected records, the newest first; None lets everything pass."""
    values = {
        "run_id": run_id,
        "asin": asin,
        "expectation": expectation,
        "before": before,
        "most": most,
    }
    rows = connection.execute(statements(_SQL)["quarantine_page"], values)
    return [ListedRecord(**row) for row in rows]


def count_quarantined(
    connection: Connection, *, run_id: str | None, asin: str | None, expectation: str | None
) -> int:
    """Return how many rejected records there are; None lets everything pass; see count_rows."""
    values = {"run_id": run_id, "asin": asin, "expectation": expectation, "before": None}
    return count_rows(connection, statements(_SQL)["quarantine_page"], values)


def ledger_page(
    connection: Connection,
    *,
    run_id: str | None = None,
    endpoint: str | None = None,
    states: Collection[RequestState] | None = None,
    since: datetime | None = None,
    before: int | None = None,
    most: int,
) -> list[ListedTokenRequest]:
    """Return requests to Keepa, the newest first; None lets everything pass."""
    wanted = _ledger_wanted(run_id, endpoint, states, since)
    values = {**wanted, "before": before, "most": most}
    rows = connection.execute(statements(_SQL)["ledger_page"], values)
    return [ListedTokenRequest(**row | {"state": RequestState(row["state"])}) for row in rows]


def count_ledger(
    connection: Connection,
    *,
    run_id: str | None,
    endpoint: str | None,
    states: Collection[RequestState] | None,
    since: datetime | None,
) -> int:
    """Return how many requests to Keepa there are; None lets everything pass; see count_rows."""
    values = {**_ledger_wanted(run_id, endpoint, states, since), "before": None}
    return count_rows(connection, statements(_SQL)["ledger_page"], values)


def reconciliation_page(
    connection: Connection, *, mirror: str | None = None, before: int | None = None, most: int
) -> list[ListedReconciliation]:
    """Return comparisons, the newest first."""
    values = {"mirror": mirror, "before": before, "most": most}
    rows = connection.execute(statements(_SQL)["reconciliation_page"], values)
    return [ListedReconciliation(**row) for row in rows]


def count_reconciliations(connection: Connection, *, mirror: str | None) -> int:
    """Return how many comparisons there are; see count_rows."""
    values = {"mirror": mirror, "before": None}
    return count_rows(connection, statements(_SQL)["reconciliation_page"], values)


def _runs_wanted(
    dag_id: str | None, states: Collection[RunState] | None, since: datetime | None
) -> dict[str, Any]:
    return {"dag_id": dag_id, "states": _values(states), "since": since}


def _ledger_wanted(
    run_id: str | None,
    endpoint: str | None,
    states: Collection[RequestState] | None,
    since: datetime | None,
) -> dict[str, Any]:
    return {"run_id": run_id, "endpoint": endpoint, "states": _values(states), "since": since}


def _values(states: Collection[RunState | RequestState] | None) -> list[str] | None:
    return None if states is None else [state.value for state in states]


def _run(row: dict[str, Any]) -> ListedRun:
    return ListedRun(**row | {"state": RunState(row["state"])})
