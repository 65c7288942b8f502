"""The tasks of `maintain_storage`: they keep the stores, and Airflow's own, in order."""

import logging
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Connection, TriggerRule
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException
from airflow.sdk.types import RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.errors import TransientError
from keeper.orchestration.airflow.assets import OUTBOX, PRICE_HISTORY, REPLIES
from keeper.orchestration.airflow.connections import database, elasticsearch_config
from keeper.orchestration.airflow.lake import lake
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.runs.summaries import conclude
from keeper.settings import load_settings

if TYPE_CHECKING:
    from keeper.pipeline.storage.maintain import Kind

_DELETE: Final = "delete"
_REPORT: Final = "report"
"""Of Course, which a DAG file may not import, as Kind."""
METADATA_CONN: Final = "keeper_airflow_metadata"
_LOG: Final = logging.getLogger(__name__)


class CleaningFailedError(TransientError):
    """Airflow could not clean its own database."""


@task(inlets=[OUTBOX])
def choose_course(params: dict[str, Any]) -> dict[str, str]:
    """Return what this run does with what is past its retention, by kind: see Course and Kind."""
    from keeper.pipeline.storage.course import choose_courses

    asked = params["apply"]
    with database() as connection:
        courses = choose_courses(
            connection,
            load_settings().retention,
            asked=None if asked is None else bool(asked),
        )
    return {kind.value: course.value for kind, course in courses.items()}


@task(outlets=[PRICE_HISTORY])
def make_months() -> list[str]:
    """Make the partitions of the months to come."""
    from keeper.stores.postgres.storage.retention import make_months

    with database() as connection:
        return make_months(connection, utc_now())


@task(
    execution_timeout=timedelta(hours=6),
    inlets=[PRICE_HISTORY],
    outlets=[PRICE_HISTORY],
)
def roll_up() -> dict[str, Any]:
    """Bring roll-ups and statistics up to the points that have come."""
    from keeper.stores.postgres.prices.roll_ups import roll_up

    with database() as connection:
        return asdict(roll_up(connection, at=utc_now()))


@task(execution_timeout=timedelta(hours=2))
def check() -> None:
    """Check that the database is sound and count anew what is in it."""
    from keeper.pipeline.storage.maintain import require_sound_storage
    from keeper.stores.postgres.storage.retention import analyse

    with database() as connection:
        require_sound_storage(connection, utc_now())
        analyse(connection)


@task(inlets=[PRICE_HISTORY])
def drop_old_rows(course: dict[str, str]) -> dict[str, dict[str, int]]:
    """Drop points and records past their retention; return rows and bytes, by table."""
    from keeper.pipeline.storage.maintain import Retention, drop_old

    settings = load_settings()
    retention = Retention(settings.retention.history_days, settings.retention.records_days)
    with database() as connection:
        old = drop_old(
            connection,
            retention,
            at=utc_now(),
            apply=_REPORT not in course.values(),
            only_reported=_kept(course),
        )
    return {one.name: {"rows": one.rows, "bytes": one.bytes} for one in old}


# Of other stores: what is wrong with the database need not hold them.
@task(
    trigger_rule=TriggerRule.ALL_DONE,
    is_independent=True,
    execution_timeout=timedelta(hours=2),
    inlets=[REPLIES],
)
def drop_old_files(course: dict[str, str] | None) -> dict[str, Any]:
    """Delete replies, run files, Data Docs and Airflow's logs past their retention."""
    from keeper.pipeline.storage.maintain import Kind, drop_old_folders
    from keeper.pipeline.storage.prune_lake import prune_lake
    from keeper.stores.postgres.runs.runs import running_runs

    settings, now, kept = load_settings(), utc_now(), _kept(course)
    with database() as connection:
        running = running_runs(connection)
    pruned = prune_lake(
        lake(),
        at=now,
        keep_replies_days=settings.retention.replies_days,
        keep_runs_days=settings.retention.run_files_days,
        running=running,
        only_counted=kept,
    )
    docs_before = now - timedelta(days=settings.retention.run_files_days)
    docs = drop_old_folders(
        Path(settings.folders.data_docs), docs_before, apply=Kind.RUN_FILES not in kept
    )
    logs_before = now - timedelta(days=settings.retention.airflow_days)
    logs_of = Path(conf.get("logging", "base_log_folder"))
    # A folder a run, and a folder a day of the process that reads the DAG files.
    of_each = (*logs_of.glob("dag_id=*"), logs_of / "dag_processor")
    apply = Kind.AIRFLOW not in kept
    logs = [drop_old_folders(folder, logs_before, apply=apply) for folder in of_each]
    return {
        "replies": asdict(pruned.replies),
        "run_files": asdict(pruned.runs),
        "data_docs": asdict(docs),
        "airflow_logs": {
            "folders": sum(one.folders for one in logs),
            "bytes": sum(one.bytes for one in logs),
        },
    }


@task(trigger_rule=TriggerRule.ALL_DONE, is_independent=True)
def drop_old_task_logs(course: dict[str, str] | None) -> list[str]:
    """Drop the months of task logs past their retention from Elasticsearch; return the indices.

    Raises:
        AirflowSkipException: Elasticsearch does not answer; the next run makes up for it.
    """
    from keeper.pipeline.storage.maintain import Kind
    from keeper.stores.elasticsearch.connection import SearchUnavailableError
    from keeper.stores.elasticsearch.task_log_index import drop_months

    before = utc_now() - timedelta(days=load_settings().retention.airflow_days)
    with elasticsearch_config().client() as client:
        try:
            return drop_months(client, before, apply=Kind.AIRFLOW not in _kept(course))
        except SearchUnavailableError as error:
            raise AirflowSkipException(f"{error}; the next run drops what is due") from None


@task(trigger_rule=TriggerRule.ALL_DONE, is_independent=True, execution_timeout=timedelta(hours=2))
def clean_airflow(course: dict[str, str] | None) -> None:
    """Delete what Airflow's own database has recorded before its retention.

    By Airflow's own command, in a process of its own: a task may not reach that database but by
    this connection.

    Raises:
        AirflowSkipException: There is no connection to it.
        CleaningFailedError: The command failed; its output is in the log.
    """
    from keeper.pipeline.storage.maintain import Kind

    try:
        connection = Connection.get(METADATA_CONN)
    except AirflowNotFoundException:
        raise AirflowSkipException(
            f"there is no connection {METADATA_CONN}: make one of type postgres to Airflow's own "
            "database, or run `airflow db clean` elsewhere"
        ) from None
    before = utc_now() - timedelta(days=load_settings().retention.airflow_days)
    command = [
        *(sys.executable, "-m", "airflow", "db", "clean"),
        *("--clean-before-timestamp", before.isoformat()),
        *("--skip-archive", "--error-on-cleanup-failure"),
        "--dry-run" if Kind.AIRFLOW in _kept(course) else "--yes",
    ]
    url = connection.get_uri().replace("postgres://", "postgresql+psycopg2://", 1)
    done = subprocess.run(
        command,
        env=os.environ | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    _LOG.info("%s", done.stdout)
    if done.returncode:
        raise CleaningFailedError(
            f"airflow db clean ended with {done.returncode}; the log above says why"
        )


@task(trigger_rule=TriggerRule.ALL_DONE, retries=1, outlets=[OUTBOX])
def summarise(
    course: dict[str, str] | None,
    months: list[str] | None,
    rolled_up: dict[str, Any] | None,
    rows: dict[str, dict[str, int]] | None,
    files: dict[str, Any] | None,
    logs: list[str] | None,
    ti: RuntimeTaskInstanceProtocol,
) -> str:
    """End the run with its line, or fail where one of its tasks did.

    Before anything of a kind is deleted for the first time, or sooner than it was, the operator is
    notified of what will be.
    """
    from keeper.pipeline.storage.course import Course, record_courses
    from keeper.pipeline.storage.maintain import Kind

    line = conclude(ti, storage_line(months, rolled_up, rows, files, logs, kept=_kept(course)))
    if course is not None:
        settings = load_settings()
        with database() as connection:
            record_courses(
                connection,
                {Kind(kind): Course(value) for kind, value in course.items()},
                past_retention(rows, files, logs),
                settings.retention,
                operator=settings.people.operator_email,
                at=utc_now(),
            )
    return line


def _kept(course: Mapping[str, str] | None) -> "frozenset[Kind]":
    """Return the kinds of which this run deletes nothing: all while the course is not known."""
    from keeper.pipeline.storage.maintain import Kind

    return frozenset(
        kind for kind in Kind if course is None or course.get(kind, _DELETE) != _DELETE
    )


def past_retention(
    rows: Mapping[str, Mapping[str, int]] | None,
    files: Mapping[str, Mapping[str, int]] | None,
    logs: Sequence[str] | None,
) -> "dict[Kind, list[str]]":
    """Return what is past its retention, by kind a line each, with the bytes it takes.

    What expires by itself is left out. Of Airflow's database nobody knows how much is old: it is
    named with whatever comes first.
    """
    from keeper.pipeline.storage.maintain import Kind, kind_of

    found: dict[Kind, list[str]] = {}
    for name, one in (rows or {}).items():
        if kind := kind_of(name):
            line = f"{name}: {one['rows']:,} rows, {one['bytes'] / 1e6:,.1f} MB"
            found.setdefault(kind, []).append(line)
    kinds = {"replies": Kind.REPLIES, "run_files": Kind.RUN_FILES, "data_docs": Kind.RUN_FILES}
    for name, one in (files or {}).items():
        count = sum(n for part, n in one.items() if part != "bytes")
        if count:
            line = f"{name.replace('_', ' ')}: {count:,}, {one['bytes'] / 1e6:,.1f} MB"
            found.setdefault(kinds.get(name, Kind.AIRFLOW), []).append(line)
    if logs:
        lines = [f"logs in Elasticsearch: {name}" for name in logs]
        found.setdefault(Kind.AIRFLOW, []).extend(lines)
    if found:
        found.setdefault(Kind.AIRFLOW, []).append("what Airflow's own database records of old runs")
    return found


def storage_line(
    months: Sequence[str] | None,
    rolled_up: Mapping[str, Any] | None,
    rows: Mapping[str, Mapping[str, int]] | None,
    files: Mapping[str, Any] | None,
    logs: Sequence[str] | None,
    *,
    kept: "Collection[Kind]",
) -> str:
    """Return the line of `maintain_storage`; `kept` are the kinds of which nothing was deleted."""
    from keeper.pipeline.storage.maintain import Kind

    rolled = ", ".join(f"{count} {name}" for name, count in (rolled_up or {}).items())
    # Of each kind a count and the bytes it takes.
    kinds = list((files or {}).values())
    count = sum(n for kind in kinds for name, n in kind.items() if name != "bytes")
    tables = list((rows or {}).values())
    size = sum(one["bytes"] for one in (*tables, *kinds))
    became = "dropped"
    if kept:
        became = "are past their retention and were kept"
        if len(kept) < len(Kind):
            became = f"dropped, but for {', '.join(sorted(kept))}, which were kept"
    return (
        f"{len(months or ())} new months; rolled up {rolled or 'nothing'}; "
        f"{sum(one['rows'] for one in tables)} rows, {count} replies, runs and folders "
        f"and {len(logs or ())} months of logs in Elasticsearch ({size / 1e6:,.1f} MB) "
        f"{became}"
    )
