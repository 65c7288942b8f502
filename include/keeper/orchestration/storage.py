"""Tasks that keep the stores, and Airflow's own, in order."""

import logging
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from airflow.sdk import Connection
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException

from keeper.clock import utc_now
from keeper.errors import TransientError
from keeper.orchestration.connections import database, elasticsearch_config
from keeper.orchestration.lake import lake
from keeper.settings import load_settings

METADATA_CONN: Final = "keeper_airflow_metadata"
_LOG: Final = logging.getLogger(__name__)


class CleaningFailedError(TransientError):
    """Airflow could not clean its own database."""


def make_months() -> list[str]:
    """Make the partitions of the months to come."""
    from keeper.stores.postgres.storage.retention import make_months

    with database() as connection:
        return make_months(connection, utc_now())


def roll_up() -> dict[str, Any]:
    """Bring roll-ups and statistics up to the points that have come."""
    from keeper.stores.postgres.prices.roll_ups import roll_up

    with database() as connection:
        return asdict(roll_up(connection, at=utc_now()))


def check_and_analyse() -> None:
    """Check that the database is sound and count anew what is in it."""
    from keeper.pipeline.storage.maintain import check_storage
    from keeper.stores.postgres.storage.retention import analyse

    with database() as connection:
        check_storage(connection, utc_now())
        analyse(connection)


def drop_old_rows(*, apply: bool) -> dict[str, int]:
    """Drop points and records past their retention; return how many rows, by table."""
    from keeper.pipeline.storage.maintain import Retention, drop_old

    settings = load_settings()
    retention = Retention(settings.retention.history_days, settings.retention.records_days)
    with database() as connection:
        old = drop_old(connection, retention, at=utc_now(), apply=apply)
    return {one.name: one.rows for one in old}


def drop_old_files(*, apply: bool) -> dict[str, Any]:
    """Delete replies, run files, Data Docs and Airflow's logs past their retention."""
    from keeper.pipeline.storage.maintain import drop_old_folders
    from keeper.pipeline.storage.prune_lake import prune_lake
    from keeper.stores.postgres.runs.runs import running_runs

    settings, now = load_settings(), utc_now()
    with database() as connection:
        running = running_runs(connection)
    pruned = prune_lake(
        lake(),
        at=now,
        keep_replies_days=settings.retention.replies_days,
        keep_runs_days=settings.retention.run_files_days,
        running=running,
        dry_run=not apply,
    )
    docs_before = now - timedelta(days=settings.retention.run_files_days)
    docs = drop_old_folders(Path(settings.folders.data_docs), docs_before, apply=apply)
    logs_before = now - timedelta(days=settings.retention.airflow_days)
    logs_of = Path(conf.get("logging", "base_log_folder"))
    # A folder a run, and a folder a day of the process that reads the DAG files.
    of_each = (*logs_of.glob("dag_id=*"), logs_of / "dag_processor")
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


def drop_old_task_logs(*, apply: bool) -> list[str]:
    """Drop the months of task logs past their retention from Elasticsearch; return the indices.

    Raises:
        AirflowSkipException: Elasticsearch does not answer; the next run makes up for it.
    """
    from keeper.stores.elasticsearch.connection import SearchUnavailableError
    from keeper.stores.elasticsearch.task_log_index import drop_months

    before = utc_now() - timedelta(days=load_settings().retention.airflow_days)
    with elasticsearch_config().client() as client:
        try:
            return drop_months(client, before, apply=apply)
        except SearchUnavailableError as error:
            raise AirflowSkipException(f"{error}; the next run drops what is due") from None


def clean_airflow(*, apply: bool) -> None:
    """Delete what Airflow's own database has noted before its retention.

    By Airflow's own command, in a process of its own: a task may not reach that database but by
    this connection.

    Raises:
        AirflowSkipException: There is no connection to it.
        CleaningFailedError: The command failed; its output is in the log.
    """
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
        "--yes" if apply else "--dry-run",
    ]
    url = connection.get_uri().replace("postgres://", "postgresql+psycopg2://", 1)
    done = subprocess.run(
        command,
        env={**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url},
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
