"""Whatever is kept names how it comes back, or for how long it is kept; nothing is forgotten."""

import re
from pathlib import Path
from typing import NamedTuple

from keeper.settings import VARIABLES
from keeper.settings.storage import FolderSettings
from keeper.stores.postgres.storage import retention
from keeper.streams.topic_admin import TOPIC_CONFIG
from keeper.streams.topics import is_dead_letter_topic, topics_to_make
from tests.architecture.composition import (
    BASE,
    KEEPER_IMAGE,
    composed,
    composition,
    example_environment,
)


class Kept(NamedTuple):
    """How something comes back after a loss, and the setting of its retention.

    Attributes:
        backup: What a backup has of it, or what it is made again from.
        retention: The setting, or a word; None: as long as what it belongs to.
    """

    backup: str | None
    retention: str | None = None


_IN_POSTGRES = "keeper backup make: PostgreSQL"
_RECORD = Kept(_IN_POSTGRES, "KEEPER_RECORDS_RETENTION_DAYS")
_WHOLE = Kept(_IN_POSTGRES)
_TRANSIT = Kept("keeper lake replay", "168 h")
TABLES = {
    "alert_deliveries": _WHOLE,
    "alert_states": _WHOLE,
    "api_tokens": _RECORD,
    "audit_log": _RECORD,
    "bot_memory": _WHOLE,
    "channels": _WHOLE,
    "collected_deals": _WHOLE,
    "deal_filters": _WHOLE,
    "deal_reports": _RECORD,
    "discoveries": _WHOLE,
    "exchange_rates": _WHOLE,
    "feed_tickets": _RECORD,
    "idempotency_keys": _RECORD,
    "limit_uses": _WHOLE,
    "operator_notices": _RECORD,
    "outbox": _WHOLE,
    "pipeline_runs": _RECORD,
    "price_alerts": _RECORD,
    "price_corrections": _RECORD,
    "price_days": _WHOLE,
    "price_origins": _WHOLE,
    "price_points": Kept(_IN_POSTGRES, "KEEPER_HISTORY_RETENTION_DAYS"),
    "price_series": _WHOLE,
    "price_statistics": _WHOLE,
    "product_kinds": _WHOLE,
    "product_proposals": _WHOLE,
    "products": _WHOLE,
    "published_histories": _WHOLE,
    "quarantined_records": _RECORD,
    "reconciliations": _RECORD,
    "reported_deals": _WHOLE,
    "requests": _RECORD,
    "sessions": _RECORD,
    "short_tokens": _WHOLE,
    "sign_in_links": _RECORD,
    "telegram_bot": _WHOLE,
    "telegram_codes": _WHOLE,
    "telegram_links": _WHOLE,
    "token_accounts": _WHOLE,
    "token_ledger": _RECORD,
    "user_limits": _WHOLE,
    "users": _WHOLE,
    "watched_products": _WHOLE,
}
TOPICS = {
    "price-updates": _TRANSIT,
    "price-backfill": _TRANSIT,
    "deal-updates": _TRANSIT,
    # The backup says of each that has messages that they are left out.
    "price-updates.dlq": Kept(None, "168 h"),
    "price-backfill.dlq": Kept(None, "168 h"),
    "deal-updates.dlq": Kept(None, "168 h"),
    "keeper-events": Kept(None, "24 h"),
    "keeper-changes": Kept(None, "24 h"),
}
FOLDERS = {
    "lake": Kept("keeper backup make: replies", "KEEPER_LAKE_RETENTION_DAYS"),
    "data_docs": Kept(None, "KEEPER_RUN_FILES_RETENTION_DAYS"),
    "run_dir": Kept("the workers that run"),
}
VOLUMES = {
    "postgres-data": _WHOLE,
    "kafka-data": _TRANSIT,
    "elasticsearch-data": Kept("keeper search rebuild"),
    "kibana-data": Kept("docker/kibana/keeper.ndjson"),
    "redis-data": Kept("PostgreSQL, which it caches"),
    "airflow-logs": Kept(None, "KEEPER_AIRFLOW_RETENTION_DAYS"),
    "lake": FOLDERS["lake"],
    "data-docs": FOLDERS["data_docs"],
    "backups": Kept(None, "KEEPER_BACKUP_RETENTION_DAYS"),
}


def test_every_table_topic_folder_and_volume_is_named(root: Path) -> None:
    schema = (root / "sql" / "schema.sql").read_text("utf-8")
    tables = set(re.findall(r"^CREATE TABLE public\.(\w+)", schema, re.MULTILINE))
    assert set(TABLES) == tables
    assert set(TOPICS) == set(topics_to_make())
    assert set(FOLDERS) == set(FolderSettings.model_fields)
    assert set(VOLUMES) == set(composition(BASE)["volumes"])


def test_each_has_a_backup_or_a_retention_that_there_is() -> None:
    everything = {**TABLES, **TOPICS, **FOLDERS, **VOLUMES}
    assert [name for name, kept in everything.items() if not (kept.backup or kept.retention)] == []
    settings = {kept.retention for kept in everything.values() if kept.retention}
    assert {name for name in settings if name.startswith("KEEPER_")} <= set(VARIABLES)


def test_what_has_the_retention_of_records_is_deleted_by_it() -> None:
    named = {name for name, kept in TABLES.items() if kept == _RECORD}
    assert named == set(retention._RECORDS)


def test_topics_are_kept_as_long_as_is_said() -> None:
    assert TOPIC_CONFIG["retention.ms"] == str(168 * 3_600_000)
    said = {topic for topic, kept in TOPICS.items() if kept.retention == "168 h"}
    assert {topic for topic in said if is_dead_letter_topic(topic)} == {
        topic for topic in TOPICS if is_dead_letter_topic(topic)
    }


def test_those_who_make_backups_alone_may_copy_the_server() -> None:
    given = {
        name: service["environment"]["KEEPER_BACKUP_SERVER_URL"]
        for name, service in composition(BASE)["services"].items()
        if service["image"] == KEEPER_IMAGE
    }
    assert {name for name, url in given.items() if url} == {"backup-on-request", "receive-wal"}
    example = example_environment()
    usual = composed(example)["services"]
    elsewhere = composed(example | {"KEEPER_BACKUP_VOLUME": "/mnt/nas"})["services"]
    for name in ("backup-on-request", "receive-wal"):
        assert "lake:/var/lib/keeper/lake" in usual[name]["volumes"]
        assert "backups:/var/lib/keeper/backups" in usual[name]["volumes"]
        assert "/mnt/nas:/var/lib/keeper/backups" in elsewhere[name]["volumes"]
