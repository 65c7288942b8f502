"""Where a process shows its numbers to Prometheus."""

from pydantic import Field

from keeper.settings.group import HostAndPort, SettingsGroup, split_address


class MetricsSettings(SettingsGroup):
    """Where a worker shows its numbers, nowhere if not set, and how often stores are asked."""

    listen: HostAndPort | None = Field(default=None, validation_alias="KEEPER_METRICS_LISTEN")
    every_s: float = Field(default=30, ge=1, le=3_600, validation_alias="KEEPER_METRICS_EVERY_S")

    @property
    def host_and_port(self) -> tuple[str, int] | None:
        """Where it listens, if it does."""
        return None if self.listen is None else split_address(self.listen)
