"""Airflow's own files go to a folder of the session, before anything imports it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="keeper-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

import pytest
from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch import deal_index, price_index
from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
from keeper.stores.postgres.connection import PostgresConfig
from keeper.streams.config import KafkaConfig
from keeper.streams.topics import make_topics, topics_to_make
from tests.services import ROOT, Stack, remove_alias

RunDag = Callable[..., "DagRun"]
_MAKE_TABLES = """
from airflow.models.pool import Pool
from airflow.utils.db import initdb
initdb()
Pool.create_or_update_pool("keepa", 4, "Tasks that ask Keepa", include_deferred=False)
"""


@dataclass(frozen=True)
class DagRun:
    """How a run ended: its state, and by task states, results and one-line summaries."""

    run_id: str
    state: str
    states: dict[str, str | None]
    results: dict[str, Any]
    summaries: dict[str, str]
    log: str


def connection_to(url: str) -> str:
    """Return Airflow's connection to a PostgreSQL database, as JSON."""
    parts = urlsplit(url)
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": parts.hostname,
            "port": parts.port,
            "login": parts.username,
            "password": parts.password,
            "schema": parts.path.lstrip("/"),
        }
    )


@pytest.fixture(scope="session")
def airflow_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an Airflow of the tests' own, whose tables are in SQLite."""
    return _of_airflow(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="session")
def airflow_home(airflow_environment: dict[str, str]) -> Path:
    """Its home, with its tables and the pool made."""
    subprocess.run(
        [sys.executable, "-c", _MAKE_TABLES],
        env={**os.environ, **airflow_environment},
        check=True,
        capture_output=True,
    )
    return Path(airflow_environment["AIRFLOW_HOME"])


@pytest.fixture(scope="session")
def migrated_stores(stack: Stack) -> Iterator[None]:
    """Keeper's own topics and indices, under their own names."""
    admin = KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"]).admin()
    topics = make_topics(admin, topics_to_make())
    set_ups = {PRICES_ALIAS: price_index.set_up, DEALS_ALIAS: deal_index.set_up}
    with Elasticsearch(stack["ELASTICSEARCH_URL"], request_timeout=30) as client:
        aliases = [alias for alias, set_up in set_ups.items() if set_up(client)]
        yield
        for alias in aliases:
            remove_alias(client, alias)
    for future in admin.delete_topics(topics).values() if topics else ():
        future.result()


@pytest.fixture
def dag_environment(
    stack: Stack,
    airflow_home: Path,
    airflow_environment: dict[str, str],
    database: PostgresConfig,
    tmp_path: Path,
) -> dict[str, str]:
    """The environment of a run: the stack's services, and the test's own database and lake."""
    return {
        **stack.environment,
        **airflow_environment,
        "AIRFLOW_CONN_KEEPER_POSTGRES": connection_to(database.url),
        "DATABASE_URL": database.url,
        "KEEPER_LAKE": (tmp_path / "lake").as_uri(),
    }


@pytest.fixture
def run_dag(dag_environment: dict[str, str], tmp_path: Path) -> RunDag:
    """Runs a DAG once by `dag.test()`, with `conf` and changes of the environment."""

    def run(dag_id: str, conf: dict[str, Any] | None = None, **changes: str) -> DagRun:
        file = str(ROOT / "dags" / f"{dag_id}.py")
        asked = json.dumps({"file": file, "dag_id": dag_id, "conf": conf or {}})
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("one_run.py")), asked],
            env={**os.environ, **dag_environment, **changes},
            cwd=tmp_path,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        return DagRun(**json.loads(done.stdout.splitlines()[-1]), log=done.stdout)

    return run


def _of_airflow(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "PYTHONPATH": f"{ROOT / 'include'}",
    }
