"""Whatever is kept names how it comes back, or for how long it is kept; nothing is forgotten."""

import re
from pathlib import Path
from typing import NamedTuple

from keeper.pipeline.search.mirrors import MIRRORS
from keeper.pipeline.search.records import RECORD_MIRRORS
from keeper.settings import VARIABLES
from keeper.settings.storage import FolderSettings
from keeper.stores.elasticsearch.task_log_index import TASK_LOGS
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
    """How something comes back after a loss, and for how long it is kept.

    Attributes:
        backup: What a backup has of it, or what it is made again from.
        retention: The setting that says how long, or a span.
        because: Why it has none: what it goes with, or why it does not grow or may.
    """

    backup: str | None
    retention: str | None = None
    because: str | None = None


_IN_POSTGRES = "keeper backup make: PostgreSQL"
_RECORD = Kept(_IN_POSTGRES, "KEEPER_RECORDS_RETENTION_DAYS")
_TRANSIT = Kept("keeper lake replay", "168 h")


def _with(other: str) -> Kept:
    """Return that rows go with the row they belong to."""
    return Kept(_IN_POSTGRES, because=f"goes with {other}")


def _one_each(of: str) -> Kept:
    """Return that there is a row for each of something that does not grow by itself."""
    return Kept(_IN_POSTGRES, because=f"a row for each {of}")


TABLES = {
    "alert_deliveries": _with("outbox"),
    "alert_states": _with("watched_products"),
    "api_tokens": _RECORD,
    "audit_log": _RECORD,
    "bot_memory": Kept(_IN_POSTGRES, because="`keeper bot` deletes what has expired"),
    "channels": _with("users"),
    "collected_deals": _RECORD,
    "deal_filters": _with("users"),
    "deal_reports": _RECORD,
    "discoveries": _one_each("search that somebody saved"),
    "due_trends": Kept(_IN_POSTGRES, because="windows that wait to be counted"),
    "exchange_rates": Kept(
        _IN_POSTGRES, because="some thirty rows a day, and old prices are converted by old rates"
    ),
    "feed_tickets": _RECORD,
    "idempotency_keys": _RECORD,
    "limit_uses": _one_each("user and limit"),
    "operator_notices": _RECORD,
    "outbox": _with("price_alerts, deal_reports, operator_notices or sign_in_links"),
    "pipeline_runs": _RECORD,
    "price_alerts": _RECORD,
    "price_corrections": _RECORD,
    "price_days": Kept(_IN_POSTGRES, because="it is what stays of points that were dropped"),
    "price_movers": Kept(_IN_POSTGRES, "400 d"),
    "price_origins": Kept(
        _IN_POSTGRES, because="a row for each run that brought points, which name it"
    ),
    "price_points": Kept(_IN_POSTGRES, "KEEPER_HISTORY_RETENTION_DAYS"),
    "price_series": _one_each("product and price type"),
    "price_statistics": _one_each("series"),
    "price_trends": Kept(
        _IN_POSTGRES, "400 d", because="days stay: a row for each group that moved"
    ),
    "product_kinds": _one_each("product"),
    "product_labels": _one_each("product and change of its category or brand"),
    # Rejected ones stay: nobody proposes them again.
    "product_proposals": _RECORD,
    "products": _one_each("product"),
    "published_histories": Kept(
        _IN_POSTGRES, because="a row for each series; without it a paid history is fetched again"
    ),
    "quarantined_records": _RECORD,
    "reconciliations": _RECORD,
    "reported_deals": _with("deal_reports"),
    "requests": _RECORD,
    "sessions": _RECORD,
    "short_tokens": Kept(_IN_POSTGRES, because="the console deletes what has expired"),
    "sign_in_links": _RECORD,
    "telegram_bot": _one_each("installation"),
    "telegram_codes": _one_each("user"),
    "telegram_links": _with("users"),
    "token_accounts": _one_each("key"),
    "token_ledger": _RECORD,
    "trend_bases": Kept(_IN_POSTGRES, because="a row for each day and group that moved"),
    "trend_changes": _one_each("series"),
    "user_limits": _one_each("user and limit"),
    "users": _one_each("user"),
    "watched_products": _with("users"),
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
    "keeper-groups": Kept(None, "the latest of each group"),
}
FOLDERS = {
    "lake": Kept(
        "keeper backup make: replies",
        "KEEPER_LAKE_RETENTION_DAYS",
        "files of runs: KEEPER_RUN_FILES_RETENTION_DAYS",
    ),
    "data_docs": Kept(None, "KEEPER_RUN_FILES_RETENTION_DAYS"),
    "run_dir": Kept("the workers that run", because="one small file for each worker"),
}
INDICES = {
    "keeper-prices": Kept("keeper search rebuild", because="mirrors price_points"),
    "keeper-deals": Kept("keeper search rebuild", because="mirrors collected_deals"),
    "keeper-tokens": Kept("keeper search rebuild", because="mirrors token_ledger"),
    "keeper-runs": Kept("keeper search rebuild", because="mirrors pipeline_runs"),
    "keeper-task-logs": Kept(None, "KEEPER_AIRFLOW_RETENTION_DAYS"),
}
VOLUMES = {
    "postgres-data": Kept(_IN_POSTGRES, because="its tables are named above"),
    "kafka-data": _TRANSIT,
    "elasticsearch-data": Kept("keeper search rebuild", because="its indices are named above"),
    "kibana-data": Kept("docker/kibana/keeper.ndjson", because="does not grow by itself"),
    "redis-data": Kept("PostgreSQL, which it caches", because="holds what waits"),
    "airflow-logs": Kept(None, "KEEPER_AIRFLOW_RETENTION_DAYS"),
    "lake": FOLDERS["lake"],
    "data-docs": FOLDERS["data_docs"],
    "sealed-settings": Kept("check-settings, from secrets/ and .env", because="one file"),
    "backups": Kept(None, "KEEPER_BACKUP_RETENTION_DAYS"),
}


def test_every_table_topic_folder_and_volume_is_named(root: Path) -> None:
    schema = (root / "sql" / "schema.sql").read_text("utf-8")
    tables = set(re.findall(r"^CREATE TABLE public\.(\w+)", schema, re.MULTILINE))
    assert set(TABLES) == tables
    assert set(TOPICS) == set(topics_to_make())
    assert set(FOLDERS) == set(FolderSettings.model_fields)
    assert set(VOLUMES) == set(composition(BASE)["volumes"])
    aliases = {mirror.alias for mirror in MIRRORS.values()}
    aliases |= {mirror.alias for mirror in RECORD_MIRRORS.values()}
    assert set(INDICES) == aliases | {TASK_LOGS}


def test_each_has_a_backup_or_a_retention_that_there_is() -> None:
    everything = {**TABLES, **TOPICS, **FOLDERS, **INDICES, **VOLUMES}
    assert [name for name, kept in everything.items() if not (kept.backup or kept.retention)] == []
    assert [name for name, kept in everything.items() if not (kept.because or kept.retention)] == []
    settings = {kept.retention for kept in everything.values() if kept.retention}
    assert {name for name in settings if name.startswith("KEEPER_")} <= set(VARIABLES)


def test_what_goes_with_something_else_is_deleted_with_it(root: Path) -> None:
    schema = (root / "sql" / "schema.sql").read_text("utf-8")
    keys = re.findall(
        r"ALTER TABLE ONLY public\.(\w+)\n +ADD CONSTRAINT \w+ FOREIGN KEY \(\w+\)"
        r" REFERENCES public\.(\w+)\(\w+\) ON DELETE CASCADE",
        schema,
    )
    said = {
        (name, parent)
        for name, kept in TABLES.items()
        if (kept.because or "").startswith("goes with")
        for parent in re.findall(r"\w+_\w+|users|outbox", kept.because or "")
    }
    assert said
    assert said <= set(keys)


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
