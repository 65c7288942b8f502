"""Waiting without a worker."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk import Connection
from airflow.triggers.base import BaseTrigger, TriggerEvent

from keeper.errors import TransientError
from keeper.orchestration.airflow.connections import KAFKA_CONN, kafka_config
from keeper.streams.groups.progress import GroupProgress


class GroupReachedTrigger(BaseTrigger):
    """Fires once a consumer group has committed the given offsets, or the time is up.

    The event is `{"reached": bool, "lag": {partition: messages}, "problem": str | None}`. Offsets
    are asked for in a thread, so that a slow broker does not hold up other triggers.
    """

    def __init__(
        self,
        topic: str,
        group: str,
        offsets: dict[str, int],
        deadline: float,
        poll_interval_s: float = 1.0,
    ) -> None:
        """Wait for `offsets` (partition to offset) until `deadline`, in seconds since the epoch."""
        super().__init__()  # type: ignore[no-untyped-call]  # BaseTrigger is not annotated
        self.topic = topic
        self.group = group
        self.offsets = offsets
        self.deadline = deadline
        self.poll_interval_s = poll_interval_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments, which hold no secret."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "topic": self.topic,
                "group": self.group,
                "offsets": self.offsets,
                "deadline": self.deadline,
                "poll_interval_s": self.poll_interval_s,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until the group is there or the deadline has passed."""
        kafka = kafka_config(await Connection.async_get(KAFKA_CONN))
        progress = GroupProgress(kafka, topic=self.topic, group=self.group)
        try:
            yield await self._outcome(progress)
        finally:
            await asyncio.to_thread(progress.close)

    async def _outcome(self, progress: GroupProgress) -> TriggerEvent:
        wanted = {int(partition): offset for partition, offset in self.offsets.items()}
        lag = wanted
        while True:
            problem = None
            try:
                lag = await asyncio.to_thread(progress.lag_behind, wanted)
            except TransientError as error:
                problem = str(error)
            reached = problem is None and not lag
            if reached or time.time() >= self.deadline:
                behind = {str(partition): count for partition, count in lag.items()}
                return TriggerEvent({"reached": reached, "lag": behind, "problem": problem})
            await asyncio.sleep(self.poll_interval_s)


class TokensRefilledTrigger(BaseTrigger):
    """Fires when Keepa's tokens should be back; asks nobody.

    The moment comes from the durations Keepa reports and this machine's clock: Keepa's own may be
    hours off.
    """

    def __init__(self, until: float) -> None:
        """Wait until `until`, in seconds since the epoch."""
        super().__init__()  # type: ignore[no-untyped-call]  # BaseTrigger is not annotated
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep until the moment; after a restart of the triggerer only what is left of it."""
        started = time.time()
        await asyncio.sleep(max(self.until - started, 0.0))
        yield TriggerEvent({"waited_s": time.time() - started})
