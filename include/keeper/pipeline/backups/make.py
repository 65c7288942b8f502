"""Makes a backup: PostgreSQL, then Keepa's replies, then the settings, and last its manifest."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.errors import KeeperError, SettingsError
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.manifest import FORMAT, Kind, Manifest, Postgres
from keeper.pipeline.backups.place import place_of, publish, remove_unfinished
from keeper.pipeline.backups.replies import copy_replies
from keeper.pipeline.backups.secrets import copy_sealed, settings_now, write_encrypted
from keeper.pipeline.services.configuration import kafka_config, lake, postgres_config
from keeper.settings import Settings
from keeper.stores.postgres.backups import base_backups, dumps, wal
from keeper.stores.postgres.backups.programs import (
    Programs,
    has_started_with,
    server_of,
    server_time,
)
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.exclusive import exclusive
from keeper.stores.postgres.migrations import applied_migrations
from keeper.streams.config import KafkaConfig
from keeper.streams.groups.offsets import committed
from keeper.streams.topic_reader import TopicReader
from keeper.streams.topics import is_dead_letter_topic
from keeper.streams.workers import READERS

_LOG: Final = logging.getLogger(__name__)
KEEPERS: Final = "keeper.dump"
AIRFLOWS: Final = "airflow.dump"
BASE: Final = "base"


@dataclass(slots=True)
class _Made:
    """What has been written so far."""

    name: str
    path: Path
    began_at: datetime
    without: list[str] = field(default_factory=list)


def programs_of(settings: Settings) -> Programs:
    """Return PostgreSQL's programs as the settings name them."""
    return Programs(settings.backups.programs)


def server_config(settings: Settings) -> PostgresConfig | None:
    """Return the login that may copy the whole server; None where it is not Keeper's own."""
    url = settings.backups.server_url_with_password
    if url is None:
        return None
    return PostgresConfig(
        url.get_secret_value(), application="keeper-backup", setting="KEEPER_BACKUP_SERVER_URL"
    )


def airflow_config(settings: Settings) -> PostgresConfig | None:
    """Return where Airflow's database is, if Keeper knows."""
    url = settings.airflow.database_url_with_password
    if url is None:
        return None
    return PostgresConfig(url.get_secret_value(), setting="KEEPER_AIRFLOW_DATABASE_URL")


def make_backup(
    settings: Settings, *, clock: Clock = utc_now, say: Callable[[str], None] = lambda line: None
) -> Manifest:
    """Make a backup and return its manifest; interrupted, it leaves none, and the next removes it.

    The server as a whole is copied where KEEPER_BACKUP_SERVER_URL names a login that may do that;
    otherwise each database is dumped. The copy of the lake comes after PostgreSQL's, so that it is
    never the older one.

    Args:
        settings: Where everything is, and goes.
        clock: The time.
        say: Receives a line about each part.

    Raises:
        AlreadyRunningError: Another process makes one.
        SettingsError: Nothing says where it goes, or PostgreSQL's programs are missing.
        OlderClientError: PostgreSQL's programs are older than the server.
        ProgramFailedError: One of them failed.
        KeeperError: A store does not answer.
    """
    place, keepers = place_of(settings), postgres_config(settings)
    with session(keepers) as connection, exclusive(connection, "making a backup"):
        for left in remove_unfinished(place):
            _LOG.warning("%s was never finished and is removed", left)
        began_at = clock()
        name = manifests.free_name(place.root, began_at)
        path = manifests.sets_of(place.work) / f"{name}{manifests.UNFINISHED}"
        made = _Made(name, path, began_at)
        made.path.mkdir(mode=0o700, parents=True)
        migrations = applied_migrations(connection)
        server = server_config(settings)
        if server is None:
            kind, moment, postgres = _dump(settings, keepers, made, migrations)
        else:
            kind, moment, postgres = _copy_server(settings, server, keepers, made, migrations)
        say(f"PostgreSQL {postgres.server}: a {kind} of {', '.join(postgres.databases)}")
        copied = copy_replies(lake(settings), place.replies())
        say(f"replies of Keepa: {copied.replies:,}, {copied.bytes / 1e6:,.1f} MB of them new")
        topics, groups = _offsets(kafka_config(settings), made)
        variables = settings_now()
        secrets = _secrets(settings, variables, made)
        say(
            f"settings: {len(variables)} are listed, "
            + (f"and encrypted in {secrets}" if secrets else "their values are left out")
        )
        manifest = Manifest(
            format=FORMAT,
            name=made.name,
            kind=kind,
            keeper=version("keeper"),
            began_at=began_at,
            moment=moment,
            finished_at=clock(),
            postgres=postgres,
            topics=topics,
            groups=groups,
            replies=copied.replies,
            settings=sorted(variables),
            secrets=secrets,
            without=made.without,
            files=dict(manifests.files_below(made.path)),
        )
        manifests.write(made.path, manifest)
        publish(place, made.path, name)
    return manifest


def _copy_server(
    settings: Settings,
    config: PostgresConfig,
    keepers: PostgresConfig,
    made: _Made,
    migrations: list[str],
) -> tuple[Kind, datetime, Postgres]:
    programs, server = programs_of(settings), server_of(config)
    programs.require_as_new_as("pg_basebackup", server)
    with session(config) as connection, session(keepers) as other:
        if not has_started_with(connection, other):
            raise SettingsError(
                "KEEPER_BACKUP_SERVER_URL names another server than DATABASE_URL: its copy would "
                "be without Keeper's database"
            )
        wal.make_slot(connection)
    path = made.path / BASE
    base_backups.make(programs, config, path, label=f"keeper {made.name}")
    with session(config) as connection:
        # By the server's clock, and once it is complete: a recovery cannot end before.
        moment = server_time(connection)
        rows = connection.execute(
            "SELECT datname AS name FROM pg_database WHERE NOT datistemplate ORDER BY datname"
        ).fetchall()
    base_backups.validate(path)
    first = base_backups.first_segment(path)
    postgres = Postgres(
        server=server.text,
        client=programs.major_of("pg_basebackup"),
        databases=[row["name"] for row in rows],
        migrations=migrations,
        log=manifests.log_name(base_backups.system_of(path), int(first[:8], 16)),
        first_segment=first,
    )
    return Kind.BASE, moment, postgres


def _dump(
    settings: Settings, keepers: PostgresConfig, made: _Made, migrations: list[str]
) -> tuple[Kind, datetime, Postgres]:
    _require_readable(keepers)
    programs, server = programs_of(settings), server_of(keepers)
    programs.require_as_new_as("pg_dump", server)
    databases = ["Keeper"]
    with dumps.snapshot(keepers) as seen:
        dumps.dump(programs, keepers, made.path / KEEPERS, seen=seen)
    airflows = airflow_config(settings)
    if airflows is None:
        made.without.append(
            "Airflow's database: KEEPER_AIRFLOW_DATABASE_URL does not say where it is"
        )
    else:
        programs.require_as_new_as("pg_dump", server_of(airflows))
        dumps.dump(programs, airflows, made.path / AIRFLOWS)
        databases.append("Airflow")
    postgres = Postgres(
        server=server.text,
        client=programs.major_of("pg_dump"),
        databases=databases,
        migrations=migrations,
        rows=seen.rows,
    )
    return Kind.DUMP, seen.moment, postgres


def _require_readable(config: PostgresConfig) -> None:
    with session(config) as connection:
        rows = connection.execute(
            "SELECT current_user AS login FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND ("
            "  relkind IN ('r', 'p') AND NOT has_table_privilege(oid, 'SELECT')"
            # Of another kind of relation it is an error to ask, whatever comes first.
            "  OR CASE WHEN relkind = 'S' THEN NOT has_sequence_privilege(oid, 'SELECT') END)"
            " LIMIT 1"
        ).fetchall()
    if rows:
        raise SettingsError(
            f"{rows[0]['login']} may not read all of Keeper's database: a dump needs the login "
            "that owns it, as keeper migrate does; give this command that one in DATABASE_URL"
        )


def _offsets(
    kafka: KafkaConfig, made: _Made
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Return where topics end and groups stand; a backup is none the worse without."""
    topics: dict[str, dict[str, int]] = {}
    groups: dict[str, dict[str, int]] = {}
    try:
        with TopicReader(kafka) as reader:
            partitions = reader.topics()
            for topic in partitions:
                spans = reader.spans(topic)
                topics[topic] = {str(span.partition): span.end for span in spans}
                if is_dead_letter_topic(topic) and any(map(len, spans)):
                    made.without.append(
                        f"messages of {topic}: what is not replayed within its retention is lost"
                    )
        for group, topic in READERS.items():
            places = committed(kafka, group, {topic: partitions.get(topic, 0)})
            groups[group] = {str(place): offset for (_, place), offset in places.items()}
    except KeeperError as error:
        made.without.append(f"offsets of Kafka: {error}")
        return {}, {}
    return topics, groups


def _secrets(settings: Settings, variables: dict[str, str], made: _Made) -> str | None:
    try:
        if settings.backups.sealed is not None:
            return copy_sealed(settings.backups.sealed, made.path)
        return write_encrypted(variables, made.path, settings.backups.recipient)
    except SettingsError as error:
        made.without.append(f"the values of settings, secrets among them: {error}")
        return None
