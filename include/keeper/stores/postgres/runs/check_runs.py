"""What runs that somebody asked for have done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "products"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A run of checks as its row says: RUNNING, SUCCESS or FAILED, and what it has done."""

    state: str
    started_at: datetime
    finished_at: datetime | None
    products_planned: int
    products_fetched: int
    products_missing: int
    products_postponed: int
    tokens_spent: int
    problem: str | None


def find_check_run(connection: Connection, run_id: str) -> CheckRun | None:
    """Return a run; None before it has begun."""
    row = connection.execute(statements(_SQL)["check_run"], {"run_id": run_id}).fetchone()
    return None if row is None else CheckRun(**row)
