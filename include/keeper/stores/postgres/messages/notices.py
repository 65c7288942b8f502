"""Notices to the operator: one open per topic, sent when raised and daily while it lasts."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from keeper.domain.messages.notices import REMIND_AFTER, Trouble
from keeper.domain.plain_text import storable
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.watches.watch_list import ensure_user

_SQL: Final = "notices"


@dataclass(frozen=True, slots=True)
class KnownNotice:
    """A notice as the operator may look it up, and what became of it on each channel."""

    notice_id: int
    topic: str
    subject: str
    details: str
    since: datetime
    raised_at: datetime
    last_seen_at: datetime
    times: int
    resolved_at: datetime | None
    channels: str | None


def raise_notice(connection: Connection, trouble: Trouble, *, operator: str, at: datetime) -> bool:
    """Record a trouble and return whether a notice was queued for the operator's channels.

    None is queued while the latest one on the topic is younger than REMIND_AFTER.

    Args:
        connection: Where notices are.
        trouble: What was seen.
        operator: E-mail address of who is notified; made a user if new.
        at: When it was seen.
    """
    sql_of = statements(_SQL)
    with connection.transaction():
        # Troubles quote what others say.
        texts = {name: storable(text) for name, text in asdict(trouble).items()}
        row = connection.execute(sql_of["raise_notice"], {**texts, "at": at}).fetchone()
        if row is None:
            raise TypeError("INSERT … RETURNING gave no row")
        notice_id: int = row["notice_id"]
        if not row["is_new"]:
            if at - row["raised_at"] < REMIND_AFTER:
                return False
            closed = connection.execute(
                sql_of["remind"], {"notice_id": notice_id, "at": at}
            ).fetchone()
            again = connection.execute(
                sql_of["raise_again"], {**(closed or {}), "at": at}
            ).fetchone()
            notice_id = (again or {})["notice_id"]
        user_id = ensure_user(connection, operator)
        connection.execute(
            statements("outbox")["queue_for_user"],
            {"report_id": None, "notice_id": notice_id, "user_id": user_id},
        )
    return True


def resolve_notices(connection: Connection, *topics: str, at: datetime) -> list[str]:
    """Close the notices of troubles that are over, without a word; return those there were."""
    rows = connection.execute(
        statements(_SQL)["resolve_notices"], {"topics": list(topics), "at": at}
    )
    return sorted(row["topic"] for row in rows)


def resolve_unwritten(connection: Connection, topic: str, *, at: datetime) -> None:
    """Close the notice that messages cannot be written, if none is left that waits and cannot."""
    connection.execute(statements(_SQL)["resolve_unwritten"], {"topic": topic, "at": at})


def list_notices(
    connection: Connection, *, with_resolved: bool, since: datetime | None = None, most: int
) -> list[KnownNotice]:
    """Return the notices that are open, or all, the newest first.

    Args:
        connection: Where notices are.
        with_resolved: Those that are over too.
        since: Only those whose trouble was last seen then or later; None for any.
        most: At most so many.
    """
    rows = connection.execute(
        statements(_SQL)["list_notices"], {"all": with_resolved, "since": since, "most": most}
    )
    return [KnownNotice(**row) for row in rows]
