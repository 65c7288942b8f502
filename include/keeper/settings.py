"""Keeper's settings: read once from the environment and `.env`, checked before anything starts.

The local stack writes the addresses of its own services to `.keeper/keeper.env`, so that `keeper`
works from a shell beside a running stack; `.env` overrides it and the environment overrides both. A
setting that is blank or absent in the environment may be in a file that NAME_FILE names there, as
containers get their secrets.
"""

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from keeper.domain.prices.types import PRICE_TYPES, UnknownPriceTypeError, price_type_of
from keeper.errors import SettingsError

KEEPA_URL = "https://api.keepa.com"
SIMULATOR_URL = "http://127.0.0.1:8099"
SIMULATOR_KEY = "simulator"
MAIN_WEBHOOK = "main"
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:\d*)?")


class _SecretFiles(PydanticBaseSettingsSource):
    """Settings whose value is in the file that NAME_FILE names; an empty file counts as absent."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        file = os.environ.get(f"{field_name.upper()}_FILE")
        if not file:
            return None, field_name, False
        try:
            text = Path(file).read_text("utf-8").strip()
        except UnicodeDecodeError:
            raise SettingsError(f"{field_name.upper()}_FILE: {file} is not UTF-8") from None
        except OSError as error:
            reason = error.strerror or "unreadable"
            raise SettingsError(f"{field_name.upper()}_FILE: {file}: {reason}") from None
        return text or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        mistakes = []
        for name, field in self.settings_cls.model_fields.items():
            try:
                value, key, _ = self.get_field_value(field, name)
            except SettingsError as error:
                mistakes.append(str(error))
            else:
                if value is not None:
                    found[key] = value
        if mistakes:
            raise SettingsError(_cannot_start(mistakes))
        return found


class Settings(BaseSettings):
    """Every setting, under the name of its environment variable in lower case.

    Blank variables count as absent, so that a copied `.env.example` works as it is.
    """

    model_config = SettingsConfigDict(
        env_file=(".keeper/keeper.env", ".env"),
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    keepa_api_key: SecretStr | None = None
    database_url: SecretStr = SecretStr("postgresql://keeper:keeper@localhost:5432/keeper")
    keeper_database_password: SecretStr | None = None
    kafka_bootstrap_servers: str = "localhost:9092"
    keeper_kafka_user: str | None = None
    keeper_kafka_password: SecretStr | None = None
    keeper_kafka_mechanism: str = Field(
        default="PLAIN", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$"
    )
    keeper_kafka_tls: bool = False
    elasticsearch_url: str = "http://localhost:9200"
    keeper_elasticsearch_password: SecretStr | None = None
    keeper_airflow_database_url: SecretStr | None = None
    keeper_airflow_database_password: SecretStr | None = None

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    telegram_bot_token: SecretStr | None = None
    discord_webhook: SecretStr | None = None
    keeper_telegram_url: str = "https://api.telegram.org"
    keeper_discord_webhooks: Annotated[dict[str, SecretStr], NoDecode] = {}
    keeper_apprise_urls: Annotated[dict[str, SecretStr], NoDecode] = {}
    keeper_public_url: str | None = None
    keeper_link_secret: SecretStr | None = Field(default=None, min_length=16)

    keeper_keepa_url: str | None = None
    keeper_simulator_url: str = SIMULATOR_URL
    keeper_keepa_timeout_s: float = Field(default=60, gt=0)
    keeper_lake: str = "file:///var/lib/keeper/lake"
    keeper_lake_retention_days: int = Field(default=400, ge=1)
    keeper_run_files_retention_days: int = Field(default=14, ge=1)
    keeper_history_retention_days: int | None = Field(default=None, ge=100)
    keeper_records_retention_days: int = Field(default=400, ge=30)
    keeper_airflow_retention_days: int = Field(default=90, ge=7)
    keeper_task_logs: Literal["files", "elasticsearch"] = "files"
    keeper_data_docs: str = "/var/lib/keeper/data-docs"
    keeper_run_dir: str = "/var/lib/keeper/run"
    keeper_user_email: str = "you@keeper.localhost"
    keeper_operator_email: str | None = None
    keeper_mail_from: str = "Keeper <keeper@keeper.localhost>"
    keeper_smtp_tls: str = Field(default="auto", pattern="^(auto|starttls|implicit|none)$")
    keeper_batch_products: int = Field(default=500, ge=1, le=10_000)
    keeper_price_types: Annotated[tuple[str, ...], NoDecode] = (
        "AMAZON",
        "NEW",
        "USED",
        "BUY_BOX_SHIPPING",
    )
    keeper_max_quarantine_share: float = Field(default=0.05, ge=0, le=1)
    keeper_check_interval_h: float = Field(default=6, gt=0)
    keeper_token_reserve: float = Field(default=0.1, ge=0, le=0.9)
    keeper_follow_deals: bool = False
    keeper_deal_tokens: int = Field(default=200, ge=5)
    keeper_wait_timeout_s: float = Field(default=900, gt=0)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the files of NAME_FILE behind the environment and before `.env`."""
        return init_settings, env_settings, _SecretFiles(settings_cls), dotenv_settings

    @field_validator("database_url", "keeper_airflow_database_url")
    @classmethod
    def _plain_postgres_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in {"postgresql", "postgres", "postgresql+asyncpg"}:
            raise ValueError(
                "must look like postgresql://user:password@host:5432/keeper "
                "(postgresql+asyncpg:// is accepted too)"
            )
        # Else a part of the password is taken for the host, and errors tell it.
        authority = re.split("[/?#]", rest, maxsplit=1)[0]
        hosts = authority.rpartition("@")[2].split(",")
        is_clear = rest.count("@") == authority.count("@") <= 1
        if not is_clear or not all(_HOST_AND_PORT.fullmatch(host) for host in hosts):
            raise ValueError(
                "must have the special characters of its user and password percent-encoded, "
                "@ as %40 and / as %2F"
            )
        return SecretStr(f"postgresql://{rest}")

    @field_validator("keeper_discord_webhooks", "keeper_apprise_urls", mode="before")
    @classmethod
    def _named_secrets(cls, value: object) -> object:
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

    @field_validator(
        "elasticsearch_url",
        "keeper_keepa_url",
        "keeper_simulator_url",
        "keeper_telegram_url",
        "keeper_public_url",
    )
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parts = urlsplit(value)
                is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
                is_url = is_url and parts.port != 0
            except ValueError:
                # Its text would quote the address, which may hold a password.
                is_url = False
            if not is_url:
                raise ValueError("must look like http://host:port")
            value = value.rstrip("/")
        return value

    @field_validator("elasticsearch_url")
    @classmethod
    def _with_port(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme == "http" and parts.port is None:
            raise ValueError("must name the port, like http://host:9200")
        return value

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _broker_list(cls, value: str) -> str:
        for broker in value.split(","):
            host, _, port = broker.strip().rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"must be host:port[,host:port…], not {value!r}")
        return value

    @field_validator("keeper_price_types", mode="before")
    @classmethod
    def _price_type_list(cls, value: object) -> object:
        if isinstance(value, str):
            if value.strip().lower() == "all":
                return tuple(p.name for p in PRICE_TYPES if p.is_price)
            return tuple(name.strip().upper() for name in value.split(",") if name.strip())
        return value

    @field_validator("keeper_price_types")
    @classmethod
    def _known_price_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            try:
                if not price_type_of(name).is_price:
                    raise ValueError(f"{name} is not a price")
            except UnknownPriceTypeError as error:
                raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _smtp_login_is_whole(self) -> Self:
        if self.smtp_user and not self.smtp_password:
            raise ValueError("SMTP_USER is set but SMTP_PASSWORD is not; set both or neither")
        if self.smtp_password and not self.smtp_user:
            raise ValueError("SMTP_PASSWORD is set but SMTP_USER is not; set both or neither")
        return self

    @model_validator(mode="after")
    def _kafka_login_is_whole(self) -> Self:
        if (self.keeper_kafka_user is None) != (self.keeper_kafka_password is None):
            raise ValueError(
                "KEEPER_KAFKA_USER and KEEPER_KAFKA_PASSWORD belong together; set both or neither"
            )
        return self

    @model_validator(mode="after")
    def _passwords_have_a_user(self) -> Self:
        for name, url, password in (
            ("DATABASE_URL", self.database_url, self.keeper_database_password),
            ("ELASTICSEARCH_URL", self.elasticsearch_url, self.keeper_elasticsearch_password),
            (
                "KEEPER_AIRFLOW_DATABASE_URL",
                self.keeper_airflow_database_url,
                self.keeper_airflow_database_password,
            ),
        ):
            if password is not None and not _takes_password(url):
                raise ValueError(
                    f"{name} must name a user and no password, like scheme://user@host:port, for a "
                    "password is set for it"
                )
        return self

    @model_validator(mode="after")
    def _links_are_whole(self) -> Self:
        if (self.keeper_public_url is None) != (self.keeper_link_secret is None):
            raise ValueError(
                "KEEPER_PUBLIC_URL and KEEPER_LINK_SECRET belong together; set both or neither"
            )
        return self

    @property
    def database(self) -> SecretStr:
        """Where the database is, password and all."""
        return _with_password(self.database_url, self.keeper_database_password)

    @property
    def airflow_database(self) -> SecretStr | None:
        """Where Airflow's own database is, password and all; None where nobody said."""
        url = self.keeper_airflow_database_url
        return None if url is None else _with_password(url, self.keeper_airflow_database_password)

    @property
    def elasticsearch(self) -> SecretStr:
        """Where Elasticsearch is, password and all."""
        url = SecretStr(self.elasticsearch_url)
        return _with_password(url, self.keeper_elasticsearch_password)

    @property
    def kafka_client(self) -> dict[str, str]:
        """What Kafka's clients need beside the brokers; it may hold a password."""
        password = self.keeper_kafka_password
        layers = ("SASL_" if password else "", "SSL" if self.keeper_kafka_tls else "PLAINTEXT")
        protocol = {"security.protocol": "".join(layers)}
        if password is None or self.keeper_kafka_user is None:
            return protocol if self.keeper_kafka_tls else {}
        return protocol | {
            "sasl.mechanism": self.keeper_kafka_mechanism,
            "sasl.username": self.keeper_kafka_user,
            "sasl.password": password.get_secret_value(),
        }

    @property
    def discord_webhooks(self) -> dict[str, SecretStr]:
        """Discord's webhooks by name; DISCORD_WEBHOOK is called main."""
        main = {} if self.discord_webhook is None else {MAIN_WEBHOOK: self.discord_webhook}
        return {**main, **self.keeper_discord_webhooks}

    @property
    def operator_email(self) -> str:
        """Whose channels get what an operator should know; the user's if nobody is named."""
        return self.keeper_operator_email or self.keeper_user_email

    @property
    def uses_simulator(self) -> bool:
        """True when no Keepa key is set: prices then come from the simulator and say so."""
        return self.keepa_api_key is None

    @property
    def keepa_url(self) -> str:
        """Where Keepa is asked: the explicit URL, or Keepa with a key, the simulator without."""
        if self.keeper_keepa_url:
            return self.keeper_keepa_url
        return self.keeper_simulator_url if self.uses_simulator else KEEPA_URL

    @property
    def keepa_key(self) -> SecretStr:
        """The key to send; the simulator's well-known one when none is set."""
        return self.keepa_api_key or SecretStr(SIMULATOR_KEY)


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """Read and check the settings.

    Raises:
        SettingsError: One line per mistake, each with the variable's name; never a secret's value.
    """
    try:
        return Settings()
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(str(part) for part in item['loc']).upper() or 'settings'}: "
            f"{item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(_cannot_start(mistakes)) from None


def _cannot_start(mistakes: list[str]) -> str:
    return "\n".join(["Keeper cannot start:", *(f"  {mistake}" for mistake in mistakes)])


def _takes_password(url: SecretStr | str | None) -> bool:
    """Tell whether a URL names a user and no password."""
    text = url.get_secret_value() if isinstance(url, SecretStr) else url or ""
    parts = urlsplit(text)
    return bool(parts.username) and parts.password is None


def _with_password(url: SecretStr, password: SecretStr | None) -> SecretStr:
    if password is None:
        return url
    parts = urlsplit(url.get_secret_value())
    user, _, hosts = parts.netloc.rpartition("@")
    login = f"{user}:{quote(password.get_secret_value(), safe='')}"
    return SecretStr(urlunsplit(parts._replace(netloc=f"{login}@{hosts}")))
