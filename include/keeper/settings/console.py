"""The console's own settings."""

from pydantic import Field, SecretStr, field_validator

from keeper.domain.users.limits import DEFAULT_LIMITS, Limit, Limits
from keeper.settings.group import SettingsGroup


class ConsoleSettings(SettingsGroup):
    """How people sign in to the console, how much each may have and do, where it keeps answers."""

    redis_url: SecretStr | None = Field(default=None, validation_alias="KEEPER_REDIS_URL")
    insecure_cookie: bool = Field(default=False, validation_alias="KEEPER_INSECURE_COOKIE")
    watches: int = Field(
        default=DEFAULT_LIMITS[Limit.WATCHES], ge=0, validation_alias="KEEPER_LIMIT_WATCHES"
    )
    tokens_a_day: int = Field(
        default=DEFAULT_LIMITS[Limit.TOKENS_A_DAY],
        ge=0,
        validation_alias="KEEPER_LIMIT_TOKENS_A_DAY",
    )
    checks_an_hour: int = Field(
        default=DEFAULT_LIMITS[Limit.CHECKS_AN_HOUR],
        ge=0,
        validation_alias="KEEPER_LIMIT_CHECKS_AN_HOUR",
    )
    imports_an_hour: int = Field(
        default=DEFAULT_LIMITS[Limit.IMPORTS_AN_HOUR],
        ge=0,
        validation_alias="KEEPER_LIMIT_IMPORTS_AN_HOUR",
    )

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        url = value.get_secret_value() if value is not None else ""
        if not url:
            return None
        if not url.startswith(("redis://", "rediss://", "unix://")):
            # Its text may hold a password.
            raise ValueError("must look like redis://user:password@host:6379/0")
        return value

    @property
    def limits(self) -> Limits:
        """How much each user may have and do, unless an operator has set something else."""
        return {
            Limit.WATCHES: self.watches,
            Limit.TOKENS_A_DAY: self.tokens_a_day,
            Limit.CHECKS_AN_HOUR: self.checks_an_hour,
            Limit.IMPORTS_AN_HOUR: self.imports_an_hour,
        }
