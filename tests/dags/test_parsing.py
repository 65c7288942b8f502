"""Reading a DAG file is quick and reaches nothing; Airflow does it every few seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_CPU_S = 1.0

Readings = dict[str, dict[str, Any]]


def readings_of(folder: Path, home: Path) -> Readings:
    """Read a folder's DAG files as Airflow's DAG processor does; see parsing.py."""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "PYTHONPATH": str(ROOT / "include"),
    }
    script = Path(__file__).with_name("parsing.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    readings: Readings = json.loads(done.stdout.splitlines()[-1])
    return readings


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    found = readings_of(ROOT / "dags", tmp_path_factory.mktemp("airflow"))
    assert set(found) == {file.name for file in (ROOT / "dags").glob("*.py")}
    return found


def test_no_file_takes_a_second(readings: Readings) -> None:
    assert {name: one["cpu_s"] for name, one in readings.items() if one["cpu_s"] > MOST_CPU_S} == {}


def test_no_file_reaches_the_network_or_airflows_database(readings: Readings) -> None:
    assert {name: one["problems"] for name, one in readings.items() if one["problems"]} == {}


def test_no_file_imports_what_could_reach_a_service(readings: Readings) -> None:
    assert {name: one["clients"] for name, one in readings.items() if one["clients"]} == {}


SLOW = "import time\nuntil = time.process_time() + 1.2\nwhile time.process_time() < until: pass\n"
ASKING = "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')\n"
COUNTING = (
    "from airflow.settings import create_engine\n"
    "from airflow.configuration import conf\n"
    "try:\n"
    "    create_engine(conf.get('database', 'sql_alchemy_conn')).connect()\n"
    "except Exception:\n"
    "    pass\n"
)
HEAVY = "import psycopg\n"


def test_a_file_that_is_slow_or_reaches_something_is_noticed(tmp_path: Path) -> None:
    folder, home = tmp_path / "dags", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    sources = {"slow": SLOW, "asking": ASKING, "counting": COUNTING, "heavy": HEAVY}
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(f"from airflow.sdk import dag\n{source}", "utf-8")

    found = readings_of(folder, home)

    assert found["slow.py"]["cpu_s"] > MOST_CPU_S
    assert "socket.getaddrinfo" in found["asking.py"]["problems"]
    assert "sqlite3.connect" in found["counting.py"]["problems"]
    assert found["heavy.py"]["clients"] == ["psycopg"]
