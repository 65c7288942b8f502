"""Where Kafka is and how Keeper's clients speak to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka.admin import AdminClient

ClientSetting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Where the brokers are, and what Keeper's clients have in common.

    Attributes:
        bootstrap_servers: `host:port`, several separated by commas.
        client: Settings (security, say) that every client gets unchanged. They may hold a password
            and are left out of the repr.
        session_timeout_ms: After how long without a heartbeat Kafka gives a consumer's partitions
            to another member of its group. Brokers allow no less than 6,000 by default.
    """

    bootstrap_servers: str
    client: Mapping[str, str] = field(default_factory=dict, repr=False)
    session_timeout_ms: int = 15_000

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
        """Return an admin client; its errors alone say what goes wrong, not on stderr."""
        return AdminClient(self.for_client({"socket.timeout.ms": 10_000, "log_level": 0}))
