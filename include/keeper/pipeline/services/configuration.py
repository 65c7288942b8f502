"""The services' configurations as the settings give them, for processes outside Airflow."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from keeper.alerts.channels.apprise import AppriseChannel
from keeper.alerts.channels.discord import DiscordChannel
from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.smtp import SmtpConfig
from keeper.alerts.channels.telegram import TelegramChannel, TelegramConfig
from keeper.alerts.links import Links
from keeper.alerts.photos import Photo, PhotoHost
from keeper.domain.messages.queue import ChannelKind
from keeper.domain.prices.age import stale_after
from keeper.domain.users.telegram import app_key_of
from keeper.pipeline.messages.options import Channel, Delivery
from keeper.settings import Settings
from keeper.sources.airflow.api import AirflowApi, AirflowConfig
from keeper.sources.keepa.config import KeepaConfig
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.connection import PostgresConfig
from keeper.streams.config import KafkaConfig


def postgres_config(settings: Settings) -> PostgresConfig:
    """Return where PostgreSQL is."""
    return PostgresConfig(settings.database.url_with_password.get_secret_value())


def kafka_config(settings: Settings) -> KafkaConfig:
    """Return where Kafka is."""
    return KafkaConfig(settings.kafka.bootstrap_servers, settings.kafka.client_options)


def elasticsearch_config(settings: Settings) -> ElasticsearchConfig:
    """Return where Elasticsearch is."""
    return ElasticsearchConfig(settings.elasticsearch.url_with_password.get_secret_value())


def airflow_api(settings: Settings) -> AirflowApi | None:
    """Return the way to Airflow; None where nobody has said where it is, or how to log in."""
    airflow = settings.airflow
    if airflow.url is None or airflow.api_password is None:
        return None
    password = airflow.api_password.get_secret_value()
    return AirflowApi(AirflowConfig(airflow.url, airflow.api_user, password))


def keepa_config(settings: Settings) -> KeepaConfig:
    """Return where Keepa, or its simulator, is asked."""
    return KeepaConfig(
        api_key=settings.keepa.key,
        base_url=settings.keepa.url,
        source="simulator" if settings.keepa.uses_simulator else "keepa",
        timeout_s=settings.keepa.timeout_s,
    )


def lake(settings: Settings) -> LakePath:
    """Return the root of the lake.

    Raises:
        SettingsError: Keeper cannot reach that kind of storage.
    """
    return lake_at(settings.folders.lake)


def telegram_app_key(settings: Settings) -> bytes | None:
    """Return the key by which Telegram signs for the mini app; None where there is no bot.

    A process that has the bot's token needs no other setting.
    """
    if (key := settings.bot.app_key) is not None:
        return bytes.fromhex(key.get_secret_value())
    token = settings.chat.telegram_bot_token
    return None if token is None else app_key_of(token.get_secret_value())


def smtp_config(settings: Settings) -> SmtpConfig | None:
    """Return the mail server, or None when none is configured."""
    if settings.mail.host is None:
        return None
    password = settings.mail.password
    return SmtpConfig(
        host=settings.mail.host,
        port=settings.mail.port,
        sender=settings.mail.sender,
        user=settings.mail.user,
        password=password.get_secret_value() if password else None,
        tls=settings.mail.tls,
        ca_file=settings.mail.ca_file,
    )


def channels(settings: Settings) -> dict[ChannelKind, Channel]:
    """Return the channels the settings have what it takes for."""
    found: dict[ChannelKind, Channel] = {}
    if (mail := smtp_config(settings)) is not None:
        photos = PhotoHost(settings.keepa.images_url)
        found[ChannelKind.EMAIL] = EmailChannel(mail, photos)
    if (token := settings.chat.telegram_bot_token) is not None:
        bot = TelegramConfig(token.get_secret_value(), settings.chat.telegram_url)
        found[ChannelKind.TELEGRAM] = TelegramChannel(bot)
    if webhooks := settings.chat.discord_webhooks:
        found[ChannelKind.DISCORD] = DiscordChannel(_plain(webhooks))
    if urls := settings.chat.apprise_urls:
        found[ChannelKind.APPRISE] = AppriseChannel(_plain(urls))
    return found


def links(settings: Settings) -> Links | None:
    """Return what makes the links in messages, or None when the settings say nothing of them."""
    url, keys = settings.links.public_url, settings.links.signing_keys
    return Links(url, keys) if url and keys else None


def simulated_pictures(settings: Settings) -> Callable[[str], Photo | None] | None:
    """Return what gives the simulator's picture of a name; None where Amazon has the pictures."""
    if not settings.keepa.uses_simulator:
        return None
    # Not KEEPER_IMAGES_URL, which may be the console that asks here.
    address = f"{settings.keepa.url}/img"
    host = PhotoHost(address)

    def picture(name: str) -> Photo | None:
        return next(iter(host.fetch([f"{address}/{name}"]).values()), None)

    return picture


def delivery(settings: Settings, **pace: Any) -> Delivery:
    """Return how messages are delivered: by the channels of the settings, to them as they say.

    Args:
        settings: The settings.
        pace: How long and whether to go on; see Delivery.
    """
    return Delivery(
        channels(settings),
        links=links(settings),
        images_url=settings.keepa.images_url,
        operator=settings.people.operator_email,
        old_after=stale_after(settings.runs.request_policy.interval),
        secrets=_secrets(settings),
        **pace,
    )


def _secrets(settings: Settings) -> tuple[str, ...]:
    """Return what channels send and nobody may read: the login, the token, webhooks and URLs."""
    single = (settings.mail.password, settings.chat.telegram_bot_token, settings.links.secret)
    named = (*settings.chat.discord_webhooks.values(), *settings.chat.apprise_urls.values())
    return tuple(one.get_secret_value() for one in (*single, *named) if one is not None)


def _plain(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}
