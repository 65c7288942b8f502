"""The same DAGs on CeleryExecutor: a real Redis, two real workers, each with its kinds of work."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from stack.airflow_api import AirflowApi
from stack.docker.commands import need_programs
from stack.layout import Layout
from tests.e2e.runs import trigger, wait_for_end
from tests.e2e.secret_search import in_files
from tests.own_airflow import in_place_of_the_scheduler
from tests.services import Stack, free_port

pytestmark = pytest.mark.timeout(900)

WORKERS = {"first": "prices,default", "second": "deals,storage,default"}
# As in docker-compose.prod.yaml: whoever runs tasks signs for nobody.
KEYS = ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY")
RUNS = {"track_prices": "prices", "collect_deals": "deals", "check_operations": "default"}


@dataclass(frozen=True)
class Broker:
    """A Redis and its password."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


@pytest.fixture
def broker(stack: Stack, tmp_path: Path) -> Iterator[Broker]:
    need_programs(Layout(Path(stack["KEEPER_RUN_DIR"]).parent), "redis-server")
    broker = Broker(free_port(), secrets.token_hex(16))
    folder = tmp_path / "redis"
    folder.mkdir()
    settings = folder / "redis.conf"
    settings.write_text(
        f"bind 127.0.0.1\nport {broker.port}\nrequirepass {broker.password}\n"
        f'dir {folder}\nsave ""\n'
    )
    process = subprocess.Popen(["redis-server", settings], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    with Redis.from_url(broker.url) as client:
        while True:
            try:
                client.ping()
                break
            except RedisConnectionError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)  # between two looks at a starting process
    yield broker
    process.terminate()
    process.wait(timeout=20)


def celery(stack: Stack, broker: Broker) -> dict[str, str]:
    database = stack["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": broker.url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
    }


def executed(stack: Stack, run_ids: list[str]) -> list[dict[str, str]]:
    """Return the executed tasks of runs: their DAG, queue and Celery's id."""
    url = stack["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(
            "SELECT dag_id, queue, external_executor_id AS id FROM task_instance"
            " WHERE run_id = ANY(%s) AND external_executor_id IS NOT NULL",
            [run_ids],
        ).fetchall()


def test_runs_on_two_celery_workers_end_well_each_task_where_its_queue_is_read(
    airflow: AirflowApi, stack: Stack, broker: Broker, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    output.mkdir()
    commands = {"scheduler": ["scheduler", "--skip-serve-logs"]} | {
        name: [
            *("celery", "worker", "--queues", queues),
            *("--celery-hostname", f"{name}@%h", "--pid", str(tmp_path / f"{name}.pid")),
            *("--skip-serve-logs", "--without-mingle", "--without-gossip"),
        ]
        for name, queues in WORKERS.items()
    }
    settings = celery(stack, broker)
    with in_place_of_the_scheduler(stack, commands, settings, output, held_by_schedulers=KEYS):
        runs = {dag_id: trigger(airflow, dag_id) for dag_id in RUNS}
        for dag_id, run_id in runs.items():
            assert wait_for_end(airflow, dag_id, run_id) == "success"

    tasks = executed(stack, list(runs.values()))
    assert {(task["dag_id"], task["queue"]) for task in tasks} == set(RUNS.items())
    done = {name: (output / f"{name}.out").read_text() for name in WORKERS}
    for task in tasks:
        readers = {name for name, queues in WORKERS.items() if task["queue"] in queues.split(",")}
        took = {name for name, text in done.items() if task["id"] in text}
        assert len(took) == 1
        assert took <= readers
    assert list(in_files((output,), [broker.password])) == []
