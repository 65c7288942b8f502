"""Airflow's Fernet key is changed as docs/SECRETS.md says: `new,old`, a command, then `new`."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.dags.conftest import Printed, RunInFork

PASSWORD = "a-password-to-keep"
Airflow = Callable[..., Printed]


@pytest.fixture
def airflow(run_in_fork: RunInFork, airflow_home: Path, tmp_path: Path) -> Airflow:
    """Runs a command of Airflow with a Fernet key, on tables that nobody else uses."""
    for file in airflow_home.glob("airflow.db*"):
        shutil.copy(file, tmp_path)
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as tables:
        # What other tests left is written with another key.
        for table in ("connection", "variable", "trigger"):
            tables.execute(f"DELETE FROM {table}")
        tables.commit()

    def run(key: str, *words: str) -> Printed:
        return run_in_fork(
            Path(__file__).with_name("own_tables.py"),
            *words,
            cwd=tmp_path,
            AIRFLOW__CORE__FERNET_KEY=key,
            # The tests' tables are made at once, not by migrations.
            AIRFLOW__DATABASE__CHECK_MIGRATIONS="False",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tmp_path}/airflow.db",
        )

    return run


def test_connections_are_read_with_the_new_key_alone_after_a_rotation(airflow: Airflow) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    made = airflow(old, *"connections add kept --conn-type http --conn-password".split(), PASSWORD)
    assert made.code == 0, made.text[-3000:]

    show = ("connections", "get", "kept", "--output", "json")
    assert PASSWORD in airflow(f"{new},{old}", *show).text
    rotated = airflow(f"{new},{old}", "rotate-fernet-key")
    assert rotated.code == 0, rotated.text[-3000:]

    assert PASSWORD in airflow(new, *show).text
