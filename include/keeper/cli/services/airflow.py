"""`keeper airflow`: one of Airflow's processes, which waits for what it would end without."""

import logging
import os
import sys
from pathlib import Path
from typing import Final

import typer

_LOG: Final = logging.getLogger(__name__)


def airflow(context: typer.Context) -> None:
    """Wait until Airflow's database can be used, say so, and become `airflow` with these arguments.

    Airflow's own processes end with a trace when PostgreSQL does not answer, after seconds of
    processor time; started over and over they take a machine that has just booted for themselves.
    This costs next to nothing while it waits. Needs KEEPER_AIRFLOW_DATABASE_URL, where Airflow's
    tables are. Example: keeper airflow scheduler --skip-serve-logs
    """
    from keeper.errors import SettingsError
    from keeper.pipeline.services.waiting import waiting_for
    from keeper.settings import load_settings
    from keeper.stores.postgres.connection import PostgresConfig
    from keeper.stores.postgres.storage.airflow_tables import require_airflow_tables

    if not context.args:
        raise typer.BadParameter("name one of Airflow's processes, as in: keeper airflow scheduler")
    url = load_settings().airflow.database_url_with_password
    if url is None:
        raise SettingsError("set KEEPER_AIRFLOW_DATABASE_URL: where Airflow's own tables are")
    database = PostgresConfig(url.get_secret_value(), setting="KEEPER_AIRFLOW_DATABASE_URL")
    waiting = waiting_for("Airflow's database", on_wait=_LOG.warning)
    waiting(require_airflow_tables, database)
    command = [str(Path(sys.executable).with_name("airflow")), *context.args]
    # In this process's place, so that it gets its signals and its exit code is the process's.
    os.execv(command[0], command)  # noqa: S606  # no shell is wanted
