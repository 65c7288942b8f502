"""Brings every store to what this version needs."""

import logging
from collections.abc import Callable
from typing import Final

from keeper.clock import utc_now
from keeper.pipeline.services.configuration import (
    elasticsearch_config,
    kafka_config,
    postgres_config,
)
from keeper.pipeline.services.waiting import waiting_for
from keeper.settings import Settings, load_settings

_LOG: Final = logging.getLogger(__name__)
PARTS: Final = ("postgres", "kafka", "elasticsearch")


def migrate_when_it_answers(
    part: str, *, timeout_s: float, on_wait: Callable[[str], None], settings: Settings | None = None
) -> list[str]:
    """Migrate one part, waiting for its service if that does not answer yet.

    Args:
        part: One of PARTS.
        timeout_s: After so many seconds it is tried no more.
        on_wait: Gets a sentence before each pause.
        settings: Where the services are; the environment's if None.

    Returns:
        The names of what was made.

    Raises:
        TransientError: It has not answered in all that time.
        TerminalError: It refuses; that is not waited for.
    """
    trying = waiting_for(part, on_wait=on_wait, timeout_s=timeout_s)
    return trying(migrate_part, part, settings)


def _migrate_postgres(settings: Settings) -> list[str]:
    from keeper.pipeline.services.request_prices import MIGRATION, announce_prices
    from keeper.stores.postgres.connection import session
    from keeper.stores.postgres.migrations import migrate

    config = postgres_config(settings)
    made = migrate(config)
    if MIGRATION in made:
        with session(config) as connection:
            operator = settings.people.operator_email
            for line in announce_prices(connection, operator=operator, at=utc_now()):
                _LOG.warning("%s", line)
    return made


def migrate_part(part: str, settings: Settings | None = None) -> list[str]:
    """Migrate one part and return the names of what was made; running it again makes nothing."""
    settings = settings or load_settings()
    if part == "postgres":
        return _migrate_postgres(settings)
    if part == "kafka":
        from keeper.streams.topic_admin import complete_settings, make_topics
        from keeper.streams.topics import topics_to_make

        admin, topics = kafka_config(settings).admin(), topics_to_make()
        made = make_topics(admin, topics)
        earlier = tuple(topic for topic in topics if topic not in made)
        return [*made, *complete_settings(admin, earlier)]
    from keeper.stores.elasticsearch import (
        deal_index,
        price_index,
        record_index,
        task_log_index,
    )

    with elasticsearch_config(settings).client() as client:
        indices = {
            price_index.PRICES_ALIAS: price_index.set_up,
            deal_index.DEALS_ALIAS: deal_index.set_up,
            record_index.TOKENS_ALIAS: record_index.set_up_tokens,
            record_index.RUNS_ALIAS: record_index.set_up_runs,
            task_log_index.TASK_LOGS: task_log_index.set_up,
        }
        return [alias for alias, set_up in indices.items() if set_up(client)]
