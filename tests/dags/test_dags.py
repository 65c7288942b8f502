"""The DAG files as Airflow reads them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronDataIntervalTimetable, RetryAction, TriggerRule

from keeper.domain.tokens.balance import BROKEN_FOR
from keeper.errors import TerminalError, TransientError
from keeper.orchestration.airflow.defaults import RETRY_BY_KIND
from keeper.orchestration.waits.sensors import WaitForGroup
from keeper.sources.keepa.errors import (
    KeepaKeyRejectedError,
    KeepaLeftAloneError,
    TokensExhaustedError,
)

DAGS = Path(__file__).resolve().parents[2] / "dags"
EXPECTED = {
    "back_up_stores",
    "backfill_history",
    "check_operations",
    "check_services",
    "collect_deals",
    "discover_products",
    "follow_trends",
    "maintain_storage",
    "reconcile_stores",
    "report_deals",
    "track_prices",
}
QUEUES = {
    "backfill_history": "prices",
    "track_prices": "prices",
    "collect_deals": "deals",
    "discover_products": "deals",
    "report_deals": "deals",
    "back_up_stores": "storage",
    "follow_trends": "storage",
    "maintain_storage": "storage",
    "reconcile_stores": "storage",
}
"""The others' tasks go to the queue `default`."""
HEADS = ["What", "Reads", "Writes", "Params", "If it fails", "Run it again"]


@pytest.fixture
def track_prices(bag: DagBag) -> DAG:
    return bag.dags["track_prices"]


def test_every_file_is_read_without_an_error(bag: DagBag) -> None:
    assert bag.import_errors == {}


def test_exactly_the_expected_dags_are_there(bag: DagBag) -> None:
    assert set(bag.dags) == EXPECTED
    assert {file.stem for file in DAGS.glob("*.py")} == EXPECTED


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_the_documentation_has_the_fixed_heads(bag: DagBag, dag_id: str) -> None:
    text = bag.dags[dag_id].doc_md or ""

    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == HEADS


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_every_dag_has_tags_an_owner_and_retries_by_kind_of_error(bag: DagBag, dag_id: str) -> None:
    dag = bag.dags[dag_id]

    assert dag.tags
    assert re.fullmatch(r"[a-z]+(_up)?_[a-z]+", dag_id), "a DAG is called verb_noun"
    for task in dag.tasks:
        assert task.owner == "keeper"
        assert task.retries
        assert task.retry_policy is RETRY_BY_KIND
        assert task.execution_timeout is not None


@pytest.mark.parametrize(
    ("error", "decision"),
    [
        (KeepaKeyRejectedError("wrong key"), (RetryAction.FAIL, None)),
        (TerminalError("no ASIN"), (RetryAction.FAIL, None)),
        (TokensExhaustedError("none left"), (RetryAction.RETRY, timedelta(minutes=1))),
        (KeepaLeftAloneError("a breaker is open"), (RetryAction.RETRY, BROKEN_FOR)),
        (TransientError("no answer"), (RetryAction.DEFAULT, None)),
        (ZeroDivisionError(), (RetryAction.DEFAULT, None)),
    ],
    ids=["wrong key", "wrong input", "no tokens", "Keepa left alone", "no answer", "a defect"],
)
def test_only_what_may_work_the_next_time_is_tried_again(
    error: Exception, decision: tuple[RetryAction, timedelta | None]
) -> None:
    found = RETRY_BY_KIND.evaluate(error, try_number=1, max_tries=4)

    assert (found.action, found.retry_delay) == decision


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_the_tasks_of_a_dag_are_work_of_one_kind(bag: DagBag, dag_id: str) -> None:
    queues = {task.queue for task in bag.dags[dag_id].tasks}

    assert queues == {QUEUES.get(dag_id, "default")}


def test_track_prices_runs_its_steps_in_order(track_prices: DAG) -> None:
    edges = {task.task_id: task.downstream_task_ids for task in track_prices.tasks}

    assert edges == {
        "plan": {"prices.fetch", "prices.check", "prices.publish"} & edges["plan"],
        "prices.fetch": {"prices.check"},
        "prices.check": {"prices.publish"},
        "prices.publish": {
            "wait_for_postgres",
            "wait_for_elasticsearch",
            "wait_for_history",
            "wait_for_history_index",
        },
        "wait_for_postgres": {"deliver_alerts"},
        "wait_for_elasticsearch": {"summarise"},
        "wait_for_history": {"summarise"},
        "wait_for_history_index": {"summarise"},
        "deliver_alerts": {"summarise"},
        "summarise": set(),
    }
    assert "prices.fetch" in edges["plan"]


@pytest.mark.parametrize(
    ("dag_id", "waits"),
    [
        (
            "track_prices",
            {
                "wait_for_postgres": ("price-updates", "keeper-consumer-group"),
                "wait_for_elasticsearch": ("price-updates", "keeper-search-prices"),
                "wait_for_history": ("price-backfill", "keeper-consumer-group-backfill"),
                "wait_for_history_index": ("price-backfill", "keeper-search-backfill"),
            },
        ),
        (
            "backfill_history",
            {
                "wait_for_history": ("price-backfill", "keeper-consumer-group-backfill"),
                "wait_for_history_index": ("price-backfill", "keeper-search-backfill"),
            },
        ),
    ],
    ids=["track_prices", "backfill_history"],
)
def test_each_store_is_waited_for_by_its_own_group(
    bag: DagBag, dag_id: str, waits: dict[str, tuple[str, str]]
) -> None:
    tasks = bag.dags[dag_id].tasks
    found = {t.task_id: (t.topic, t.group) for t in tasks if isinstance(t, WaitForGroup)}

    assert found == waits


def test_neither_elasticsearch_nor_older_points_hold_alerts(track_prices: DAG) -> None:
    upstream = track_prices.get_task("deliver_alerts").get_flat_relative_ids(upstream=True)

    assert {task for task in upstream if task.startswith("wait_for")} == {"wait_for_postgres"}


@pytest.mark.parametrize("task_id", ["prices.check", "prices.publish"])
def test_what_was_paid_for_before_a_fetch_failed_is_published(
    track_prices: DAG, task_id: str
) -> None:
    assert track_prices.get_task(task_id).trigger_rule == TriggerRule.ALL_DONE


@pytest.mark.parametrize(
    "task_id", ["wait_for_postgres", "wait_for_elasticsearch", "deliver_alerts", "summarise"]
)
def test_a_lost_batch_does_not_stop_the_others(track_prices: DAG, task_id: str) -> None:
    assert track_prices.get_task(task_id).trigger_rule == TriggerRule.ALL_DONE


def test_track_prices_has_data_intervals_of_six_hours(track_prices: DAG) -> None:
    timetable = track_prices.timetable

    assert isinstance(timetable, CronDataIntervalTimetable)
    assert timetable.expression == "0 */6 * * *"
    assert str(timetable.timezone) == "UTC"
    assert track_prices.catchup is False
    assert track_prices.max_active_runs == 1
    assert track_prices.start_date == datetime(2026, 1, 1, tzinfo=UTC)
    # Waiting for tokens may take most of the interval, but not all of it.
    assert track_prices.dagrun_timeout == timedelta(hours=5, minutes=45)


def test_the_expected_set_would_notice_an_empty_folder(tmp_path: Path) -> None:
    assert set(DagBag(str(tmp_path)).dags) != EXPECTED
