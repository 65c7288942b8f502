"""Where a process shows its numbers to Prometheus, and whom Alertmanager calls beside mail."""

from pydantic import Field

from keeper.settings.group import HostAndPort, HttpUrl, SettingsGroup, split_address


class MetricsSettings(SettingsGroup):
    """Where a worker shows its numbers, nowhere if not set, how often stores are asked, and alerts.

    The address that expects the watchdog is a secret: who knows it can say that all is well.
    """

    listen: HostAndPort | None = Field(default=None, validation_alias="KEEPER_METRICS_LISTEN")
    every_s: float = Field(default=30, ge=1, le=3_600, validation_alias="KEEPER_METRICS_EVERY_S")
    telegram_chat: int | None = Field(
        default=None, validation_alias="KEEPER_OPERATOR_TELEGRAM_CHAT"
    )
    discord: str | None = Field(default=None, validation_alias="KEEPER_OPERATOR_DISCORD")
    watchdog_url: HttpUrl | None = Field(
        default=None, repr=False, validation_alias="KEEPER_WATCHDOG_URL"
    )

    @property
    def host_and_port(self) -> tuple[str, int] | None:
        """Where it listens, if it does."""
        return None if self.listen is None else split_address(self.listen)
