"""Elasticsearch after a restore: made anew from PostgreSQL, and compared with it."""

from datetime import datetime

from keeper.pipeline.search.mirrors import MIRRORS
from keeper.pipeline.search.rebuild import rebuild_search
from keeper.pipeline.search.reconcile import reconcile
from keeper.pipeline.search.records import RECORD_MIRRORS, rebuild_records
from keeper.pipeline.services.configuration import elasticsearch_config, kafka_config
from keeper.pipeline.services.migrate import migrate_part
from keeper.settings import Settings
from keeper.stores.postgres.connection import Connection


def rebuild_all(settings: Settings, connection: Connection, *, at: datetime) -> str:
    """Make every index anew from PostgreSQL, and return what they hold."""
    migrate_part("elasticsearch", settings)
    made = []
    with elasticsearch_config(settings).client() as client:
        for mirror in MIRRORS.values():
            done = rebuild_search(connection, client, kafka_config(settings), mirror)
            made.append(f"{done.copied:,} {mirror.name}")
        for records in RECORD_MIRRORS.values():
            _, written = rebuild_records(connection, client, records, at=at)
            made.append(f"{written.written:,} {records.name}")
    return f"rebuilt from PostgreSQL: {', '.join(made)}"


def compare_all(settings: Settings, connection: Connection, *, at: datetime) -> list[str]:
    """Return where Elasticsearch differs from PostgreSQL, a sentence each."""
    different = []
    with elasticsearch_config(settings).client() as client:
        for mirror in MIRRORS.values():
            found = reconcile(connection, client, mirror, at=at, dry_run=True)
            if found.wrong:
                different.append(
                    f"{mirror.name}: {found.missing:,} documents missing, {found.outdated:,} "
                    f"outdated, {found.surplus:,} too many"
                )
    return different
