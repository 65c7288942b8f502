"""The Telegram bot's own settings, beside its token at Telegram."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from keeper.settings.group import HostAndPort, HttpUrl, SettingsGroup, split_address

_KEY_BYTES: Final = 32


def _app_key(value: SecretStr) -> SecretStr:
    try:
        is_key = len(bytes.fromhex(value.get_secret_value())) == _KEY_BYTES
    except ValueError:
        is_key = False
    if not is_key:
        # Its text is a secret.
        raise ValueError("must be 64 hexadecimal digits, as `keeper bot app-key` prints them")
    return value


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("must begin with https://: Telegram calls nothing else")
    return value


class BotSettings(SettingsGroup):
    """How the bot reaches Keeper's API, how Telegram reaches the bot, and what each chat may."""

    api_url: HttpUrl = Field(default="http://127.0.0.1:8000", validation_alias="KEEPER_BOT_API_URL")
    api_token: SecretStr | None = Field(default=None, validation_alias="KEEPER_BOT_API_TOKEN")
    webhook_url: Annotated[HttpUrl, AfterValidator(_https)] | None = Field(
        default=None, validation_alias="KEEPER_BOT_WEBHOOK_URL"
    )
    listen: HostAndPort = Field(default="127.0.0.1:8001", validation_alias="KEEPER_BOT_LISTEN")
    session_s: int = Field(default=600, ge=10, le=86_400, validation_alias="KEEPER_BOT_SESSION_S")
    updates_a_minute: int = Field(
        default=30, ge=1, le=1_000, validation_alias="KEEPER_BOT_UPDATES_A_MINUTE"
    )
    # By which the console sees who opens the mini app; the bot's token does not follow from it.
    app_key: Annotated[SecretStr, AfterValidator(_app_key)] | None = Field(
        default=None, validation_alias="KEEPER_MINI_APP_KEY"
    )

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Where the bot listens for Telegram, if it has a webhook."""
        return split_address(self.listen)

    @property
    def session(self) -> timedelta:
        """How long a question of the bot stays open."""
        return timedelta(seconds=self.session_s)
