"""The trigger behind DAGs that run when something happens in Keeper.

It is the Kafka provider's shared-stream trigger, with a consumer of its own: the provider's takes
its settings from a connection of its own, hands on every message by itself, fails when more than
1,024 of them wait, and when Kafka is away for a moment. Here all that wait come as one event,
events keep a distance, and what Kafka lacks is waited for.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Hashable, Sequence
from typing import Any, Final

import msgspec
from airflow.providers.apache.kafka.triggers.shared_stream import KafkaSharedStreamTrigger
from airflow.sdk import Connection
from airflow.triggers.base import TriggerEvent
from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer

from keeper.domain.runs.events import HAPPENINGS
from keeper.errors import SettingsError, TransientError
from keeper.streams.events.subscriber import EventSubscriber, PendingEvents
from keeper.streams.topics import EVENTS_GROUP, KEEPER_EVENTS

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT_S: Final = 1.0
_RETRY_S: Final = 10.0


class KeeperEventsTrigger(KafkaSharedStreamTrigger):
    """Fires when events of some kinds were published, however many, not more often than it may.

    The event is `{"counts": {kind: events}, "newest": …}`; it says that there is something to look
    for, not what is so.
    """

    def __init__(
        self,
        *,
        kinds: Sequence[str],
        apart_s: float = 10.0,
        topic: str = KEEPER_EVENTS,
        group: str = EVENTS_GROUP,
    ) -> None:
        """Wait for events.

        Args:
            kinds: Event types that matter.
            apart_s: Least seconds between two firings; what comes meanwhile is one event.
            topic: The topic.
            group: Under which name the events that were answered are remembered.

        Raises:
            SettingsError: There is no such event type.
        """
        super().__init__(topics=[topic])
        if unknown := set(kinds) - HAPPENINGS:
            raise SettingsError(f"there are no events of type {', '.join(sorted(unknown))}")
        self.kinds = sorted(kinds)
        self.apart_s = apart_s
        self.topic = topic
        self.group = group

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments, which hold no secret."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "kinds": self.kinds,
                "apart_s": self.apart_s,
                "topic": self.topic,
                "group": self.group,
            },
        )

    def shared_stream_key(self) -> Hashable:
        """Return what triggers that listen together have in common; their kinds may differ."""
        return "keeper-events", self.topic, self.group, self.apart_s

    @classmethod
    def create_shared_stream_producer(  # type: ignore[override]  # another consumer is the point
        cls, kwargs: dict[str, Any]
    ) -> SharedStreamProducer:
        """Return what listens for all triggers with the same key."""
        return _EventStream(kwargs["topic"], kwargs["group"], kwargs["apart_s"])

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[PendingEvents]
    ) -> AsyncIterator[TriggerEvent]:
        """Fire once for pending events with one of the wanted kinds among them."""
        async for events in shared_stream:
            counts = {kind: n for kind, n in events.counts.items() if kind in self.kinds}
            if counts:
                newest = msgspec.to_builtins(events.newest)
                yield TriggerEvent({"counts": counts, "newest": newest})


class _EventStream(SharedStreamProducer):
    """Listens in threads, so that a slow broker does not hold up other triggers."""

    def __init__(self, topic: str, group: str, apart_s: float) -> None:
        self._topic = topic
        self._group = group
        self._apart_s = apart_s
        self._listener: EventSubscriber | None = None

    async def open_stream(self) -> AsyncIterator[tuple[PendingEvents, PendingEvents]]:
        """Yield pending events for ever."""
        # Heavy, and a DAG file that names the trigger does not need it.
        from keeper.orchestration.airflow.connections import KAFKA_CONN, kafka_config

        kafka = kafka_config(await Connection.async_get(KAFKA_CONN))
        self._listener = listener = EventSubscriber(kafka, topic=self._topic, group=self._group)
        problem = ""
        while True:
            try:
                events = await asyncio.to_thread(listener.listen, _TIMEOUT_S)
            except TransientError as error:
                if str(error) != problem:
                    problem = str(error)
                    _LOG.warning("%s; trying again every %.0f s", problem, _RETRY_S)
                await asyncio.sleep(_RETRY_S)
                continue
            problem = ""
            if events is not None:
                yield events, events
                await asyncio.sleep(self._apart_s)

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Commit what Airflow has recorded; go back to what it has not, or nobody received."""
        if self._listener is None:
            return
        for item in batch:
            events, outcome = item.broker_payload, item.outcome
            if outcome.failed or not outcome.acked:
                await asyncio.to_thread(self._listener.receive_again, events)
                return
            try:
                await asyncio.to_thread(self._listener.commit, events)
            except TransientError as error:
                _LOG.warning("%s; these events may come again", error)

    async def aclose(self) -> None:
        """Close the consumer."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            await asyncio.to_thread(listener.close)
