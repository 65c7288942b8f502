"""How trends are followed: each hour, for what has come, and again for past hours when asked."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, CronDataIntervalTimetable

from keeper.domain.intervals import Interval
from keeper.orchestration.follow_trends import past_interval, trends_line
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from tests.dags.conftest import RunDag
from tests.price_events import price_event

SINCE = datetime(2026, 3, 1, 5, 20, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)


def test_it_runs_each_hour_after_the_windows_have_ended(dags: dict[str, DAG]) -> None:
    dag = dags["follow_trends"]

    assert isinstance(dag.timetable, CronDataIntervalTimetable)
    assert dag.timetable.expression == "20 * * * *"
    assert (dag.max_active_runs, dag.catchup) == (1, False)


@pytest.mark.parametrize(
    ("run_type", "interval"),
    [("backfill", Interval(SINCE, UNTIL)), ("scheduled", None), ("manual", None)],
)
def test_only_a_backfill_counts_what_has_not_changed(
    run_type: str, interval: Interval | None
) -> None:
    run: Any = SimpleNamespace(
        run_type=run_type, data_interval_start=SINCE, data_interval_end=UNTIL
    )
    assert past_interval(run) == interval


def test_a_run_without_an_update_counts_nothing() -> None:
    assert trends_line(None) == "0 windows counted, 0 rows new or changed; 0 series rolled up"


def test_a_run_counts_what_has_come(
    connection: Connection, database: PostgresConfig, run_dag: RunDag
) -> None:
    with closing(PriceWriter(database)) as writer:
        writer.store([price_event(1000), price_event(800, hour=2)])

    run = run_dag("follow_trends")

    assert run.state == "success", run.log
    (row,) = connection.execute(
        "SELECT products, changes, drops, median_drop_bp FROM price_trends WHERE span = 'day'"
    ).fetchall()
    assert tuple(row.values()) == (1, 1, 1, 2000)
    assert "1 series rolled up" in run.summaries["summarise"]
