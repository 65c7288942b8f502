"""Brings every store to what this version needs."""

from typing import Final

from keeper.pipeline.services import elasticsearch_config, kafka_config, postgres_config
from keeper.settings import Settings, load_settings

PARTS: Final = ("postgres", "kafka", "elasticsearch")


def migrate_part(part: str, settings: Settings | None = None) -> list[str]:
    """Migrate one part and return the names of what was made; running it again makes nothing."""
    settings = settings or load_settings()
    if part == "postgres":
        from keeper.stores.postgres.migrations import migrate

        return migrate(postgres_config(settings))
    if part == "kafka":
        from keeper.streams.topics import make_topics, topics_to_make

        return make_topics(kafka_config(settings).admin(), topics_to_make())
    from keeper.stores.elasticsearch import deal_index, price_index, record_index

    with elasticsearch_config(settings).client() as client:
        indices = {
            price_index.PRICES_ALIAS: price_index.set_up,
            deal_index.DEALS_ALIAS: deal_index.set_up,
            record_index.TOKENS_ALIAS: record_index.set_up_tokens,
            record_index.RUNS_ALIAS: record_index.set_up_runs,
        }
        return [alias for alias, set_up in indices.items() if set_up(client)]
