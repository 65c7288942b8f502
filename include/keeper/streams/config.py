"""Where Kafka is and how Keeper's clients speak to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka.admin import AdminClient

ClientSetting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Brokers, and client settings (security, say) that every client gets unchanged."""

    bootstrap_servers: str
    client: Mapping[str, str] = field(default_factory=dict)

    def for_client(self, settings: Mapping[str, ClientSetting]) -> dict[str, ClientSetting]:
        """Return the configuration of one client: the brokers, the shared settings, its own."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "log.connection.close": False,
            **self.client,
            **settings,
        }

    def admin(self) -> AdminClient:
        """Return an admin client."""
        return AdminClient(self.for_client({"socket.timeout.ms": 10_000}))
