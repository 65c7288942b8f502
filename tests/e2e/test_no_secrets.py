"""What Keeper must not tell stands nowhere but where its settings are kept, whatever fails."""

import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from keeper.clock import utc_now
from keeper.domain.alerts import Address, ChannelKind
from keeper.domain.notices import Trouble
from keeper.stores.elasticsearch.task_log_index import files_of, lines_of
from keeper.stores.postgres.channels import save_channel
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.notices import raise_notice
from stack.airflow_api import AirflowApi
from stack.context import Stack as OwnStack
from stack.context import load_stack
from stack.errors import StackError
from stack.layout import Layout
from tests.chat_server import ChatServer
from tests.e2e.conftest import Rows
from tests.e2e.secret_search import everywhere, readable_by_others
from tests.e2e.test_more_dags import wait_until
from tests.keepa_simulator import Simulator
from tests.own_airflow import in_place_of_the_scheduler, trigger
from tests.services import Stack, free_port

pytestmark = pytest.mark.timeout(900)

MARKED = {
    "keepa": "MarkedKeepaKey7f3a9c",
    "smtp": "MarkedMailWord7f3a9c",
    "telegram": "4711:MarkedBotToken7f3a9c",
    "discord": "MarkedWebhook7f3a9c",
    "apprise": "MarkedNotifier7f3a9c",
    "search": "MarkedSearchWord7f3a9c",
    "database": "MarkedDatabaseWord7f3a9c",
    "kafka": "MarkedKafkaWord7f3a9c",
}
OPERATOR = "operator@keeper.localhost"
ENDED = {"success", "failed"}


@pytest.fixture
def home(stack: Stack) -> Path:
    return Path(stack["KEEPER_RUN_DIR"]).parent


def connection(stack: Stack, name: str, **changes: object) -> dict[str, str]:
    """Return a connection of the stack's with changes, as the variable Airflow reads it from."""
    variable = f"AIRFLOW_CONN_KEEPER_{name.upper()}"
    return {variable: json.dumps(json.loads(stack[variable]) | changes)}


def channels(chat: ChatServer) -> dict[str, str]:
    """Return settings of channels, each with a secret and none of which takes a message."""
    nobody = f"127.0.0.1:{free_port()}"
    return {
        # A login over a line without TLS is refused by Keeper itself.
        "KEEPER_SMTP_TLS": "auto",
        "SMTP_USER": "keeper",
        "SMTP_PASSWORD": MARKED["smtp"],
        "TELEGRAM_BOT_TOKEN": MARKED["telegram"],
        "KEEPER_TELEGRAM_URL": chat.url,
        "DISCORD_WEBHOOK": f"http://{nobody}/api/webhooks/99/{MARKED['discord']}",
        "KEEPER_APPRISE_URLS": json.dumps({"pager": f"json://user:{MARKED['apprise']}@{nobody}/"}),
        "KEEPER_OPERATOR_EMAIL": OPERATOR,
    }


@contextmanager
def told_on_every_channel(stack: Stack) -> Iterator[None]:
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


def run(airflow: AirflowApi, dag_id: str, ends: str) -> str:
    """Trigger a DAG, wait for its run's end, and return the run's id."""
    run_id = trigger(airflow, dag_id)
    wait_until(lambda: airflow.run_state(dag_id, run_id) in ENDED, f"{dag_id} goes on", 300)
    assert airflow.run_state(dag_id, run_id) == ends
    return run_id


def run_until_failed(airflow: AirflowApi, dag_id: str, *tasks: str) -> None:
    """Trigger a DAG and wait until tasks of its run have failed; do not wait for their retries."""
    run_id = trigger(airflow, dag_id)
    wait_until(lambda: failures(airflow, dag_id, run_id) >= set(tasks), f"{dag_id} works", 300)
    give_up(airflow, dag_id, run_id)


def give_up(airflow: AirflowApi, dag_id: str, run_id: str) -> None:
    """Let a run fail now, not after all its retries."""

    def is_given_up() -> bool:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
        with suppress(StackError):  # Airflow's database refuses who comes between two of its own
            airflow.ask("PATCH", path, json={"state": "failed"})
        return airflow.run_state(dag_id, run_id) == "failed"

    wait_until(is_given_up, f"{dag_id} goes on", 60)


def test_no_secret_is_anywhere_after_runs_that_worked_and_runs_that_failed(
    airflow: AirflowApi,
    stack: Stack,
    home: Path,
    rows: Rows,
    simulate: Callable[..., Simulator],
    chat: ChatServer,
    tmp_path: Path,
) -> None:
    own = load_stack(Layout(home), os.environ)
    keepa = simulate("--key", MARKED["keepa"], "--at", own.simulator_at, "--refill-rate", "1000")
    scheduler: Mapping[str, list[str]] = {"scheduler": ["scheduler", "--skip-serve-logs"]}
    works = {
        "KEEPER_TASK_LOGS": "elasticsearch",
        **channels(chat),
        **connection(stack, "keepa", host=keepa.url, password=MARKED["keepa"]),
        **connection(stack, "elasticsearch", login="keeper", password=MARKED["search"]),
    }
    with (
        told_on_every_channel(stack),
        in_place_of_the_scheduler(stack, scheduler, works, tmp_path),
    ):
        good_run = run(airflow, "track_prices", "success")
        deliveries = rows(
            "SELECT c.kind, o.attempts FROM outbox o JOIN channels c USING (channel_id)"
            f" JOIN users u USING (user_id) WHERE u.email = '{OPERATOR}'"
        )
        assert {row["kind"] for row in deliveries} == {"email", "telegram", "discord", "apprise"}
        assert all(row["attempts"] for row in deliveries), deliveries
        assert chat.requests
        # Of tasks that deferred and went on, and of mapped ones, each line is there once.
        folder = f"dag_id=track_prices/run_id={good_run}/"
        wait_until(
            lambda: copied_logs(stack, folder) == written_logs(stack, folder), "not all copied", 60
        )
        assert written_logs(stack, folder)

    login = {
        "bootstrap.servers": stack["KAFKA_BOOTSTRAP_SERVERS"],
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "keeper",
        "sasl.password": MARKED["kafka"],
    }
    refused = {
        **works,
        **connection(stack, "postgres", password=MARKED["database"]),
        **connection(stack, "kafka", extra=login),
    }
    with in_place_of_the_scheduler(stack, scheduler, refused, tmp_path):
        run_until_failed(airflow, "check_operations", "check_database", "check_kafka")
    nobody = {"port": free_port(), "login": "keeper", "password": MARKED["search"]}
    refused = {
        **works,
        **connection(stack, "keepa", host=keepa.url, password=f"{MARKED['keepa']}x"),
        **connection(stack, "elasticsearch", **nobody),
    }
    with in_place_of_the_scheduler(stack, scheduler, refused, tmp_path):
        run_until_failed(airflow, "reconcile_stores", "reconcile_prices")
        run(airflow, "track_prices", "failed")

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
