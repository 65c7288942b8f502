"""A hub of live events in a loop of its own, and changes and people for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from keeper.console.live.hub import LiveHub, Subscription
from keeper.domain.changes import Change, ChangeKind
from keeper.domain.users.access import Account, Identity, Role, Scope
from keeper.pipeline.watches.live import Viewer
from keeper.streams.changes.subscriber import NumberedChange

AT = datetime(2026, 3, 1, tzinfo=UTC)


def viewer(
    user_id: int = 1,
    *products: str,
    role: Role = Role.READER,
    scopes: frozenset[Scope] | None = None,
) -> Viewer:
    identity = Identity(Account(user_id, "x@example.org", role), scopes=scopes)
    return Viewer(identity, None if role is Role.OPERATOR else frozenset(products))


def change(offset: int, kind: ChangeKind, *ids: str) -> NumberedChange:
    return NumberedChange(offset, Change(kind=kind, published_at=AT, ids=ids or None))


def in_loop(work: Callable[[LiveHub], Awaitable[None]]) -> None:
    async def run() -> None:
        hub = LiveHub(pause_s=0)
        hub.attach()
        await work(hub)

    asyncio.run(run())


async def feed(hub: LiveHub, *changes: NumberedChange) -> None:
    hub.receive(changes)
    # What was called from a thread comes first.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def join(hub: LiveHub, who: Viewer, after: int | None = None) -> Subscription:
    async def look() -> Viewer:
        return who

    return hub.subscribe(who, look, after)


def sent(subscription: Subscription) -> list[tuple[int, str, tuple[str, ...] | None]]:
    found = [(one.position, one.name, one.ids) for one in subscription.waiting]
    subscription.waiting.clear()
    return found


class Looks:
    """Look-ups that a test answers, in the order in which they began."""

    def __init__(self) -> None:
        self.begun: list[asyncio.Future[Viewer | None]] = []

    async def __call__(self) -> Viewer | None:
        answer: asyncio.Future[Viewer | None] = asyncio.get_running_loop().create_future()
        self.begun.append(answer)
        return await answer

    async def answer(self, number: int, found: Viewer | Exception | None) -> None:
        if isinstance(found, Exception):
            self.begun[number].set_exception(found)
        else:
            self.begun[number].set_result(found)
        await turn()


async def turn() -> None:
    """Let the loop do all that is due."""
    for _ in range(10):
        await asyncio.sleep(0)
