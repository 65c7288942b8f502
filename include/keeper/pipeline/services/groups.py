"""What consumer groups have lost or stopped at, in an operator's words."""

from datetime import datetime, timedelta
from typing import Final

from keeper.streams.config import KafkaConfig
from keeper.streams.groups.records import GroupRecords, Lost, Stop
from keeper.streams.topic_reader import TopicReader
from keeper.streams.topics import DEAL_UPDATES
from keeper.streams.workers import LOADERS, Store

_MARGIN: Final = timedelta(days=1)
"""A reply is received before what it says is published; a run may wait hours for tokens."""


def let_go_on(group: str) -> str:
    """Return what an operator can do about a group that has stopped."""
    return (
        f"Mend what publishes them, then: keeper topics resume {group}; or, to give up what cannot "
        f"be loaded: keeper topics resume {group} --give-up"
    )


def remedy_of(lost: Lost) -> str:
    """Return what brings back what a group has lost, one line."""
    if lost.topic == DEAL_UPDATES:
        return (
            "The next run of collect_deals brings every deal that still is one; of the others "
            "nothing is kept"
        )
    loader = next((one for one in LOADERS.values() if one.group == lost.group), None)
    if loader is not None and loader.store is Store.ELASTICSEARCH:
        return "To bring back what PostgreSQL has: keeper search reconcile prices"
    if lost.since is None:
        return (
            "From when is not known. keeper lake list says since when replies are kept; then: "
            "keeper lake replay --since WHEN"
        )
    return f"To bring it back: keeper lake replay --since {lost.since - _MARGIN:%Y-%m-%d}"


def lost_by(losses: list[Lost], group: str, topic: str) -> int:
    """Return how many messages of a topic a group has lost, as far as is known."""
    return sum(one.messages for one in losses if (one.group, one.topic) == (group, topic))


def let_group_go_on(
    kafka: KafkaConfig, stop: Stop, *, gives_up: bool, at: datetime
) -> dict[int, int]:
    """Let the workers of a group read on, within seconds.

    Args:
        kafka: Where Kafka is.
        stop: What is kept of its stop.
        gives_up: Let what is on the topic now become dead letters, however much it is.
        at: Now.

    Returns:
        By partition, up to where dead letters do not count.

    Raises:
        TransientError: Kafka does not answer.
    """
    given_up = dict(stop.given_up_until)
    if gives_up:
        with TopicReader(kafka) as reader:
            given_up = {span.partition: span.end for span in reader.spans(stop.topic)}
    resumed = Stop(group=stop.group, topic=stop.topic, at=at, given_up_until=given_up)
    GroupRecords(kafka).write([resumed])
    return given_up
