"""`keeper airflow`: waits for Airflow's database and tables, and becomes Airflow's process."""

import os
import subprocess
import sys
from pathlib import Path

from keeper.stores.postgres.connection import Connection, PostgresConfig


def test_it_says_what_it_waits_for_and_goes_on_by_itself(
    database: PostgresConfig, connection: Connection, tmp_path: Path
) -> None:
    settings = {"KEEPER_AIRFLOW_DATABASE_URL": database.url, "AIRFLOW_HOME": str(tmp_path)}
    with subprocess.Popen(
        [Path(sys.executable).with_name("keeper"), "airflow", "version"],
        env=os.environ | settings,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        waits = process.stderr.readline()
        connection.execute("CREATE TABLE alembic_version AS SELECT 'x' AS version_num")
        version, _ = process.communicate()

    assert "waiting for Airflow's database, 0 s: it has no tables of Airflow's yet" in waits
    assert process.returncode == 0
    assert version.splitlines()[-1].startswith("3.")
