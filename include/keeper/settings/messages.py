"""Who gets messages, by which channels, and where the links in them lead."""

import json
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from keeper.settings.group import HttpUrl, SettingsGroup

_MAIN_WEBHOOK = "main"


class MailSettings(SettingsGroup):
    """The mail server; none is asked where no host is named."""

    host: str | None = Field(default=None, validation_alias="SMTP_HOST")
    port: int = Field(default=587, ge=1, le=65535, validation_alias="SMTP_PORT")
    user: str | None = Field(default=None, validation_alias="SMTP_USER")
    password: SecretStr | None = Field(default=None, validation_alias="SMTP_PASSWORD")
    tls: str = Field(
        default="auto",
        pattern="^(auto|starttls|implicit|none)$",
        validation_alias="KEEPER_SMTP_TLS",
    )
    sender: str = Field(
        default="Keeper <keeper@keeper.localhost>", validation_alias="KEEPER_MAIL_FROM"
    )

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if self.user and not self.password:
            raise ValueError("SMTP_USER is set but SMTP_PASSWORD is not; set both or neither")
        if self.password and not self.user:
            raise ValueError("SMTP_PASSWORD is set but SMTP_USER is not; set both or neither")
        return self


def _names_and_addresses(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        names = json.loads(value)
    except ValueError:
        names = None
    is_named = isinstance(names, dict) and all(
        name and isinstance(secret, str) and secret for name, secret in names.items()
    )
    if not is_named:
        raise ValueError('must be JSON of names and addresses, like {"family": "https://…"}')
    return names


_SecretsByName = Annotated[dict[str, SecretStr], BeforeValidator(_names_and_addresses)]


class ChatSettings(SettingsGroup):
    """Telegram, Discord, and what Apprise reaches."""

    telegram_bot_token: SecretStr | None = Field(
        default=None, validation_alias="TELEGRAM_BOT_TOKEN"
    )
    telegram_url: HttpUrl = Field(
        default="https://api.telegram.org", validation_alias="KEEPER_TELEGRAM_URL"
    )
    main_discord_webhook: SecretStr | None = Field(default=None, validation_alias="DISCORD_WEBHOOK")
    named_discord_webhooks: _SecretsByName = Field(
        default={}, validation_alias="KEEPER_DISCORD_WEBHOOKS"
    )
    apprise_urls: _SecretsByName = Field(default={}, validation_alias="KEEPER_APPRISE_URLS")

    @property
    def discord_webhooks(self) -> dict[str, SecretStr]:
        """Discord's webhooks by name; DISCORD_WEBHOOK is called main."""
        main = self.main_discord_webhook
        return ({} if main is None else {_MAIN_WEBHOOK: main}) | self.named_discord_webhooks


class PeopleSettings(SettingsGroup):
    """Whom Keeper writes to, and what it calls while all is well."""

    user_email: str = Field(default="you@keeper.localhost", validation_alias="KEEPER_USER_EMAIL")
    given_operator_email: str | None = Field(default=None, validation_alias="KEEPER_OPERATOR_EMAIL")
    # Who knows it can report that all is well.
    heartbeat_url: HttpUrl | None = Field(
        default=None, repr=False, validation_alias="KEEPER_HEARTBEAT_URL"
    )

    @property
    def operator_email(self) -> str:
        """Whose channels get what an operator should know; the user's if nobody is named."""
        return self.given_operator_email or self.user_email


class LinkSettings(SettingsGroup):
    """Links in messages; without both settings messages have none."""

    public_url: HttpUrl | None = Field(default=None, validation_alias="KEEPER_PUBLIC_URL")
    secret: SecretStr | None = Field(
        default=None, min_length=16, validation_alias="KEEPER_LINK_SECRET"
    )

    @model_validator(mode="after")
    def _are_whole(self) -> Self:
        if (self.public_url is None) != (self.secret is None):
            raise ValueError(
                "KEEPER_PUBLIC_URL and KEEPER_LINK_SECRET belong together; set both or neither"
            )
        return self
