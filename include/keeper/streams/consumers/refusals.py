"""What Kafka refuses a consumer, and which of it no waiting cures."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

from keeper.errors import TerminalError

_HOPELESS: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
    }
)
"""Refusals that waiting does not cure."""
_FENCED: Final = frozenset({KafkaError.FENCED_INSTANCE_ID, KafkaError._FENCED})


class InstanceTakenError(TerminalError):
    """Another worker has joined under this one's name and taken its partitions."""


class Refusals:
    """Ends a consumer whose client is of no more use, and no other."""

    def __init__(self, group: str, instance: str | None) -> None:
        """Name the group and the consumer's lasting name, if it has one."""
        self._group = group
        self._instance = instance

    def end_if_fatal(self, error: KafkaError) -> None:
        """Raise what has ended the client.

        Raises:
            InstanceTakenError: Another worker runs under the same name.
            KafkaException: The client is of no more use.
        """
        # The client names a fatal error's cause by its text alone.
        if error.code() in _FENCED or (self._instance and "group.instance.id" in error.str()):
            raise InstanceTakenError(
                f"another worker of {self._group} runs as {self._instance!r}; give each its own "
                "--instance"
            )
        if is_fatal(error):
            raise KafkaException(error)

    def end_if_hopeless(self, error: KafkaError) -> None:
        """Raise what has ended the client, and what asking again does not cure.

        Raises:
            InstanceTakenError: Another worker runs under the same name.
            KafkaException: Kafka refuses for good.
        """
        self.end_if_fatal(error)
        if error.code() in _HOPELESS:
            raise KafkaException(error)


def is_fatal(error: KafkaError) -> bool:
    """Return whether an error has ended the client."""
    return bool(error.fatal()) or error.code() == KafkaError._FATAL
