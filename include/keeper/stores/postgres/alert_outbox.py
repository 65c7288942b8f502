"""Alerts waiting for delivery, handed out one at a time under a row lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.alerts import DeliveryResult, PriceAlert
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "alerts"


@dataclass(frozen=True, slots=True)
class Claim:
    """An alert held by this deliverer until the block it was claimed in ends."""

    alert: PriceAlert
    connection: Connection

    def settle(
        self,
        channel: str,
        result: DeliveryResult,
        *,
        status: str,
        seconds: float,
        now: datetime,
        next_attempt_at: datetime | None = None,
    ) -> None:
        """Record an attempt and what becomes of the alert."""
        sql = statements(_SQL)
        row = {
            "alert_id": self.alert.alert_id,
            "channel": channel,
            "attempt": self.alert.attempts + 1,
            # A server's own words; PostgreSQL would refuse NUL, and the alert would be sent again.
            "detail": result.detail.replace("\0", "")[:1000],
            "seconds": seconds,
            "now": now,
        }
        delivery = {**row, "status": result.status.value}
        self.connection.execute(sql["record_delivery"], delivery)
        settled = {**row, "status": status, "next_attempt_at": next_attempt_at}
        self.connection.execute(sql["settle"], settled)


def requeue_undelivered(connection: Connection) -> int:
    """Make alerts due again that failed for good or had no channel; return how many."""
    return connection.execute(statements(_SQL)["requeue_undelivered"]).rowcount


@contextmanager
def claim_next(connection: Connection, now: datetime) -> Iterator[Claim | None]:
    """Hold the next due alert for the block, or give None when none is due.

    The block is one transaction: an error inside gives the alert back as it was.
    """
    with connection.transaction():
        row = connection.execute(statements(_SQL)["claim_next"], {"now": now}).fetchone()
        yield None if row is None else Claim(PriceAlert(**row), connection)
