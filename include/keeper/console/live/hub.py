"""The hub of live events: changes come in from one thread and go out to many connections.

After a change of who may see what, a subscription is in doubt: nothing is sent to it until the
database has been asked again, and then what came meanwhile is sent by the new view. The hub's
memory of the latest changes is the queue, so that a subscription in doubt costs one number.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Final, NamedTuple

from keeper.console.live.events import RESET, LiveEvent, altered_views, event_for
from keeper.domain.changes import ChangeKind
from keeper.errors import KeeperError
from keeper.pipeline.watches.live import Viewer
from keeper.streams.changes.subscriber import NumberedChange

_LOG: Final = logging.getLogger(__name__)
_NOWHERE: Final = -1
_LOST: Final = -2
"""Before all that is remembered, in whichever topic."""
_REMEMBERED: Final = 10_000
STALLED_S: Final = 20.0
"""Who takes nothing for so long is dropped."""
_MOST_WAITING: Final = 500
"""More than so many events nobody is owed: who reads so slowly is dropped, and may resume."""
_LOOKS_AT_ONCE: Final = 4
"""Less than half of the database's threads: the others answer requests meanwhile."""
_PAUSE_S: Final = 1.0
"""So long a look-up that failed is not repeated."""


class Mark(NamedTuple):
    """A moment in the stream of changes.

    Attributes:
        topic: How many topics there were before.
        position: The offset of the latest change.
    """

    topic: int
    position: int


@dataclass(eq=False, slots=True)
class Subscription:
    """A connection that is sent what its user may see.

    Attributes:
        viewer: Who it is, and what they may see.
        look: Reads that again; None if they may see nothing any more. Raises KeeperError while
            nobody can say.
        place: Where who has only been greeted goes on from.
        held_after: After which offset nothing is sent, since the view is in doubt; None if not.
        is_looked_at: Whether a look-up is under way; there is one at a time.
        again_after: From which offset on that look-up is too old already; None if it is not.
        waiting: What is still to be sent.
        has_ended: Whether nothing comes any more.
    """

    viewer: Viewer
    look: Callable[[], Awaitable[Viewer | None]]
    place: int = _NOWHERE
    held_after: int | None = None
    is_looked_at: bool = False
    again_after: int | None = None
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

    def __init__(self, *, pause_s: float = _PAUSE_S) -> None:
        """Begin without anybody.

        Args:
            pause_s: How long a look-up that failed is not repeated.
        """
        self._pause_s = pause_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: set[Subscription] = set()
        self._recent: deque[NumberedChange] = deque()
        self._known_after = _NOWHERE
        self._position = _NOWHERE
        self._topic = 0
        # In the order in which they came into doubt.
        self._doubted: dict[Subscription, None] = {}
        self._looking = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self) -> None:
        """Belong to the loop that runs."""
        self._loop = asyncio.get_running_loop()

    @property
    def mark(self) -> Mark:
        """The moment before a look-up, for `is_altered` and `subscribe`."""
        return Mark(self._topic, self._position)

    def is_altered(self, viewer: Viewer, since: Mark) -> bool:
        """Return whether what somebody may see may have changed since a moment."""
        if since.topic != self._topic or since.position < self._known_after:
            return True
        return any(_alters(one, viewer) for one in self._after(since.position))

    def subscribe(
        self,
        viewer: Viewer,
        look: Callable[[], Awaitable[Viewer | None]],
        after: int | None,
        since: Mark | None = None,
    ) -> Subscription:
        """Return a new subscription, with what came after a position already waiting.

        If not all of that is remembered, a reset waits instead.

        Args:
            viewer: Who, and what they may see.
            look: Reads that again, as `Subscription.look`.
            after: Where to go on after; None for what comes from now on.
            since: The moment before the viewer was looked up; in doubt if that is too old.
        """
        begins_at = self._position if after is None else after
        subscription = Subscription(viewer, look, begins_at, held_after=begins_at)
        self._subscriptions.add(subscription)
        if since is not None and self.is_altered(viewer, since):
            self._doubt(subscription, begins_at)
            return subscription
        self._release(subscription)
        if not subscription.waiting:
            # Nothing of before is owed, and less has to be remembered for who comes again.
            subscription.place = self._position
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Send a subscription nothing any more."""
        self._subscriptions.discard(subscription)
        self._doubted.pop(subscription, None)

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
            self._topic += 1
            for subscription in self._subscriptions:
                if subscription.held_after is not None:
                    # Its offsets are of the topic before.
                    subscription.held_after = _LOST
                    subscription.again_after = _LOST if subscription.is_looked_at else None
            self._send_reset(_NOWHERE)

    def _receive(self, changes: Sequence[NumberedChange], first: int, last: int) -> None:
        if last <= self._position:
            return
        if first > self._position + 1:
            self._recent.clear()
            self._known_after = first - 1
            if self._position > _NOWHERE:
                self._send_reset(self._known_after)
            else:
                self._move_beginners()
        new = [one for one in changes if one.offset > self._position]
        self._position = last
        for one in new:
            self._recent.append(one)
            if len(self._recent) > _REMEMBERED:
                self._known_after = self._recent.popleft().offset
            self._send(one)

    def _send(self, numbered: NumberedChange) -> None:
        for subscription in self._subscriptions:
            is_held = subscription.held_after is not None
            if not is_held and (event := event_for(subscription.viewer, numbered)):
                subscription.send(event)
        users = altered_views(numbered.change)
        if users is None or users:
            for subscription in self._subscriptions:
                if users is None or _user(subscription.viewer) in users:
                    self._doubt(subscription, numbered.offset)

    def _send_reset(self, goes_on_after: int) -> None:
        """Send a reset to all: what was missed may have been a change of who may see what."""
        for subscription in self._subscriptions:
            if subscription.held_after is None:
                subscription.send(LiveEvent(self._position, RESET, None))
            self._doubt(subscription, goes_on_after)

    def _move_beginners(self) -> None:
        """Owe those in doubt who began before the first change nothing of before it."""
        for subscription in self._subscriptions:
            if subscription.held_after == _NOWHERE:
                subscription.held_after = self._known_after

    def _doubt(self, subscription: Subscription, after: int) -> None:
        """Hold what comes after an offset until its viewer was looked up from now on."""
        if subscription.has_ended:
            return
        if subscription.held_after is None:
            subscription.held_after = after
        if subscription.is_looked_at:
            if subscription.again_after is None:
                subscription.again_after = after
            return
        self._doubted[subscription] = None
        if self._looking < _LOOKS_AT_ONCE:
            self._looking += 1
            task = asyncio.get_running_loop().create_task(self._look_up_doubted())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look_up_doubted(self) -> None:
        try:
            while self._doubted:
                subscription = next(iter(self._doubted))
                del self._doubted[subscription]
                if not await self._look_up(subscription):
                    await asyncio.sleep(self._pause_s)
        finally:
            self._looking -= 1

    async def _look_up(self, subscription: Subscription) -> bool:
        """Look a viewer up and send what was held; return False if nobody can say."""
        subscription.again_after = None
        subscription.is_looked_at = True
        is_known, viewer = True, None
        try:
            viewer = await subscription.look()
        except KeeperError:
            is_known = False
        except Exception:  # noqa: BLE001 - one that fails must not keep the others in doubt
            _LOG.exception("who watches live cannot be looked up")
        finally:
            subscription.is_looked_at = False
        if subscription not in self._subscriptions:
            return True
        if is_known and viewer is None:
            subscription.end()
            return True
        if viewer is not None:
            subscription.viewer = viewer
            self._release(subscription)
        if subscription.held_after is not None:
            self._doubted[subscription] = None
        return is_known

    def _release(self, subscription: Subscription) -> None:
        """Send what is held, up to where the latest look-up is too old; a reset if it is gone."""
        after, until = subscription.held_after, subscription.again_after
        if after is None:
            return
        subscription.held_after, subscription.again_after = until, None
        place = self._position if until is None else max(until, _NOWHERE)
        events = None
        if self._known_after <= after <= place:
            late = [one for one in self._after(after) if one.offset <= place]
            events = [event for one in late if (event := event_for(subscription.viewer, one))]
        if events is None or len(subscription.waiting) + len(events) >= _MOST_WAITING:
            events = [LiveEvent(place, RESET, None)]
        for event in events:
            subscription.send(event)

    def _after(self, position: int) -> list[NumberedChange]:
        """Return what is remembered of after a position, in its order."""
        # From the end: the memory is long, and what is asked for mostly short.
        latest = reversed(self._recent)
        late = list(takewhile(lambda numbered: numbered.offset > position, latest))
        late.reverse()
        return late


def _user(viewer: Viewer) -> str:
    return str(viewer.identity.account.user_id)


def _alters(numbered: NumberedChange, viewer: Viewer) -> bool:
    users = altered_views(numbered.change)
    return users is None or _user(viewer) in users
