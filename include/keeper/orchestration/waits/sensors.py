"""Sensors of Keeper's own."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseSensorOperator, Context

from keeper.errors import TerminalError
from keeper.orchestration.airflow.operators import KeeperTask
from keeper.orchestration.triggers import GroupReachedTrigger


class GroupBehindError(TerminalError):
    """A consumer group did not get through the run's messages in time."""


class _GroupSensor(BaseSensorOperator):
    """Waits, deferred, until a consumer group has committed what this run published.

    Args:
        topic: The topic.
        group: The consumer group.
        published: What the publish tasks returned: mappings with `offsets`, by topic and partition
            the offset to reach. Missing ones (a failed batch) are passed over.
        worker: The command that runs the group's consumer, for the error's remedy.
        timeout_s: How long to wait.
    """

    template_fields: Sequence[str] = ("topic", "group", "published")

    def __init__(
        self,
        *,
        topic: str,
        group: str,
        published: Any,
        worker: str,
        timeout_s: float,
        **kwargs: Any,
    ) -> None:
        """Prepare; see the class."""
        super().__init__(**kwargs)
        self.topic = topic
        self.group = group
        self.published = published
        self.worker = worker
        self.timeout_s = timeout_s

    def execute(self, context: Context) -> None:
        """Defer to the trigger, or return at once when nothing was published."""
        offsets = highest_offsets(self.published or (), self.topic)
        if not offsets:
            self.log.info("Nothing was published; there is nothing to wait for")
            return
        self.defer(
            trigger=GroupReachedTrigger(
                self.topic, self.group, offsets, deadline=time.time() + self.timeout_s
            ),
            method_name="resume",
        )

    def resume(self, context: Context, event: Mapping[str, Any]) -> None:
        """Evaluate what the trigger found.

        Raises:
            GroupBehindError: The group is not there; says by how many messages.
        """
        if event["reached"]:
            self.log.info("%s has everything this run published", self.group)
            return
        raise GroupBehindError(
            event["problem"]
            or f"{self.group} is {sum(event['lag'].values())} messages behind this run after "
            f"{self.timeout_s:.0f} s (by partition: {event['lag']}); check that "
            f"`{self.worker}` runs and what its log says"
        )


class WaitForGroup(KeeperTask, _GroupSensor):
    """The wait as a task of Keeper's; see _GroupSensor for its arguments."""


def highest_offsets(
    published: Mapping[str, Any] | Iterable[Mapping[str, Any] | None], topic: str
) -> dict[str, int]:
    """Return, by partition, the highest offset of a topic that any of the publish results names.

    Args:
        published: The results; a bare one too, because Airflow gives the result of a task mapped
            over one item without a list around it.
        topic: The topic.
    """
    results = [published] if isinstance(published, Mapping) else published
    highest: dict[str, int] = {}
    for result in results:
        for partition, offset in (((result or {}).get("offsets") or {}).get(topic) or {}).items():
            key = str(partition)
            highest[key] = max(highest.get(key, 0), int(offset))
    return highest
