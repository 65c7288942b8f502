"""Numbers in which a dashboard shows how Keeper is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "operation_pages"


@dataclass(frozen=True, slots=True)
class WatchFigures:
    """Numbers about watches.

    Attributes:
        active: Active ones.
        paused: Paused ones.
        products: Different products in different locales among the active ones.
        at_target: Active ones whose price is at most one percent above their target.
        without_offer: Active ones whose product nobody offers now.
        stale: Active ones that were last checked before the moment asked about.
        last_checked_at: When one of them was checked last.
    """

    active: int
    paused: int
    products: int
    at_target: int
    without_offer: int
    stale: int
    last_checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """How many alerts were raised since two moments, and how many messages wait."""

    of_a_day: int
    of_a_week: int
    waiting_messages: int


@dataclass(frozen=True, slots=True)
class OperatorFigures:
    """Numbers for operators, most of them of a day.

    Attributes:
        failed_runs: Runs that started since then and failed.
        prices_checked_at: When the latest price run ended well.
        open_notices: Troubles that last.
        open_requests: Requests of the API that wait or run.
        quarantined_records: Records rejected since then.
    """

    failed_runs: int
    prices_checked_at: datetime | None
    open_notices: int
    open_requests: int
    quarantined_records: int


def watch_figures(
    connection: Connection, visibility: Visibility, stale_before: datetime
) -> WatchFigures:
    """Return numbers about the watches somebody may see."""
    values = {"owner": visibility.owner_id, "stale_before": stale_before}
    (row,) = connection.execute(statements(_SQL)["watch_figures"], values).fetchall()
    return WatchFigures(**row)


def alert_figures(
    connection: Connection, visibility: Visibility, *, day: datetime, week: datetime
) -> AlertFigures:
    """Return numbers about the alerts and messages somebody may see, since two moments."""
    values = {"owner": visibility.owner_id, "day": day, "week": week}
    (row,) = connection.execute(statements(_SQL)["alert_figures"], values).fetchall()
    return AlertFigures(**row)


def operator_figures(connection: Connection, day: datetime) -> OperatorFigures:
    """Return numbers about Keeper as a whole, for operators alone, since a moment."""
    (row,) = connection.execute(statements(_SQL)["operator_figures"], {"day": day}).fetchall()
    return OperatorFigures(**row)
