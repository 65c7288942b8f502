"""What a commit has changed, as PostgreSQL notifies it and as `keeper-changes` carries it on."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class ChangeKind(StrEnum):
    """What a message of `keeper-changes` is about; the ids are of these.

    PRODUCT: `locale/ASIN`: its prices, statistics, title or picture. WATCH, ALERT, DEAL: the number
    of the user it belongs to, a colon and its own. ACCESS: who may do what; no ids. ANYTHING:
    something may have been missed, of any kind. HEARTBEAT: all before has been published.
    """

    PRODUCT = "product"
    WATCH = "watch"
    ALERT = "alert"
    DEAL = "deal"
    ACCESS = "access"
    ANYTHING = "anything"
    HEARTBEAT = "heartbeat"

    @property
    def is_owned(self) -> bool:
        """Whether its ids begin with the number of the only user they concern."""
        return self in (ChangeKind.WATCH, ChangeKind.ALERT, ChangeKind.DEAL)


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of `keeper-changes`.

    It says what to read again, never what is there now: one that comes twice or late does no harm.

    Attributes:
        kind: What it is about.
        published_at: When; of a heartbeat, when it set out.
        ids: What has changed; None for everything of the kind.
    """

    kind: ChangeKind
    published_at: datetime
    ids: tuple[str, ...] | None = None


SERIES: Final = "series"
"""The kind of notification that names price series, whose products the relay looks up."""


class Notification(msgspec.Struct, frozen=True, gc=False):
    """What PostgreSQL notifies: a kind, and ids of what has changed; None for everything of it."""

    kind: str
    ids: tuple[str, ...] | None

    @classmethod
    def from_payload(cls, payload: str) -> "Notification":
        """Read a payload as sql/migrations/0020_change_notifications.sql writes it."""
        kind, *ids = payload.split()
        return cls(kind, None if ids == ["*"] else tuple(ids))


def merged(notifications: Iterable[Notification]) -> dict[str, frozenset[str] | None]:
    """Return, by kind, all ids that notifications name; None where one names everything."""
    found: dict[str, frozenset[str] | None] = {}
    for one in notifications:
        before = found.get(one.kind, frozenset())
        everything = before is None or one.ids is None
        found[one.kind] = None if everything else frozenset((*(before or ()), *(one.ids or ())))
    return found
