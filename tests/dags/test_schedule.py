"""When track_prices runs, and what it may not count on."""

import inspect
import re
from datetime import timedelta

import pendulum
import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable

from tests.services import ROOT


@pytest.fixture(scope="module")
def track_prices(dags: dict[str, DAG]) -> DAG:
    return dags["track_prices"]


def test_each_interval_of_six_hours_follows_the_one_before(track_prices: DAG) -> None:
    timetable = DagSerialization.from_dict(DagSerialization.to_dict(track_prices)).timetable
    assert isinstance(timetable, CronDataIntervalTimetable)
    first = pendulum.datetime(2026, 1, 1)
    since = TimeRestriction(earliest=first, latest=None, catchup=True)
    last = None
    for number in range(5):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=since)
        assert info is not None
        last = info.data_interval
        assert last is not None
        assert last.start == first + number * timedelta(hours=6)
        assert last.end - last.start == timedelta(hours=6)


def test_no_task_asks_for_times_that_a_manual_run_lacks(track_prices: DAG) -> None:
    lacking = {"logical_date", "data_interval_start", "data_interval_end", "ds", "ts", "ds_nodash"}
    source = (ROOT / "dags" / "track_prices.py").read_text(encoding="utf-8")

    assert track_prices.tasks
    for task in track_prices.tasks:
        if function := getattr(task, "python_callable", None):
            assert not lacking & set(inspect.signature(function).parameters)
    assert not lacking & set(re.findall(r"\w+", "".join(re.findall(r"\{\{.*?\}\}", source))))
