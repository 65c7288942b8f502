"""What is done to a database that has come back from the past, so that nothing happens twice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "restore"
_AHEAD: Final = 1_000_000
"""Far more than can have been given out since a backup."""
PAUSED: Final = ("check_operations", "maintain_storage", "reconcile_stores")
"""DAGs that delete, or complain of, what a restore has not completed yet."""


@dataclass(frozen=True, slots=True)
class AccessEnded:
    """How many sessions, API tokens, links to sign in and Telegram accounts were ended."""

    sessions: int
    tokens: int
    links: int
    accounts: int


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What was under way and is ended: runs of Keeper's, and requests of the API's users."""

    runs: int
    requests: int


def move_identities(connection: Connection) -> int:
    """Move every number on past what may have been given out after the moment.

    Else a new alert has the number, and so the Message-ID and the links, of one that somebody has.
    """
    row = connection.execute(statements(_SQL)["move_identities"], {"ahead": _AHEAD}).fetchone()
    return row["moved"] if row else 0


def end_access(connection: Connection, at: datetime) -> AccessEnded:
    """End every session, token, link to sign in, Telegram account, code and ticket.

    Those made after the moment are not in the database any more. Of those made before nobody knows
    which were ended, revoked or used after it, so all of them are.
    """
    own, now = statements(_SQL), {"at": at}
    with connection.transaction():
        connection.execute(own["forget_telegram_codes"])
        connection.execute(own["forget_feed_tickets"])
        return AccessEnded(
            connection.execute(own["end_sessions"]).rowcount,
            connection.execute(own["revoke_tokens"], now).rowcount,
            connection.execute(own["use_up_links"], now).rowcount,
            connection.execute(own["unlink_telegram"]).rowcount,
        )


def end_under_way(connection: Connection, at: datetime) -> UnderWay:
    """End runs and requests that were under way at the moment."""
    own, now = statements(_SQL), {"at": at}
    with connection.transaction():
        return UnderWay(
            connection.execute(own["end_runs"], now).rowcount,
            connection.execute(own["end_requests"], now).rowcount,
        )


def cancel_messages(connection: Connection, at: datetime) -> int:
    """Cancel every message that waits, for it may have been sent after the moment."""
    own = statements(_SQL)
    with connection.transaction():
        connection.execute(own["free_channels"])
        rows = connection.execute(own["cancel_pending"], {"at": at}).fetchall()
        ids = [row["message_id"] for row in rows]
        connection.execute(statements("outbox")["sum_up"], {"message_ids": ids})
    return len(rows)


def skip_reports(connection: Connection, *, since: datetime, at: datetime, mark: str) -> int:
    """Let no deal of before now come in another report, and no report of today come again."""
    own = statements(_SQL)
    with connection.transaction():
        connection.execute(own["put_off_reports"], {"at": at})
        values = {"run_id": f"restore/{mark}", "since": min(since, at), "at": at}
        return connection.execute(own["skip_reports"], values).rowcount


def end_airflows_runs(connection: Connection, at: datetime) -> tuple[int, int]:
    """End what was under way in Airflow, and pause the DAGs that delete; returns runs and DAGs.

    Args:
        connection: Airflow's own database; none of Airflow's processes may run.
        at: Now.
    """
    own = statements(_SQL)
    with connection.transaction():
        paused = connection.execute(own["pause_dags"], {"dags": list(PAUSED)}).rowcount
        connection.execute(own["fail_tasks"], {"at": at})
        return connection.execute(own["fail_dag_runs"], {"at": at}).rowcount, paused
