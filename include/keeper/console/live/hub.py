"""The hub of live events: changes come in from one thread and go out to many connections."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from keeper.console.live.events import RESET, LiveEvent, event_for
from keeper.domain.changes import ChangeKind
from keeper.pipeline.watches.live import Viewer
from keeper.streams.changes.subscriber import NumberedChange

_NOWHERE: Final = -1
_REMEMBERED: Final = 10_000
STALLED_S: Final = 20.0
"""Who takes nothing for so long is dropped."""
_MOST_WAITING: Final = 500
"""More than so many events nobody is owed: who reads so slowly is dropped, and may resume."""


@dataclass(eq=False, slots=True)
class Subscription:
    """A connection that is sent what its user may see.

    Attributes:
        viewer: Who it is, and what they may see.
        look: Reads that again; None if they may see nothing any more.
        waiting: What is still to be sent.
        has_ended: Whether nothing comes any more.
    """

    viewer: Viewer
    look: Callable[[], Awaitable[Viewer | None]]
    waiting: deque[LiveEvent] = field(default_factory=deque)
    has_ended: bool = False
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def next_events(self, timeout_s: float) -> list[LiveEvent]:
        """Wait for events and return all there are; none after the time, or if it has ended."""
        if not self.waiting and not self.has_ended:
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), timeout_s)
            except TimeoutError:
                return []
        events = list(self.waiting)
        self.waiting.clear()
        return events

    def is_owed(self, now: datetime) -> bool:
        """Return whether anything is still to be sent, now or later."""
        expires_at = self.viewer.identity.expires_at
        return not self.has_ended and (expires_at is None or now < expires_at)

    def send(self, event: LiveEvent) -> None:
        """Queue an event; end with one too many."""
        if len(self.waiting) >= _MOST_WAITING:
            self.end()
        elif not self.has_ended:
            self.waiting.append(event)
            self._woken.set()

    def end(self) -> None:
        """Send nothing any more, what waits neither: its position says where to resume."""
        self.waiting.clear()
        self.has_ended = True
        self._woken.set()


class LiveHub:
    """Sends each change to those who may see it, and remembers the latest for who resumes.

    All but the methods of a listener belong to the event loop.
    """

    def __init__(self) -> None:
        """Begin without anybody."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: set[Subscription] = set()
        self._recent: deque[NumberedChange] = deque()
        self._known_after = _NOWHERE
        self._position = _NOWHERE
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self) -> None:
        """Belong to the loop that runs."""
        self._loop = asyncio.get_running_loop()

    @property
    def position(self) -> int:
        """Where who begins now goes on from."""
        return self._position

    def subscribe(
        self, viewer: Viewer, look: Callable[[], Awaitable[Viewer | None]], after: int | None
    ) -> Subscription:
        """Return a new subscription, with what came after a position already waiting.

        If not all of that is remembered, a reset waits instead.
        """
        subscription = Subscription(viewer, look)
        self._subscriptions.add(subscription)
        if after is not None and not self._known_after <= after <= self._position:
            subscription.send(LiveEvent(self._position, RESET, None))
        elif after is not None:
            late = [one for one in self._recent if one.offset > after]
            events = [event for one in late if (event := event_for(viewer, one))]
            if len(events) < _MOST_WAITING:
                subscription.waiting.extend(events)
            else:
                subscription.send(LiveEvent(self._position, RESET, None))
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Send a subscription nothing any more."""
        self._subscriptions.discard(subscription)

    def begin(self, end: int) -> None:
        """Take it that changes come from a place that ends there, some of them again."""
        self._call(self._begin, end)

    def receive(self, changes: Sequence[NumberedChange]) -> None:
        """Take changes that have come."""
        # Heartbeats are most of them, and nobody is sent one.
        found = [one for one in changes if one.change.kind is not ChangeKind.HEARTBEAT]
        self._call(self._receive, found, changes[0].offset, changes[-1].offset)

    def lose_place(self) -> None:
        """Do nothing: what is missed meanwhile comes, or is seen to be missing."""

    def turn(self) -> None:
        """Do nothing."""

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _begin(self, end: int) -> None:
        if end <= self._position:
            # Another topic than before.
            self._recent.clear()
            self._known_after = self._position = _NOWHERE
            self._send_reset()

    def _receive(self, changes: Sequence[NumberedChange], first: int, last: int) -> None:
        if last <= self._position:
            return
        if first > self._position + 1:
            has_gap, self._known_after = self._position > _NOWHERE, first - 1
            self._recent.clear()
            if has_gap:
                self._send_reset()
        new = [one for one in changes if one.offset > self._position]
        self._position = last
        for one in new:
            self._recent.append(one)
            if len(self._recent) > _REMEMBERED:
                self._known_after = self._recent.popleft().offset
            self._send(one)

    def _send(self, numbered: NumberedChange) -> None:
        change = numbered.change
        if change.kind is ChangeKind.ACCESS:
            self._look_again(list(self._subscriptions))
            return
        for subscription in self._subscriptions:
            if event := event_for(subscription.viewer, numbered):
                subscription.send(event)
        if change.kind in (ChangeKind.WATCH, ChangeKind.ANYTHING):
            owners = {one.partition(":")[0] for one in change.ids or ()}
            self._look_again(
                [
                    one
                    for one in self._subscriptions
                    if change.ids is None or str(one.viewer.identity.account.user_id) in owners
                ]
            )

    def _send_reset(self) -> None:
        for subscription in self._subscriptions:
            subscription.send(LiveEvent(self._position, RESET, None))

    def _look_again(self, subscriptions: Sequence[Subscription]) -> None:
        if subscriptions:
            task = asyncio.get_running_loop().create_task(_look_at(subscriptions))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _look_at(subscriptions: Sequence[Subscription]) -> None:
    for subscription in subscriptions:
        viewer = await subscription.look()
        if viewer is None:
            subscription.end()
        else:
            subscription.viewer = viewer
