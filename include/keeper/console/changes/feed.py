"""A thread that reads `keeper-changes` for the cache and the live feeds."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from keeper.errors import TransientError
from keeper.streams.changes.subscriber import ChangeSubscriber, NumberedChange

_LOG: Final = logging.getLogger(__name__)
_TURN_S: Final = 0.5
_PAUSE_S: Final = 1.0


class ChangeListener(Protocol):
    """Who wants to know of changes; called by the feed's thread, in order."""

    def receive(self, changes: Sequence[NumberedChange]) -> None:
        """Take changes that have come."""

    def begin(self, end: int) -> None:
        """Take it that changes come from now on, first some of before the offset `end` again."""

    def lose_place(self) -> None:
        """Take it that changes are missed from now on."""

    def turn(self) -> None:
        """Do what is due now and then, about twice a second."""


class ChangeFeed:
    """Reads changes and passes them on, for as long as it is open; Kafka may be away meanwhile."""

    def __init__(
        self, make_subscriber: Callable[[], ChangeSubscriber], listeners: Sequence[ChangeListener]
    ) -> None:
        """Begin with `start`.

        Args:
            make_subscriber: Makes a new reader of the topic.
            listeners: Who gets the changes.
        """
        self._make_subscriber = make_subscriber
        self._listeners = listeners
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a second; a Kafka that does not answer is not waited for."""
        self._stopping.set()
        self._thread.join(_TURN_S * 2)

    def _run(self) -> None:
        failed = ""
        while not self._stopping.is_set():
            subscriber = self._make_subscriber()
            try:
                end = subscriber.begin()
                for listener in self._listeners:
                    listener.begin(end)
                failed = ""
                while not self._stopping.is_set():
                    self._pass_on(subscriber)
            except TransientError as error:
                if self._stopping.is_set():
                    return
                if str(error) != failed:
                    _LOG.warning("%s; again in %g s", error, _PAUSE_S)
                failed = str(error)
                self._lose_place()
                self._stopping.wait(_PAUSE_S)
            finally:
                subscriber.close()

    def _pass_on(self, subscriber: ChangeSubscriber) -> None:
        since = time.monotonic()
        while not self._stopping.is_set() and time.monotonic() < since + _TURN_S:
            if changes := subscriber.receive(_TURN_S):
                for listener in self._listeners:
                    listener.receive(changes)
        for listener in self._listeners:
            listener.turn()

    def _lose_place(self) -> None:
        for listener in self._listeners:
            listener.lose_place()
