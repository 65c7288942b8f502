"""Where Kafka is and how Keeper signs in."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from keeper.settings.group import SettingsGroup


class KafkaSettings(SettingsGroup):
    """Kafka's brokers, and the login they ask for."""

    bootstrap_servers: str = Field(
        default="localhost:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS"
    )
    user: str | None = Field(default=None, validation_alias="KEEPER_KAFKA_USER")
    password: SecretStr | None = Field(default=None, validation_alias="KEEPER_KAFKA_PASSWORD")
    mechanism: str = Field(
        default="PLAIN",
        pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$",
        validation_alias="KEEPER_KAFKA_MECHANISM",
    )
    tls: bool = Field(default=False, validation_alias="KEEPER_KAFKA_TLS")

    @field_validator("bootstrap_servers")
    @classmethod
    def _broker_list(cls, value: str) -> str:
        for broker in value.split(","):
            host, _, port = broker.strip().rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"must be host:port[,host:port…], not {value!r}")
        return value

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError(
                "KEEPER_KAFKA_USER and KEEPER_KAFKA_PASSWORD belong together; set both or neither"
            )
        return self

    @property
    def client_options(self) -> dict[str, str]:
        """What Kafka's clients need beside the brokers; it may hold a password."""
        layers = ("SASL_" if self.password else "", "SSL" if self.tls else "PLAINTEXT")
        protocol = {"security.protocol": "".join(layers)}
        if self.password is None or self.user is None:
            return protocol if self.tls else {}
        return protocol | {
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.user,
            "sasl.password": self.password.get_secret_value(),
        }
