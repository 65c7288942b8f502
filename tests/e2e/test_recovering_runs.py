"""Whatever is cleared of a run that failed of Keepa: it recovers, and nothing is paid for twice."""

import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stack.airflow_api import AirflowApi
from tests.e2e.clearing import Operator, Task
from tests.e2e.conftest import Rows
from tests.e2e.runs import ENDED, run_dag, trigger, wait_for_end
from tests.keepa_simulator import keeper_command
from tests.services import Stack, bring_up, stopped, supervise
from tests.waiting import wait_until

LEDGER = "SELECT count(*) AS requests, sum(tokens_charged) AS tokens FROM token_ledger"


@dataclass(frozen=True)
class Undisturbed:
    """What a run of some products gives when nothing goes wrong.

    Attributes:
        conf: Its choice of products.
        products: How many they are.
        events: What it publishes.
        tokens: What it costs.
    """

    conf: dict[str, Any]
    products: int
    events: int
    tokens: int


@pytest.fixture
def operator(stack: Stack, airflow: AirflowApi, rows: Rows) -> Operator:
    logs = Path(stack["KEEPER_RUN_DIR"]).parent / "airflow" / "logs"
    return Operator(airflow, rows, logs, stack["KEEPER_KEEPA_URL"])


@pytest.fixture(scope="module")
def measured() -> list[Undisturbed]:
    """What the first test that asked has measured."""
    return []


@pytest.fixture
def undisturbed(operator: Operator, measured: list[Undisturbed]) -> Undisturbed:
    """A run of two batches: plain prices, and prices of the buy box."""
    if measured:
        return measured[0]
    asins = [
        row["asin"]
        for kind in ("NEW", "BUY_BOX_SHIPPING")
        for row in operator.rows(
            # Of the demo's own list: other tests watch what nobody knows.
            "SELECT asin FROM watched_products JOIN current_prices USING (asin, domain, price_type)"
            f" WHERE domain = 'us' AND price_type = '{kind}' AND run_id LIKE '%/demo\\_\\_%'"
            " ORDER BY asin LIMIT 2"
        )
    ]
    conf = {"asins": asins, "domains": ["us"]}
    run = run_dag(operator.airflow, "track_prices", conf)
    row = operator.row(run)
    assert (row["products_fetched"], row["tokens_spent"]) == (4, operator.paid(run))
    measured.append(Undisturbed(conf, 4, row["events_published"], row["tokens_spent"]))
    return measured[0]


def refused(operator: Operator, undisturbed: Undisturbed) -> str:
    """Let the key be revoked after the plan and one batch, and return the run that fails of it."""
    # Each of the two batches asks for the time before.
    with operator.fault(kind="revoke_key", after=4):
        run_id = trigger(operator.airflow, "track_prices", undisturbed.conf)
        assert wait_for_end(operator.airflow, "track_prices", run_id) == "failed"
    return f"track_prices/{run_id}"


def notice(operator: Operator) -> str:
    """Return the newest notice of a failed run of prices, once it is there."""
    query = "SELECT details FROM operator_notices WHERE topic = 'run:track_prices' AND {}"
    wait_until(
        lambda: bool(operator.rows(query.format("resolved_at IS NULL"))), "a notice of the run"
    )
    (row,) = operator.rows(query.format("resolved_at IS NULL"))
    return str(row["details"])


def assert_whole(operator: Operator, run: str, undisturbed: Undisturbed) -> None:
    row = operator.row(run)
    assert (row["state"], row["problem"]) == ("SUCCESS", None)
    assert row["products_fetched"] == undisturbed.products
    assert row["events_published"] == undisturbed.events
    assert row["tokens_spent"] == operator.paid(run) == undisturbed.tokens
    assert set(operator.states(run).values()) == {"success"}


def test_clearing_the_failed_tasks_after_a_revoked_key_recovers(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)

    assert 0 < operator.paid(run) < undisturbed.tokens
    # What was paid for is published before anybody looks.
    row = operator.row(run)
    assert 0 < row["events_published"] < undisturbed.events
    said = "Keepa rejected the API key (HTTP 400); check KEEPA_API_KEY."
    assert re.match(rf"prices\.fetch \(us 2: [^)]+\) failed: {re.escape(said)}", row["problem"])
    assert f"Run {run.partition('/')[2]}: {row['problem'].partition('; so did')[0]}"[
        :120
    ] in notice(operator)
    # Below it stands only what Airflow does after a task.
    ended = operator.failed_log(run, "prices.fetch")
    assert not [line for line in ended if "error_detail" in line]
    (last,) = [line for line in ended if line["level"] == "error"]
    assert last["exit_code"].startswith(said)
    assert operator.clear_run(run, only_failed=True) == "success"
    assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_clearing_the_whole_run_pays_for_nothing_again(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)

    assert operator.clear_run(run, only_failed=False) == "success"
    assert_whole(operator, run, undisturbed)
    # Of a run that ended well too.
    assert operator.clear_run(run, only_failed=False) == "success"
    assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_clearing_the_failed_tasks_after_errors_of_keepa_recovers(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    conf = undisturbed.conf | {"asins": undisturbed.conf["asins"][:2]}
    with operator.fault(kind="status", status=500, share=1, endpoint="product"):
        run_id = trigger(operator.airflow, "track_prices", conf)
        run = f"track_prices/{run_id}"
        operator.give_up(run, "prices.fetch")
        assert wait_for_end(operator.airflow, "track_prices", run_id) == "failed"
    assert (operator.paid(run), operator.row(run)["events_published"]) == (0, 0)

    assert operator.clear_run(run, only_failed=True) == "success"

    row = operator.row(run)
    assert (row["state"], row["products_fetched"]) == ("SUCCESS", 2)
    assert row["events_published"] > 0
    assert row["tokens_spent"] == operator.paid(run) == 2


GROUP = ("prices.fetch", "prices.check", "prices.publish")


@pytest.mark.nightly
@pytest.mark.parametrize(
    "tasks",
    [("prices.fetch",), GROUP, ("plan",)],
    ids=["a task", "its group", "the first task"],
)
def test_clearing_part_of_a_failed_run_with_what_comes_after_recovers(
    operator: Operator, undisturbed: Undisturbed, tasks: tuple[str, ...]
) -> None:
    run = refused(operator, undisturbed)

    assert operator.clear(run, *tasks) == "success"
    assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_clearing_the_mapped_task_that_failed_recovers(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)
    states = operator.states(run)
    (index,) = [number for number in (0, 1) if states[f"prices.fetch[{number}]"] == "failed"]

    assert operator.clear(run, ("prices.fetch", index)) == "success"
    assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_what_a_task_cleared_alone_has_paid_for_is_published_once_the_failed_ones_are_cleared(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)

    assert operator.clear(run, "prices.fetch", downstream=False) == "failed"
    assert operator.paid(run) == undisturbed.tokens
    assert operator.clear_run(run, only_failed=True) == "success"
    assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_clearing_anything_of_a_good_run_changes_nothing(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = run_dag(operator.airflow, "track_prices", undisturbed.conf)
    parts: list[tuple[Task, ...]] = [
        (("prices.fetch", 0),),
        (("prices.check", 1),),
        (("prices.publish", 0),),
        ("prices.check",),
        ("prices.publish",),
        ("wait_for_postgres",),
        ("deliver_alerts",),
        ("summarise",),
        GROUP,
    ]
    for tasks in parts:
        for downstream in (True, False):
            assert operator.clear(run, *tasks, downstream=downstream) == "success", tasks
            assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_clearing_the_failed_tasks_of_a_run_for_deals_recovers(
    operator: Operator, stack: Stack
) -> None:
    """Its page of deals is paid for; the histories it asks for next are refused."""
    filter_ = ("deals", "filter", "add", "recovered", "--drop-percent", "15", "--over", "week")
    subprocess.run(
        keeper_command(*filter_, "--domain", "jp"), env=os.environ | stack.environment, check=True
    )
    # The time, and the page.
    with operator.fault(kind="revoke_key", after=2):
        run_id = trigger(operator.airflow, "collect_deals", {"filters": ["recovered"]})
        assert wait_for_end(operator.airflow, "collect_deals", run_id) == "failed"
    run = f"collect_deals/{run_id}"
    assert operator.paid(run) == 5
    assert operator.row(run)["problem"].startswith("deals.fetch (recovered) failed: Keepa rejected")

    assert operator.clear_run(run, only_failed=True) == "success"

    row, paid = operator.row(run), operator.paid(run)
    assert (row["state"], row["problem"], row["tokens_spent"]) == ("SUCCESS", None, paid)
    assert row["events_published"] == row["deals_stored"] > 0
    assert paid > 5
    assert operator.clear_run(run, only_failed=False) == "success"
    assert operator.paid(run) == paid
    assert operator.row(run)["events_published"] == row["events_published"]


@contextmanager
def reports_refused(stack: Stack) -> Iterator[None]:
    """Let the database take no report for the block."""
    with psycopg.connect(stack["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION refuse_report() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'no reports today'; END $$;"
            "CREATE TRIGGER refuse_report BEFORE INSERT ON deal_reports"
            " FOR EACH ROW EXECUTE FUNCTION refuse_report()"
        )
        try:
            yield
        finally:
            connection.execute("DROP FUNCTION refuse_report CASCADE")


@pytest.mark.nightly
def test_clearing_the_failed_tasks_of_a_run_for_reports_recovers(
    operator: Operator, stack: Stack
) -> None:
    """Its reports cannot be written at first; each reader gets one in the end."""
    for words in (
        ("deals", "filter", "add", "reported", "--drop-percent", "15", "--domain", "jp"),
        ("reports", "when", "always"),
    ):
        environment = os.environ | stack.environment
        subprocess.run(keeper_command(*words), env=environment, check=True)
    with reports_refused(stack):
        run_id = trigger(operator.airflow, "report_deals")
        run = f"report_deals/{run_id}"
        operator.give_up(run, "write_reports", is_mapped=False)
        assert wait_for_end(operator.airflow, "report_deals", run_id) == "failed"
    query = (
        "SELECT r.report_id, count(o.message_id) AS messages FROM deal_reports r"
        f" LEFT JOIN outbox o USING (report_id) WHERE r.run_id = '{run}' GROUP BY r.report_id"
    )
    assert operator.rows(query) == []

    for only_failed in (True, False):
        assert operator.clear_run(run, only_failed=only_failed) == "success"
        states = operator.states(run)
        assert (set(states.values()), len(states)) == ({"success"}, 5)
        (report,) = operator.rows(query)
        assert report["messages"] > 0


@pytest.mark.nightly
def test_a_scheduler_that_is_killed_while_a_cleared_run_recovers_loses_and_pays_nothing(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)

    with operator.fault(kind="slow", delay_s=10, endpoint="product"):
        operator.begin_clearing(run, only_failed=True)
        operator.wait_for_slow_request()
        supervise("signal", "KILL", "airflow-scheduler")
        assert operator.end_of(run) == "success"
    assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_postgresql_going_away_while_a_cleared_run_recovers_loses_and_pays_nothing(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)

    with operator.fault(kind="slow", delay_s=10, endpoint="product"):
        operator.begin_clearing(run, only_failed=True)
        operator.wait_for_slow_request()
        answered_at = time.monotonic() + 10
        with stopped("postgres"):
            # Keepa's reply comes while nobody can record what it cost.
            wait_until(lambda: time.monotonic() > answered_at + 2, "Keepa's reply", every_s=0.5)
        bring_up("postgres")
        ended = operator.end_of(run)
    # Airflow itself may have given a task up whose end it could not record.
    if ended == "failed":
        assert operator.clear_run(run, only_failed=True) == "success"
    assert_whole(operator, run, undisturbed)


@pytest.mark.nightly
def test_clearing_a_backfill_publishes_the_same_points_again_for_nothing(
    operator: Operator,
) -> None:
    day = datetime.now(UTC).date()
    conf = {"since": str(day - timedelta(days=3)), "until": str(day - timedelta(days=1))}
    run = run_dag(operator.airflow, "backfill_history", conf)
    row = operator.row(run)
    assert (operator.paid(run), row["history_published"] > 0) == (0, True)

    parts: list[tuple[Task, ...]] = [(("prices.fetch", 0),), ("prices.check",), ("plan",)]
    for tasks in parts:
        assert operator.clear(run, *tasks) == "success"
        again = operator.row(run)
        assert (again["state"], operator.paid(run)) == ("SUCCESS", 0)
        assert again["history_published"] == row["history_published"]


@pytest.mark.nightly
def test_a_backfill_of_too_many_runs_fails_once_and_costs_nothing(operator: Operator) -> None:
    since, spent = datetime(2026, 1, 3, tzinfo=UTC), operator.rows(LEDGER)
    operator.airflow.ask(
        "POST",
        "/api/v2/backfills",
        json={
            "dag_id": "track_prices",
            "from_date": since.isoformat(),
            "to_date": (since + 64 * timedelta(hours=6)).isoformat(),
            "max_active_runs": 8,
            "dag_run_conf": {},
        },
    )

    def states() -> list[str]:
        runs = operator.airflow.ask(
            "GET",
            "/api/v2/dags/track_prices/dagRuns",
            params={
                "logical_date_gte": since.isoformat(),
                "logical_date_lte": (since + timedelta(days=17)).isoformat(),
                "limit": 100,
            },
        )["dag_runs"]
        return [run["state"] for run in runs]

    wait_until(lambda: len(states()) == 65 and set(states()) <= ENDED, "65 runs", every_s=2)
    assert Counter(states()) == {"failed": 1, "success": 64}
    assert operator.rows(LEDGER) == spent
    said = notice(operator)
    assert "from 3 January 2026 to 19 January 2026: 65 runs" in said
