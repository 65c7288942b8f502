"""Touches each outside system once, and says in a sentence how it is."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final
from uuid import uuid4

from keeper.alerts.channels.reachable import (
    reach_discord,
    reach_mail,
    reach_telegram,
    read_apprise,
)
from keeper.alerts.channels.telegram import TelegramConfig
from keeper.errors import KeeperError, TerminalError, TransientError
from keeper.pipeline.services.configuration import smtp_config
from keeper.settings import Settings
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.elasticsearch.connection import translated_errors as translated_search_errors
from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.migrations import missing_migrations
from keeper.stores.postgres.runs.operations import server_state
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import existing_topics
from keeper.streams.topics import topics_to_make

_PROBE: Final = b"Keeper was here"


class NotMigratedError(TerminalError):
    """A store answers but lacks what this version needs."""


class ServiceUnwellError(TransientError):
    """A service answers, and does not do what it is for."""


class NotConfiguredError(TerminalError):
    """There is nothing to check: the settings do not name the service."""


def probe_postgres(postgres: PostgresConfig) -> str:
    """Say PostgreSQL's version and how much is watched.

    Raises:
        NotMigratedError: Migrations are missing.
        ServiceUnwellError: It takes no writes.
        DatabaseUnavailableError: It does not answer.
    """
    with session(postgres) as connection:
        if missing := missing_migrations(connection):
            raise NotMigratedError(
                f"PostgreSQL lacks {len(missing)} migrations, the first {missing[0]}: "
                "keeper migrate"
            )
        server = server_state(connection)
    if server.is_read_only:
        raise ServiceUnwellError(
            "PostgreSQL takes no writes: it is a standby, or read-only by a setting; check that "
            "DATABASE_URL names the primary"
        )
    return f"PostgreSQL {server.version}, {server.watched} active watches"


def probe_kafka(kafka: KafkaConfig) -> str:
    """Say how many brokers and topics there are.

    Raises:
        NotMigratedError: Topics are missing.
        TransientError: Kafka does not answer.
    """
    brokers, there = existing_topics(kafka.admin())
    if missing := sorted(set(topics_to_make()) - there):
        raise NotMigratedError(f"Kafka lacks the topics {', '.join(missing)}: keeper migrate")
    return f"Kafka with {brokers} brokers, all {len(topics_to_make())} topics"


def probe_elasticsearch(elasticsearch: ElasticsearchConfig) -> str:
    """Say Elasticsearch's health and how many documents it has.

    Raises:
        NotMigratedError: An alias is missing.
        ServiceUnwellError: Parts of an index are lost.
        SearchUnavailableError: It does not answer.
    """
    with translated_search_errors(), elasticsearch.client() as client:
        health = client.cluster.health()["status"]
        missing = [
            alias
            for alias in (PRICES_ALIAS, DEALS_ALIAS)
            if not client.indices.exists_alias(name=alias)
        ]
        if missing:
            raise NotMigratedError(f"Elasticsearch lacks {', '.join(missing)}: keeper migrate")
        if health == "red":
            raise ServiceUnwellError(
                "Elasticsearch is red: an index cannot be read; see its log, or make the index "
                "anew: keeper search rebuild"
            )
        counts = {
            alias: client.count(index=alias)["count"] for alias in (PRICES_ALIAS, DEALS_ALIAS)
        }
    counted = ", ".join(f"{count} documents in {alias}" for alias, count in counts.items())
    return f"Elasticsearch is {health}, {counted}"


def probe_keepa(keepa: KeepaConfig) -> str:
    """Say Keepa's balance, which costs nothing.

    Raises:
        KeeperError: Keepa does not answer or refuses the key.
    """
    # Without the ledger, which is PostgreSQL's: one service that is down fails one check.
    with KeepaClient(keepa) as client:
        status = client.token_status()
    name = "the simulator" if keepa.source == "simulator" else "Keepa"
    return f"{name}: {status.tokens_left} tokens, {status.refill_rate} more a minute"


def probe_lake(lake: LakePath) -> str:
    """Write a file, read it and delete it.

    Raises:
        LakeUnavailableError: The storage does not answer or refuses Keeper.
        ServiceUnwellError: It gives back something else.
    """
    file = lake / "checks" / uuid4().hex
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_PROBE)
    try:
        read = file.read_bytes()
    except FileNotFoundError:
        read = b""
    finally:
        file.unlink(missing_ok=True)
    if read != _PROBE:
        raise ServiceUnwellError(f"the lake at {lake} gives back something else than was written")
    return f"the lake at {lake} keeps what is written"


def probe_mail(settings: Settings) -> str:
    """Greet the mail server without sending anything.

    Raises:
        NotConfiguredError: There is none.
        KeeperError: It does not answer, or refuses the login.
    """
    config = smtp_config(settings)
    if config is None:
        raise NotConfiguredError("no mail server is configured: set SMTP_HOST to get mail")
    return f"mail server {reach_mail(config)}"


def probe_chats(settings: Settings) -> str:
    """Ask Telegram, Discord and Apprise for what the settings name, without sending anything.

    Raises:
        NotConfiguredError: The settings name none of them.
        ServiceUnwellError: Some are not there; names each, all having been asked.
    """
    checks = dict(_chat_probes(settings))
    if not checks:
        raise NotConfiguredError(
            "no chat channel is configured: TELEGRAM_BOT_TOKEN, DISCORD_WEBHOOK or "
            "KEEPER_APPRISE_URLS"
        )
    answers, problems = _all_of(checks)
    if problems:
        raise ServiceUnwellError("; ".join(problems))
    return "; ".join(answers)


def _chat_probes(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    if (token := settings.chat.telegram_bot_token) is not None:
        bot = TelegramConfig(token.get_secret_value(), settings.chat.telegram_url)
        yield "Telegram", partial(reach_telegram, bot)
    for name, webhook in settings.chat.discord_webhooks.items():
        url = webhook.get_secret_value()
        yield f"Discord {name}", partial(reach_discord, name, url)
    for name, secret in settings.chat.apprise_urls.items():
        url = secret.get_secret_value()
        yield f"Apprise {name}", partial(read_apprise, name, url)


def _all_of(checks: Mapping[str, Callable[[], str]]) -> tuple[list[str], list[str]]:
    answers, problems = [], []
    for name, check in checks.items():
        try:
            answers.append(f"{name}: {check()}")
        except KeeperError as error:
            problems.append(f"{name}: {error}")
    return answers, problems
