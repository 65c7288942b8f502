"""The console's own settings."""

from pydantic import Field, SecretStr, field_validator

from keeper.settings.group import SettingsGroup


class ConsoleSettings(SettingsGroup):
    """How people sign in to the console, and where it keeps answers."""

    redis_url: SecretStr | None = Field(default=None, validation_alias="KEEPER_REDIS_URL")
    insecure_cookie: bool = Field(default=False, validation_alias="KEEPER_INSECURE_COOKIE")

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
