"""Where Kafka is and how Keeper's clients speak to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka.admin import AdminClient

ClientSetting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Brokers, and client settings (security, say) that every client gets unchanged.

    They may hold a password and are left out of the repr.
    """

    bootstrap_servers: str
    client: Mapping[str, str] = field(default_factory=dict, repr=False)

    def for_client(self, settings: Mapping[str, ClientSetting]) -> dict[str, ClientSetting]:
        """Return the configuration of one client: the brokers, the shared settings, its own."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "log.connection.close": False,
            # Starting over from the bootstrap list resets the back-off: while Kafka is away a
            # client would try, and log, twenty times a second.
            "metadata.recovery.strategy": "none",
            "reconnect.backoff.max.ms": 5_000,
            **self.client,
            **settings,
        }

    def admin(self) -> AdminClient:
        """Return an admin client; what goes wrong is told by its errors alone, not on stderr."""
        return AdminClient(self.for_client({"socket.timeout.ms": 10_000, "log_level": 0}))
