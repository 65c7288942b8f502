"""Who gets messages, by which channels, and where the links in them lead."""

import json
import re
import ssl
from datetime import time
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from keeper.settings.group import HttpUrl, SettingsGroup, is_readable_on_its_way, is_this_machine

PUBLISHED_SECRET: Final = "for-development-only"  # noqa: S105 - it is published
"""Signs links where docker-compose.dev.yaml is given no other; everybody can read it there."""
_SHORTEST_KEY: Final = 16
_MAIN_WEBHOOK = "main"
_CLOCK = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])")


def _holds_certificates(path: Path | None) -> Path | None:
    if path is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError(f"{path} holds no certificate in the form PEM") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return path


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
    ca_file: Annotated[Path | None, AfterValidator(_holds_certificates)] = Field(
        default=None, validation_alias="KEEPER_SMTP_CA_FILE"
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

    @model_validator(mode="after")
    def _token_is_not_readable(self) -> Self:
        if self.telegram_bot_token is not None and is_readable_on_its_way(self.telegram_url):
            raise ValueError("KEEPER_TELEGRAM_URL must begin with https://, for it gets the token")
        return self

    @property
    def discord_webhooks(self) -> dict[str, SecretStr]:
        """Discord's webhooks by name; DISCORD_WEBHOOK is called main."""
        main = self.main_discord_webhook
        return ({} if main is None else {_MAIN_WEBHOOK: main}) | self.named_discord_webhooks


def _wall_time(value: object) -> object:
    """Read what a clock shows: hours and minutes, without a zone, which is the reader's own."""
    if not isinstance(value, str):
        return value
    shown = _CLOCK.fullmatch(value.strip())
    if shown is None:
        raise ValueError("must be a time of the day like 07:00")
    return time(int(shown["hour"]), int(shown["minute"]))


class PeopleSettings(SettingsGroup):
    """Whom Keeper writes to, and what it calls while all is well."""

    user_email: str = Field(default="you@keeper.localhost", validation_alias="KEEPER_USER_EMAIL")
    given_operator_email: str | None = Field(default=None, validation_alias="KEEPER_OPERATOR_EMAIL")
    report_at: Annotated[time, BeforeValidator(_wall_time)] = Field(
        default=time(7), validation_alias="KEEPER_REPORT_AT"
    )
    # Who knows it can report that all is well.
    heartbeat_url: HttpUrl | None = Field(
        default=None, repr=False, validation_alias="KEEPER_HEARTBEAT_URL"
    )

    @property
    def operator_email(self) -> str:
        """Whose channels get what an operator should know; the user's if nobody is named."""
        return self.given_operator_email or self.user_email


def _keys(secret: SecretStr) -> tuple[str, ...]:
    return tuple(key.strip() for key in secret.get_secret_value().split(","))


def _long_keys(secret: SecretStr) -> SecretStr:
    if any(len(key) < _SHORTEST_KEY for key in _keys(secret)):
        raise ValueError(
            f"must have {_SHORTEST_KEY} characters or more, each of several keys between commas; "
            "make one: openssl rand -hex 32"
        )
    return secret


class LinkSettings(SettingsGroup):
    """Links in messages; without both settings messages have none."""

    public_url: HttpUrl | None = Field(default=None, validation_alias="KEEPER_PUBLIC_URL")
    secret: Annotated[SecretStr, AfterValidator(_long_keys)] | None = Field(
        default=None, validation_alias="KEEPER_LINK_SECRET"
    )

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """What links are signed with: the first signs, all are accepted. Empty without a secret."""
        return () if self.secret is None else _keys(self.secret)

    @model_validator(mode="after")
    def _are_whole(self) -> Self:
        if (self.public_url is None) != (self.secret is None):
            raise ValueError(
                "KEEPER_PUBLIC_URL and KEEPER_LINK_SECRET belong together; set both or neither"
            )
        return self

    @model_validator(mode="after")
    def _are_secret_where_others_reach_them(self) -> Self:
        host = urlsplit(self.public_url or "").hostname or "localhost"
        if PUBLISHED_SECRET in self.signing_keys and not is_this_machine(host):
            raise ValueError(
                "KEEPER_LINK_SECRET is the one that Keeper's files publish, and KEEPER_PUBLIC_URL "
                "is not this machine: anybody could make links; make one: openssl rand -hex 32"
            )
        return self
