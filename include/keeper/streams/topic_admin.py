"""Making topics, growing them and asking how they are set; brokers make none by themselves."""

from datetime import timedelta
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, without an __all__
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)
from confluent_kafka.cimpl import NewPartitions, NewTopic

from keeper.errors import TerminalError, TransientError
from keeper.streams.topics import (
    CONTROL_TOPICS,
    DATA_TOPICS,
    KEEPER_GROUPS,
    MAX_DEAD_LETTER_BYTES,
    is_dead_letter_topic,
)

PARTITIONS: Final = 6
TOPIC_CONFIG: Final = {
    "compression.type": "zstd",
    "retention.ms": str(168 * 3_600_000),
    # Retention counts from publishing, whatever time a client puts on a message.
    "message.timestamp.type": "LogAppendTime",
}
_OFFSETS_KEPT: Final = timedelta(days=7)
_DATA_CONFIG: Final = {"retention.bytes": str(2 * 1024**3)}
"""By partition: a first check of many thousand products fills no disk for a week. What is removed
before it was read is counted, and `keeper lake replay` brings it back."""
_ALONE_CONFIG: Final = {"flush.messages": "1"}
"""Where no other broker has a copy, an acknowledged message is on the disk: Kafka leaves it to the
operating system otherwise, and a machine that loses its power loses it."""
_CONTROL_CONFIG: Final = {
    "retention.ms": str(24 * 3_600_000),
    # Only whole segments are removed, and a topic this quiet would never fill one.
    "segment.ms": str(3_600_000),
}
"""An event of yesterday says nothing that today's stores do not."""


class PartitionsRefusedError(TerminalError):
    """A topic cannot have this number of partitions."""


def settings_of(admin: AdminClient, topic: str) -> dict[str, str]:
    """Return the settings of a topic that are its own, not the broker's defaults.

    Raises:
        TransientError: Kafka did not answer.
    """
    resource = ConfigResource(ResourceType.TOPIC, topic)
    try:
        entries = admin.describe_configs([resource])[resource].result(timeout=30)
    except (KafkaException, TimeoutError) as error:
        raise TransientError(f"Kafka did not return the settings of {topic}: {error}") from error
    own = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    return {name: entry.value for name, entry in sorted(entries.items()) if entry.source == own}


def offsets_kept_for(admin: AdminClient) -> timedelta:
    """Return for how long the brokers keep the offsets of a group without members.

    A broker that does not say is taken to do as Kafka does by default.

    Raises:
        TransientError: Kafka does not answer.
    """
    try:
        brokers = admin.list_topics(timeout=10).brokers
        resources = [ConfigResource(ResourceType.BROKER, str(broker)) for broker in brokers]
        futures = admin.describe_configs(resources)
        minutes = [
            int(future.result(timeout=30)["offsets.retention.minutes"].value)
            for future in futures.values()
        ]
    except KafkaException as error:
        if error.args[0].code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            return _OFFSETS_KEPT
        raise TransientError(f"Kafka did not return its settings: {error}") from error
    except TimeoutError as error:
        raise TransientError("Kafka did not return its settings in time") from error
    except KeyError:
        return _OFFSETS_KEPT
    return min((timedelta(minutes=one) for one in minutes), default=_OFFSETS_KEPT)


def existing_topics(admin: AdminClient, *, timeout_s: float = 10) -> tuple[int, set[str]]:
    """Return how many brokers there are, and the names of the topics.

    Raises:
        TransientError: Kafka does not answer.
    """
    try:
        found = admin.list_topics(timeout=timeout_s)
    except KafkaException as error:
        raise TransientError(
            f"Kafka does not answer ({error.args[0].str()}); check that it runs and "
            "KAFKA_BOOTSTRAP_SERVERS"
        ) from error
    return len(found.brokers), set(found.topics)


def make_topics(
    admin: AdminClient,
    topics: tuple[str, ...],
    *,
    partitions: int = PARTITIONS,
    replication: int = 1,
    timeout_s: float = 30,
) -> list[str]:
    """Make the topics that are missing and return their names; existing ones are left as they are.

    Raises:
        TransientError: Kafka did not answer or refused.
    """
    wanted = [
        NewTopic(
            topic,
            # So few events keep their order in one.
            num_partitions=1 if topic in (*CONTROL_TOPICS, KEEPER_GROUPS) else partitions,
            replication_factor=replication,
            config=_config_of(topic, is_alone=replication == 1),
        )
        for topic in topics
    ]
    # Asked first because it fails within seconds and says whether Kafka is there at all.
    existing_topics(admin, timeout_s=min(timeout_s, 10))
    made = []
    futures = admin.create_topics(wanted, operation_timeout=timeout_s, request_timeout=timeout_s)
    for topic, future in futures.items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TransientError(f"Kafka could not make topic {topic}: {error}") from error
        else:
            made.append(topic)
    return made


def grow_topic(admin: AdminClient, topic: str, partitions: int, *, timeout_s: float = 30) -> None:
    """Give a topic more partitions; its keys are spread anew over all of them.

    Args:
        admin: Kafka.
        topic: One that there is.
        partitions: How many it shall have, more than it has.
        timeout_s: How long Kafka may take.

    Raises:
        PartitionsRefusedError: Kafka does not take so many.
        TransientError: Kafka did not answer.
    """
    (future,) = admin.create_partitions(
        [NewPartitions(topic, partitions)], operation_timeout=timeout_s, request_timeout=timeout_s
    ).values()
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.INVALID_PARTITIONS:
            raise PartitionsRefusedError(f"{topic}: {error.args[0].str()}") from error
        raise TransientError(f"Kafka could not grow {topic}: {error}") from error


def complete_settings(admin: AdminClient, topics: tuple[str, ...]) -> list[str]:
    """Give topics of an earlier version the settings they lack; those somebody chose stay.

    Returns:
        What was set, as `topic: name=value`.

    Raises:
        TransientError: Kafka did not answer or refused.
    """
    found = admin.list_topics(timeout=30).topics
    done = []
    # One that another migration makes at this moment has them.
    for topic in sorted(found.keys() & topics):
        replicas = [len(one.replicas) for one in found[topic].partitions.values()]
        wanted = _config_of(topic, is_alone=max(replicas, default=1) == 1)
        missing = {
            name: wanted[name]
            for name in (*_DATA_CONFIG, *_ALONE_CONFIG)
            if name in wanted and name not in settings_of(admin, topic)
        }
        if missing:
            _set(admin, topic, missing)
            done += [f"{topic}: {name}={value}" for name, value in missing.items()]
    return done


def _set(admin: AdminClient, topic: str, settings: dict[str, str]) -> None:
    resource = ConfigResource(
        ResourceType.TOPIC,
        topic,
        incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in settings.items()
        ],
    )
    try:
        admin.incremental_alter_configs([resource])[resource].result(timeout=30)
    except (KafkaException, TimeoutError) as error:
        raise TransientError(f"Kafka did not take the settings of {topic}: {error}") from error


def _config_of(topic: str, *, is_alone: bool) -> dict[str, str]:
    config = dict(TOPIC_CONFIG)
    if topic in DATA_TOPICS:
        config |= _DATA_CONFIG
    if is_alone and topic not in CONTROL_TOPICS:
        config |= _ALONE_CONFIG
    if is_dead_letter_topic(topic):
        config["max.message.bytes"] = str(MAX_DEAD_LETTER_BYTES)
    if topic in CONTROL_TOPICS:
        config |= _CONTROL_CONFIG
    if topic == KEEPER_GROUPS:
        config |= {"cleanup.policy": "compact", "retention.ms": "-1"}
    return config
