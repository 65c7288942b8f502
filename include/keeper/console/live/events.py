"""What is sent to those who watch live, and which of it somebody may see."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from keeper.domain.changes import Change, ChangeKind
from keeper.domain.users.access import Scope
from keeper.pipeline.watches.live import Viewer
from keeper.streams.changes.subscriber import NumberedChange

_SCOPES: Final = {
    ChangeKind.PRODUCT: Scope.PRICES_READ,
    ChangeKind.WATCH: Scope.WATCHES_READ,
    ChangeKind.ALERT: Scope.MESSAGES_READ,
    ChangeKind.DEAL: Scope.DEALS_READ,
}
RESET: Final = "reset"
"""Something may have been missed: read again whatever is shown."""


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """What is sent.

    Attributes:
        position: Where to go on after it; the offset of its change.
        name: Its kind.
        ids: What to read again; None for everything of the kind.
    """

    position: int
    name: str
    ids: tuple[str, ...] | None

    def as_json(self) -> str:
        """Return it in ASCII, as a program reads it."""
        return json.dumps({"event": self.name, "id": self.position, "ids": self.ids})

    def as_frame(self) -> bytes:
        """Return it as an event of a stream (SSE)."""
        data = json.dumps({"ids": self.ids})
        return f"id: {self.position}\nevent: {self.name}\ndata: {data}\n\n".encode("ascii")


def event_for(viewer: Viewer, numbered: NumberedChange) -> LiveEvent | None:
    """Return what somebody is sent of a change; None for nothing."""
    position, change = numbered
    if change.kind is ChangeKind.ANYTHING:
        return LiveEvent(position, RESET, None)
    scope = _SCOPES.get(change.kind)
    if scope is None or viewer.identity.missing([scope]):
        return None
    if change.ids is None:
        return LiveEvent(position, change.kind, None)
    choose = _owned_by if change.kind.is_owned else _watched_by
    ids = choose(viewer, change.ids)
    return LiveEvent(position, change.kind, tuple(ids)) if ids else None


def altered_views(change: Change) -> frozenset[str] | None:
    """Return the numbers of the users who may see something else from now on; None for all."""
    if change.kind in (ChangeKind.ACCESS, ChangeKind.ANYTHING):
        return None
    if change.kind is not ChangeKind.WATCH:
        return frozenset()
    return None if change.ids is None else frozenset(one.partition(":")[0] for one in change.ids)


def _owned_by(viewer: Viewer, ids: Collection[str]) -> list[str]:
    """Return the ids of what is theirs, without the owner they begin with."""
    owner = str(viewer.identity.account.user_id)
    sees_all = viewer.products is None
    parts = [one.partition(":") for one in ids]
    return [number for user, _, number in parts if sees_all or user == owner]


def _watched_by(viewer: Viewer, ids: Collection[str]) -> list[str]:
    return [one for one in ids if viewer.products is None or one in viewer.products]
