"""The services' configurations as the settings give them, for processes outside Airflow."""

import re

from keeper.alerts.channels.email import EmailChannel, SmtpConfig
from keeper.errors import SettingsError
from keeper.settings import Settings
from keeper.sources.keepa.config import KeepaConfig
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.connection import PostgresConfig
from keeper.streams.config import KafkaConfig


def postgres_config(settings: Settings) -> PostgresConfig:
    """Return where PostgreSQL is."""
    return PostgresConfig(settings.database_url.get_secret_value())


def kafka_config(settings: Settings) -> KafkaConfig:
    """Return where Kafka is."""
    return KafkaConfig(settings.kafka_bootstrap_servers)


def elasticsearch_config(settings: Settings) -> ElasticsearchConfig:
    """Return where Elasticsearch is."""
    return ElasticsearchConfig(settings.elasticsearch_url)


def keepa_config(settings: Settings) -> KeepaConfig:
    """Return where Keepa, or its simulator, is asked."""
    return KeepaConfig(
        api_key=settings.keepa_key,
        base_url=settings.keepa_url,
        source="simulator" if settings.uses_simulator else "keepa",
        timeout_s=settings.keeper_keepa_timeout_s,
    )


def lake(settings: Settings) -> LakePath:
    """Return the root of the lake.

    Raises:
        SettingsError: Keeper cannot reach that kind of storage.
    """
    return lake_at(settings.keeper_lake)


def lake_at(url: str) -> LakePath:
    """Return the lake at a URL as Airflow spells it; see `lake`.

    The Airflow connection that may be in front of the bucket's name does not count outside Airflow:
    there the keys and the address of the storage come from its own variables, AWS_ENDPOINT_URL say.
    """
    from upath import UPath

    try:
        path = UPath(re.sub(r"^(\w+://)[^/@]*@", r"\1", url))
        path.fs  # noqa: B018 - made at first use, which is now, before anything relies on it
    except (ImportError, ValueError) as error:
        raise SettingsError(
            f"KEEPER_LAKE is {url}, which Keeper cannot reach: {error}; "
            "for s3:// install Keeper with its extra s3"
        ) from error
    return path


def smtp_config(settings: Settings) -> SmtpConfig | None:
    """Return the mail server, or None when none is configured."""
    if settings.smtp_host is None:
        return None
    password = settings.smtp_password
    return SmtpConfig(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.keeper_mail_from,
        user=settings.smtp_user,
        password=password.get_secret_value() if password else None,
        tls=settings.keeper_smtp_tls,
    )


def email_channel(settings: Settings) -> EmailChannel:
    """Return the channel to the configured mail server, or one that says there is none."""
    return EmailChannel(smtp_config(settings))
