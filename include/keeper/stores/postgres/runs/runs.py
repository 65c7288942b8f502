"""Rows of `pipeline_runs` and `quarantined_records`."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from psycopg.types.json import Jsonb

from keeper.domain.runs.states import RunState
from keeper.errors import TerminalError
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "runs"


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run did, as far as its tasks counted it; the loader counts points and alerts."""

    products_fetched: int = 0
    products_missing: int = 0
    records_checked: int = 0
    records_quarantined: int = 0
    events_published: int = 0
    history_published: int = 0
    series_undelivered: int = 0
    series_unreadable: int = 0


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A record that failed a check.

    Attributes:
        batch: Number of the batch in its run.
        row_number: Position of the record in the batch.
        expectation: Name of the expectation it failed.
        column: The column at fault, None if several.
        record: The whole record, as JSON can hold it.
    """

    batch: int
    row_number: int
    expectation: str
    column: str | None
    record: Mapping[str, object]


def start_run(
    connection: Connection,
    *,
    run_id: str,
    dag_id: str,
    source: str,
    started_at: datetime,
    products_planned: int = 0,
    products_postponed: int = 0,
    tokens_estimated: int = 0,
) -> datetime:
    """Note that a run has begun, or what it plans, and return its start: a run begun again keeps
    its first.

    Earlier runs of the DAG that never came to their summary are recorded as failed; but runs of
    Airflow's backfills, which run beside others, only after a day.
    """
    row = {
        "run_id": run_id,
        "dag_id": dag_id,
        "source": source,
        "started_at": started_at,
        "products_planned": products_planned,
        "products_postponed": products_postponed,
        "tokens_estimated": tokens_estimated,
    }
    with connection.transaction():
        connection.execute(statements(_SQL)["end_lost_runs"], row)
        started = connection.execute(statements(_SQL)["start_run"], row).fetchone()
    return started_at if started is None else started["started_at"]


def reopen_run(connection: Connection, run_id: str) -> None:
    """Record that a run goes on by the plan it had."""
    connection.execute(statements(_SQL)["reopen_run"], {"run_id": run_id})


def finish_run(
    connection: Connection,
    *,
    run_id: str,
    state: RunState,
    finished_at: datetime,
    counts: RunCounts,
    problem: str | None,
) -> dict[str, object]:
    """Note how a run ended and return its whole row."""
    row = connection.execute(
        statements(_SQL)["finish_run"],
        {
            "run_id": run_id,
            "state": state.value,
            "finished_at": finished_at,
            "problem": problem,
            **asdict(counts),
        },
    ).fetchone()
    if row is None:
        raise TerminalError(f"run {run_id} has no row in pipeline_runs; its plan task never ran")
    return row


def running_runs(connection: Connection) -> list[str]:
    """Return the ids of the runs that have begun and not ended."""
    return [row["run_id"] for row in connection.execute(statements(_SQL)["running_runs"])]


def quarantine(connection: Connection, run_id: str, records: Iterable[QuarantinedRecord]) -> None:
    """Keep rejected records; keeping the same ones again changes nothing."""
    rows = [
        {
            "run_id": run_id,
            "batch": record.batch,
            "row_number": record.row_number,
            "expectation": record.expectation,
            "column_name": record.column,
            "asin": record.record.get("asin"),
            "domain": record.record.get("domain"),
            "price_type": record.record.get("price_type"),
            "record": Jsonb(dict(record.record)),
        }
        for record in records
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statements(_SQL)["quarantine"], rows)
