"""Every DAG's operator is notified of its failed and late runs."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from airflow.api_fastapi.core_api.datamodels.dag_run import DAGRunResponse
from airflow.sdk import DAG
from airflow.sdk.execution_time.callback_supervisor import execute_callback
from airflow.serialization.encoders import encode_deadline_alert

from keeper.alerts.channels.smtp import SmtpConfig
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.orchestration import run_notices
from keeper.orchestration.airflow.failures import Problem
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.messages.notices import list_notices
from tests.services import ROOT
from tests.smtp_server import Mailbox

FAILED = {
    "dag": SimpleNamespace(dag_id="report_deals"),
    "run_id": "scheduled__1",
    "reason": "task_failure",
}


@pytest.fixture(autouse=True)
def _keeper_postgres(
    database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    url = urlsplit(database.url)
    connection = {
        "conn_type": "postgres",
        "host": url.hostname,
        "port": url.port,
        "login": url.username,
        "password": url.password,
        "schema": url.path.lstrip("/"),
    }
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_POSTGRES", json.dumps(connection))
    monkeypatch.setenv("KEEPER_OPERATOR_EMAIL", "operator@example.org")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def topics(connection: Connection) -> list[str]:
    return [one.topic for one in list_notices(connection, with_resolved=False, most=10)]


@pytest.fixture
def late(dags: dict[str, DAG]) -> Callable[..., bool]:
    """Runs a DAG's deadline callback as Airflow's executor does."""
    deadlines: Any = dags["report_deals"].deadline
    callbacks = [alert.callback for alert in deadlines]

    def run(run_type: str = "scheduled") -> bool:
        said: dict[str, Any] = dict.fromkeys(DAGRunResponse.model_fields) | {
            "dag_run_id": "scheduled__1",
            "dag_id": "report_deals",
            "run_type": run_type,
            "state": "running",
            "queued_at": datetime(2026, 3, 1, 6, tzinfo=UTC).isoformat(),
        }
        context = {"dag_run": said, "deadline": {"id": "1", "deadline_time": None}}
        (callback,) = callbacks
        kwargs = {**callback.kwargs, "context": context}
        file, log = Path("report_deals.py"), structlog.get_logger()
        done, problem = execute_callback(callback.path, kwargs, file, ROOT / "dags", log)
        assert not problem
        return done

    return run


def test_every_dag_says_of_failed_and_late_runs(dags: dict[str, DAG]) -> None:
    for dag_id, dag in dags.items():
        assert dag.on_failure_callback is run_notices.notify_of_failed_run, dag_id
        assert dag.on_success_callback is run_notices.record_good_run, dag_id
        deadlines: Any = dag.deadline
        (deadline,) = deadlines
        assert deadline.callback.path == "keeper.orchestration.run_notices.tell_of_late_run"
        assert dag.dagrun_timeout is not None
        assert timedelta(seconds=deadline.interval) < dag.dagrun_timeout, dag_id
        # Of anything but a number Airflow 3.3.2 cannot clear a task of a run that is not late yet.
        assert isinstance(encode_deadline_alert(deadline)["interval"], float), dag_id


def test_a_failed_run_is_said_until_a_good_one(connection: Connection) -> None:
    run_notices.notify_of_failed_run(FAILED)
    run_notices.notify_of_failed_run(FAILED | {"run_id": "scheduled__2"})

    (notice,) = list_notices(connection, with_resolved=False, most=10)
    assert (notice.topic, notice.times, notice.channels) == ("run:report_deals", 2, "email pending")
    assert "Run scheduled__2: a task failed.\n" in notice.details
    run_notices.record_good_run(FAILED)
    assert topics(connection) == []


def test_the_notice_names_the_task_that_failed_first_and_what_was_said_to_it(
    connection: Connection,
) -> None:
    left = Problem(
        at="2026-03-01T06:00:00+00:00",
        name="write_reports",
        task="write_reports",
        text="PostgreSQL does not answer.",
        follows=False,
    )
    last = SimpleNamespace(
        dag_id="report_deals",
        run_id="scheduled__1",
        task_id="summarise",
        get_task_states=lambda dag_id, run_ids: {run_ids[0]: {"write_reports": "failed"}},
        xcom_pull=lambda task_ids, key: [left if "write_reports" in task_ids else None],
    )

    run_notices.notify_of_failed_run(FAILED | {"ti": last})

    (notice,) = list_notices(connection, with_resolved=False, most=10)
    line = "Run scheduled__1: write_reports failed: PostgreSQL does not answer.\n"
    assert line in notice.details


def test_a_run_of_a_backfill_resolves_no_notice(connection: Connection) -> None:
    """Of one that is refused all runs but the first end well, with every task skipped."""
    run_notices.notify_of_failed_run(FAILED)

    run_notices.record_good_run(FAILED | {"run_id": "backfill__2026-03-01T06:00:00+00:00"})
    again = {"run_id": "scheduled__1", "dag_run": SimpleNamespace(run_type="backfill")}
    run_notices.record_good_run(FAILED | again)

    assert topics(connection) == ["run:report_deals"]


def test_a_late_run_is_known_by_the_dags_deadline(
    connection: Connection, late: Callable[..., bool]
) -> None:
    save_delivery_rules(connection, "operator@example.org", DeliveryRules("Europe/Berlin"))

    assert late()

    (notice,) = list_notices(connection, with_resolved=False, most=10)
    assert notice.subject == "report_deals is late"
    assert "queued at 1 Mar 2026, 07:00 CET and is running after 2 h." in notice.details


def test_a_backfill_that_waits_for_its_turn_is_not_late(
    connection: Connection, late: Callable[..., bool]
) -> None:
    assert late("backfill")

    assert topics(connection) == []


@pytest.fixture
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    away: dict[str, Any] = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_POSTGRES", json.dumps(away))


@pytest.mark.usefixtures("_no_database")
def test_without_a_database_a_late_run_is_mailed_with_its_time_in_utc(
    late: Callable[..., bool],
    mail_server: SmtpConfig,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "SMTP_HOST": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "KEEPER_SMTP_TLS": "none",
    }.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()

    assert late()

    (text,) = mailbox.texts()
    assert "queued at 1 Mar 2026, 06:00 UTC and is running" in text


@pytest.mark.usefixtures("_no_database")
def test_a_good_run_does_not_fail_for_want_of_a_database() -> None:
    run_notices.record_good_run(FAILED)
