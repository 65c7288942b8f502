"""Task logs are copied to a real Elasticsearch and read back through Airflow's own REST API."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from keeper.orchestration import task_logs
from keeper.orchestration.airflow.connections import ELASTICSEARCH_CONN
from keeper.orchestration.task_logs.copies import TaskLogs
from keeper.settings import load_settings
from keeper.stores.elasticsearch import task_log_index
from keeper.stores.elasticsearch.task_log_index import TASK_LOGS
from stack.airflow_api import AirflowApi
from stack.errors import StackError
from tests.services import Stack, free_port, remove_alias
from tests.waiting import wait_until

DAGS = Path(__file__).with_name("own")
PASSWORD = "a-password-of-the-tests"
SECRET = "MarkedTaskWord7f3a9c"
CONNECTION = "AIRFLOW_CONN_KEEPER_ELASTICSEARCH"
NOBODY = json.dumps({"conn_type": "elasticsearch", "host": "127.0.0.1", "port": free_port()})
MUCH = 1_500
TRIES = [
    ("log_much", -1, 1),
    ("fail_once", -1, 1),
    ("fail_once", -1, 2),
    ("log_word", 0, 1),
    ("log_word", 1, 1),
    ("log_secret", -1, 1),
]
"""Every try of a run of log_lines: its task, map index and number."""


@dataclass(frozen=True)
class Page:
    """What Airflow shows of a try's log: where it comes from, and its lines."""

    sources: list[str]
    lines: list[str]


@dataclass(frozen=True)
class OwnAirflow:
    """An Airflow of the tests' own.

    Attributes:
        api: A session with its API server.
        logs: The folder of its task logs.
        run_dag: Runs a DAG of DAGS, with changes of the environment, and returns the run's id.
    """

    api: AirflowApi
    logs: Path
    run_dag: Callable[..., str]

    def page(
        self, dag_id: str, run_id: str, task_id: str, map_index: int = -1, number: int = 1
    ) -> Page:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{number}"
        content = self.api.ask("GET", path, params={"map_index": map_index})["content"]
        events = [line["event"] for line in content]
        end = events.index("::endgroup::")
        return Page(events[1:end], events[end + 1 :])

    @contextmanager
    def without_files(self) -> Iterator[None]:
        aside = self.logs.with_name("logs-aside")
        self.logs.rename(aside)
        try:
            yield
        finally:
            aside.rename(self.logs)


@pytest.fixture(scope="module")
def months(stack: Stack) -> Iterator[None]:
    """The template of the indices, and none of them afterwards."""
    with Elasticsearch(stack["ELASTICSEARCH_URL"], request_timeout=30) as client:
        task_log_index.set_up(client)
        yield
        remove_alias(client, TASK_LOGS)


@pytest.fixture(scope="module")
def environment(
    stack: Stack,
    airflow_home: Path,
    airflow_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    passwords = tmp_path_factory.mktemp("passwords") / "passwords.json"
    passwords.write_text(json.dumps({"admin": PASSWORD}))
    port = str(free_port())
    return {
        **os.environ,
        **stack.environment,
        **airflow_environment,
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__EXECUTOR": "inline_executor.InlineExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(airflow_home / "no-plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "KEEPER_TASK_LOGS": "elasticsearch",
    }


@pytest.fixture(scope="module")
def airflow(environment: dict[str, str], airflow_home: Path, months: None) -> Iterator[OwnAirflow]:
    """An Airflow with KEEPER_TASK_LOGS=elasticsearch whose API server runs."""

    def run_dag(dag_id: str, **changes: str) -> str:
        file = str(DAGS / f"{dag_id}.py")
        asked = {"file": file, "dag_id": dag_id, "conf": {}, "use_executor": True}
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("one_run.py")), json.dumps(asked)],
            env={**environment, **changes},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert said["state"] == "success", done.stdout[-5000:]
        return str(said["run_id"])

    with (airflow_home / "api-server.out").open("wb") as output:
        server = subprocess.Popen(
            [Path(sys.executable).parent / "airflow", "api-server", "--host", "127.0.0.1"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            api = logged_in(AirflowApi(int(environment["AIRFLOW__API__PORT"]), PASSWORD), server)
            with api:
                yield OwnAirflow(api, airflow_home / "logs", run_dag)
        finally:
            server.terminate()
            server.wait()


def logged_in(api: AirflowApi, server: "subprocess.Popen[bytes]") -> AirflowApi:
    def is_ready() -> bool:
        with suppress(StackError):
            api.__enter__()
            return True
        assert server.poll() is None, "it has ended"
        return False

    wait_until(is_ready, "the API server", every_s=0.2)
    return api


@pytest.fixture(scope="module")
def run_id(airflow: OwnAirflow, stack: Stack) -> str:
    """A finished run of log_lines whose logs can be found."""
    run_id = airflow.run_dag("log_lines")
    with Elasticsearch(stack["ELASTICSEARCH_URL"], request_timeout=30) as client:
        client.indices.refresh(index=f"{TASK_LOGS}-*")
    return run_id


def test_a_log_is_shown_from_its_file_while_that_is_there(airflow: OwnAirflow, run_id: str) -> None:
    page = airflow.page("log_lines", run_id, "log_word", 1)

    assert page.sources == [str(file) for file in airflow.logs.rglob("map_index=1/attempt=1.log")]


def test_without_its_file_it_is_shown_from_elasticsearch_as_it_was(
    airflow: OwnAirflow, run_id: str
) -> None:
    before = {one: airflow.page("log_lines", run_id, *one).lines for one in TRIES}
    with airflow.without_files():
        after = {one: airflow.page("log_lines", run_id, *one) for one in TRIES}

    assert {one: page.lines for one, page in after.items()} == before
    for (task_id, _, number), page in after.items():
        (source,) = page.sources
        assert source.startswith(f"{TASK_LOGS}: dag_id=log_lines/run_id={run_id}/task_id={task_id}")
        assert source.endswith(f"/attempt={number}.log")


def test_tries_and_mapped_tasks_have_each_its_own_lines(airflow: OwnAirflow, run_id: str) -> None:
    with airflow.without_files():
        tries = [airflow.page("log_lines", run_id, "fail_once", -1, n).lines for n in (1, 2)]
        words = [airflow.page("log_lines", run_id, "log_word", n).lines for n in (0, 1)]

    for number, lines in enumerate(tries, 1):
        assert [line for line in lines if "this is try" in line] == [f"this is try {number}"]
    for word, lines in zip(("apple", "pear"), words, strict=True):
        assert [line for line in lines if "the word is" in line] == [f"the word is {word}"]


def test_a_long_log_is_whole(airflow: OwnAirflow, run_id: str) -> None:
    with airflow.without_files():
        page = airflow.page("log_lines", run_id, "log_much")

    expected = [f"line {number}" for number in range(MUCH)]
    assert [line for line in page.lines if line.startswith("line ")] == expected


@pytest.mark.usefixtures("run_id")
def test_a_secret_is_masked_in_the_copy(search: Elasticsearch) -> None:
    documents = [json.dumps(hit["_source"]) for hit in scan(search, index=f"{TASK_LOGS}-*")]

    assert [one for one in documents if "logged in with ***" in one]
    assert [one for one in documents if SECRET in one] == []


def test_an_elasticsearch_that_is_away_when_a_task_ends_loses_nothing(
    airflow: OwnAirflow, stack: Stack, search: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = airflow.run_dag("log_once", **{CONNECTION: NOBODY})

    page = airflow.page("log_once", run_id, "log_line")
    assert "only once" in page.lines
    # Airflow has written so to the file.
    assert page.lines[-1] == "Failed to upload remote logs"
    with airflow.without_files():
        assert "has lines of this log" in airflow.page("log_once", run_id, "log_line").sources[0]

    # The next task that ends, with an Elasticsearch that is back.
    monkeypatch.setenv(CONNECTION, stack[CONNECTION])
    file = airflow.logs / "next.log"
    file.touch()
    ti = SimpleNamespace(dag_id="log_once", run_id="next", task_id="t", map_index=-1, try_number=1)
    TaskLogs(airflow.logs).upload(file.name, ti)
    search.indices.refresh(index=f"{TASK_LOGS}-*")

    with airflow.without_files():
        assert airflow.page("log_once", run_id, "log_line").lines == page.lines


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Reads the module as a process of Airflow does that is started with a KEEPER_TASK_LOGS."""

    def read(value: str) -> ModuleType:
        monkeypatch.setenv("KEEPER_TASK_LOGS", value)
        load_settings.cache_clear()
        return importlib.reload(task_logs)

    yield read
    read("files")
    load_settings.cache_clear()


def test_with_files_alone_airflow_logs_as_it_does(set_to: Callable[[str], ModuleType]) -> None:
    module = set_to("files")

    assert module.LOGGING_CONFIG is DEFAULT_LOGGING_CONFIG
    assert module.REMOTE_TASK_LOG is None
    assert module.DEFAULT_REMOTE_CONN_ID is None


def test_with_elasticsearch_airflow_has_the_connection_at_hand_when_a_task_ends(
    set_to: Callable[[str], ModuleType],
) -> None:
    module = set_to("elasticsearch")

    assert module.LOGGING_CONFIG is DEFAULT_LOGGING_CONFIG
    assert isinstance(module.REMOTE_TASK_LOG, module.TaskLogs)
    assert module.DEFAULT_REMOTE_CONN_ID == ELASTICSEARCH_CONN


def test_what_is_no_tasks_log_is_not_copied(tmp_path: Path) -> None:
    TaskLogs(tmp_path).upload("executor_callbacks/1.log")


def test_a_page_says_that_elasticsearch_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CONNECTION, NOBODY)

    (source,), streams = TaskLogs(tmp_path).stream("dag_id=gone/attempt=1.log", None)

    assert "does not answer" in source
    assert streams == []
