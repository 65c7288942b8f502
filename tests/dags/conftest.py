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
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from elasticsearch import Elasticsearch

from keeper.stores.elasticsearch import deal_index, price_index
from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
from keeper.stores.postgres.connection import PostgresConfig
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import topics_to_make
from tests.services import ROOT, Stack, remove_alias

RunDag = Callable[..., "DagRun"]
RunInFork = Callable[..., "Printed"]
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


@dataclass(frozen=True)
class Printed:
    """How a process ended, and what it printed on both of its outputs."""

    code: int
    text: str

    @property
    def last_line(self) -> Any:
        """Its last line, read as JSON; the process must have ended well."""
        assert self.code == 0, self.text[-5000:]
        return json.loads(self.text.splitlines()[-1])


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
def run_in_fork(
    airflow_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunInFork]:
    """Runs `python …` in a fork of a process that has imported Airflow, with other variables."""
    output = tmp_path_factory.mktemp("fork") / "output.txt"
    environment = {**os.environ, **airflow_environment}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("airflow_fork.py"))],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, codes = process.stdin, process.stdout

        def run(*argv: str | Path, cwd: Path, **changes: str) -> Printed:
            request = {
                "argv": [*map(str, argv)],
                "env": environment | changes,
                "cwd": str(cwd),
                "output": str(output),
            }
            requests.write(json.dumps(request) + "\n")
            code = codes.readline()
            assert code, "the process that is forked has ended"
            return Printed(int(code), output.read_text("utf-8", errors="replace"))

        yield run
        requests.close()


@pytest.fixture(scope="session")
def bag() -> DagBag:
    """Keeper's DAG files, read once; nobody changes what is in it."""
    return DagBag(str(ROOT / "dags"))


@pytest.fixture(scope="session")
def dags(bag: DagBag) -> dict[str, DAG]:
    """Keeper's DAGs by id."""
    return dict(bag.dags)


@pytest.fixture(scope="session")
def airflow_home(airflow_environment: dict[str, str], run_in_fork: RunInFork) -> Path:
    """Its home, with its tables and the pool made."""
    home = Path(airflow_environment["AIRFLOW_HOME"])
    script = home / "make_tables.py"
    script.write_text(_MAKE_TABLES, encoding="utf-8")
    made = run_in_fork(script, cwd=home)
    assert made.code == 0, made.text[-5000:]
    return home


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
def run_dag(dag_environment: dict[str, str], run_in_fork: RunInFork, tmp_path: Path) -> RunDag:
    """Runs a DAG once by `dag.test()`, with `conf` and changes of the environment; no retries."""

    def run(dag_id: str, conf: dict[str, Any] | None = None, **changes: str) -> DagRun:
        file = str(ROOT / "dags" / f"{dag_id}.py")
        asked = json.dumps({"file": file, "dag_id": dag_id, "conf": conf or {}, "retries": False})
        script = Path(__file__).with_name("one_run.py")
        done = run_in_fork(script, asked, cwd=tmp_path, **dag_environment | changes)
        return DagRun(**done.last_line, log=done.text)

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
