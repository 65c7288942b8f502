"""What Keeper must not show stands nowhere but where its settings are kept, whatever fails."""

import json
import os
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from keeper.clock import utc_now
from keeper.domain.messages.notices import Trouble
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.simulator.api.token_bucket import REFILL_PERIOD_MS
from keeper.stores.elasticsearch.task_log_index import files_of, lines_of
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.messages.channels import save_channel
from keeper.stores.postgres.messages.notices import raise_notice
from stack.airflow_api import AirflowApi
from stack.context import Stack as OwnStack
from stack.context import load_stack
from stack.errors import StackError
from stack.layout import Layout
from tests.chat_server import ChatServer
from tests.e2e.conftest import Rows
from tests.e2e.marked_secrets import MARKED, chat_channels
from tests.e2e.runs import ENDED, run_dag, trigger
from tests.e2e.secret_search import everywhere, readable_by_others
from tests.keepa_simulator import Simulator
from tests.own_airflow import in_place_of_the_scheduler
from tests.services import Stack, free_port
from tests.waiting import wait_until

OPERATOR = "operator@keeper.localhost"
ANNOUNCED = timedelta(seconds=20)


@dataclass
class HeldClock:
    """A clock that stands."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def home(stack: Stack) -> Path:
    return Path(stack["KEEPER_RUN_DIR"]).parent


def connection(stack: Stack, name: str, **changes: object) -> dict[str, str]:
    """Return a connection of the stack's with changes, as the variable Airflow reads it from."""
    variable = f"AIRFLOW_CONN_KEEPER_{name.upper()}"
    return {variable: json.dumps(json.loads(stack[variable]) | changes)}


def channels(chat: ChatServer) -> dict[str, str]:
    """Return settings of channels, each with a secret and none of which takes a message."""
    return {
        # A login over a line without TLS is refused by Keeper itself.
        "KEEPER_SMTP_TLS": "auto",
        "SMTP_USER": "keeper",
        "SMTP_PASSWORD": MARKED["smtp"],
        **chat_channels(),
        "KEEPER_TELEGRAM_URL": chat.url,
        "KEEPER_OPERATOR_EMAIL": OPERATOR,
    }


def refusals(stack: Stack, keepa: Simulator) -> dict[str, str]:
    """Return settings of services that refuse or do not answer, each with a secret."""
    login = {
        "bootstrap.servers": stack["KAFKA_BOOTSTRAP_SERVERS"],
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "keeper",
        "sasl.password": MARKED["kafka"],
    }
    nobody = {"port": free_port(), "login": "keeper", "password": MARKED["search"]}
    return {
        **connection(stack, "keepa", host=keepa.url, password=f"{MARKED['keepa']}x"),
        **connection(stack, "elasticsearch", **nobody),
        **connection(stack, "kafka", extra=login),
    }


@contextmanager
def said_on_every_channel(stack: Stack) -> Iterator[None]:
    """Have a notice wait for an operator on a channel of each kind; nobody delivers meanwhile."""
    addresses = {
        ChannelKind.TELEGRAM: "4711",
        ChannelKind.DISCORD: "main",
        ChannelKind.APPRISE: "pager",
    }
    trouble = Trouble("test:secrets", "A test looks for secrets", "Nothing is wrong.")
    with stack.without("deliver"), session(PostgresConfig(stack["DATABASE_URL"])) as database:
        for kind, address in addresses.items():
            save_channel(database, OPERATOR, Address(kind, address))
        raise_notice(database, trouble, operator=OPERATOR, at=utc_now())
        try:
            yield
        finally:
            database.execute("DELETE FROM users WHERE email = %s", [OPERATOR])
            database.execute("DELETE FROM operator_notices")


def failures(airflow: AirflowApi, dag_id: str, run_id: str) -> set[str]:
    """Return the tasks of a run that have failed at least once."""
    tried = airflow.task_instances(dag_id, run_id)
    return {task.task_id for task in tried if task.state in {"failed", "up_for_retry"}}


def written_logs(stack: Stack, folder: str) -> dict[str, list[str]]:
    """Return the lines of each task's log below a folder; triggers have files of their own."""
    logs = Path(stack["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])
    return {
        str(file.relative_to(logs)): file.read_text("utf-8").splitlines()
        for file in (logs / folder).rglob("attempt=?.log")
    }


def copied_logs(stack: Stack, folder: str) -> dict[str, list[str]]:
    """Return what Elasticsearch has of them."""
    with Elasticsearch(stack["ELASTICSEARCH_URL"], request_timeout=60) as search:
        return {file: list(lines_of(search, file)) for file in files_of(search, folder)}


def run_until_failed(airflow: AirflowApi, tasks: Mapping[str, set[str]]) -> None:
    """Trigger DAGs and wait until these tasks of their runs have failed, not for their retries."""
    runs = {dag_id: trigger(airflow, dag_id) for dag_id in tasks}
    wait_until(
        lambda: all(failures(airflow, dag, run) >= tasks[dag] for dag, run in runs.items()),
        "they fail",
        every_s=0.5,
    )
    for dag_id, run_id in runs.items():
        give_up(airflow, dag_id, run_id)


def give_up(airflow: AirflowApi, dag_id: str, run_id: str) -> None:
    """Let a run fail now, not after all its retries."""

    def is_given_up() -> bool:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
        with suppress(StackError):  # Airflow's database refuses who comes between two of its own
            airflow.ask("PATCH", path, json={"state": "failed"})
        return airflow.run_state(dag_id, run_id) == "failed"

    wait_until(is_given_up, f"{dag_id} is given up", every_s=0.5)


def complete_without_tokens(
    airflow: AirflowApi, rows: Rows, keepa: Simulator, refills: HeldClock
) -> str:
    """See a run that is out of tokens wait without a worker and complete by itself; its id."""
    dag_id = "track_prices"
    # The next refill brings 1,000. It comes once the run waits, and is announced for soon after.
    refills.now += timedelta(milliseconds=REFILL_PERIOD_MS) - ANNOUNCED
    keepa.post("tokens", {"left": -100})
    run_id = trigger(airflow, dag_id)
    states: defaultdict[str, set[str | None]] = defaultdict(set)
    began = refills.now

    def has_ended() -> bool:
        for task in airflow.task_instances(dag_id, run_id):
            states[task.task_id].add(task.state)
        if "deferred" in states["prices.fetch"]:
            refills.now = began + timedelta(milliseconds=REFILL_PERIOD_MS)
        return airflow.run_state(dag_id, run_id) in ENDED

    wait_until(has_ended, f"the end of {dag_id}", every_s=0.5)
    assert airflow.run_state(dag_id, run_id) == "success", states
    assert "deferred" in states["prices.fetch"]
    fetches = [t for t in airflow.task_instances(dag_id, run_id) if t.task_id == "prices.fetch"]
    assert all(task.tries == 1 for task in fetches), "a deferral is no retry"
    (run,) = rows(f"SELECT * FROM pipeline_runs WHERE run_id = '{dag_id}/{run_id}'")
    assert run["products_fetched"] == 300
    # It is the second run at the hour of the demo's.
    assert run["points_stored"] == run["alerts_raised"] == run["history_published"] == 0
    (ledger,) = rows(
        "SELECT sum(tokens_charged) AS charged, min(tokens_left) AS lowest,"
        " count(*) FILTER (WHERE state <> 'CHARGED') AS others"
        f" FROM token_ledger WHERE run_id = '{dag_id}/{run_id}'"
    )
    assert (ledger["charged"], ledger["others"]) == (run["tokens_spent"], 0)
    assert ledger["lowest"] >= 0, "more was spent than there was"
    return run_id


def test_a_run_without_tokens_completes_and_no_secret_is_anywhere_whatever_fails(
    airflow: AirflowApi,
    stack: Stack,
    home: Path,
    rows: Rows,
    simulate: Callable[..., Simulator],
    chat: ChatServer,
    tmp_path: Path,
) -> None:
    own = load_stack(Layout(home), os.environ)
    refills = HeldClock(utc_now())
    keepa = simulate(
        key=MARKED["keepa"],
        at=datetime.fromisoformat(own.simulator_at),
        refill_rate=1000,
        clock=refills,
    )
    scheduler: Mapping[str, list[str]] = {"scheduler": ["scheduler", "--skip-serve-logs"]}
    works = {
        "KEEPER_TASK_LOGS": "elasticsearch",
        **channels(chat),
        **connection(stack, "keepa", host=keepa.url, password=MARKED["keepa"]),
        **connection(stack, "elasticsearch", login="keeper", password=MARKED["search"]),
    }
    with (
        said_on_every_channel(stack),
        in_place_of_the_scheduler(stack, scheduler, works, tmp_path),
    ):
        good_run = complete_without_tokens(airflow, rows, keepa, refills)
        deliveries = rows(
            "SELECT c.kind, o.attempts FROM outbox o JOIN channels c USING (channel_id)"
            f" JOIN users u USING (user_id) WHERE u.email = '{OPERATOR}'"
        )
        # The mail server refuses the login: its other mails wait.
        tried = {row["kind"] for row in deliveries if row["attempts"]}
        assert tried == {"email", "telegram", "discord", "apprise"}, deliveries
        assert chat.requests
        # Of tasks that deferred and went on, and of mapped ones, each line is there once.
        folder = f"dag_id=track_prices/run_id={good_run}/"
        wait_until(
            lambda: copied_logs(stack, folder) == written_logs(stack, folder), "all logs are copied"
        )
        assert written_logs(stack, folder)

    refused = works | refusals(stack, keepa)
    with in_place_of_the_scheduler(stack, scheduler, refused, tmp_path):
        run_until_failed(
            airflow,
            {
                "check_operations": {"check_kafka"},
                "check_services": {"check_elasticsearch", "check_kafka", "check_keepa"},
            },
        )
        run_dag(airflow, "track_prices", ends="failed")

    found = everywhere(stack, (home, tmp_path), [good_run, *secret_words(own)])
    assert [place for place in found if place.word != good_run] == []
    # What is no secret is found: its run's name.
    assert {place.kind for place in found} >= {"file", "table", "topic"}
    assert readable_by_others(home) == []


def secret_words(own: OwnStack) -> list[str]:
    """Return every secret of the stack and of the runs, and logins as HTTP sends them."""
    generated = asdict(own.credentials)
    # The name of a cluster, not a secret.
    del generated["kafka_cluster_id"]
    logins = [b64encode(f"keeper:{word}".encode()).decode() for word in MARKED.values()]
    return [*MARKED.values(), *logins, *generated.values()]
