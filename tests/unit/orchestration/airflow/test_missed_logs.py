"""Logs that wait to be copied are recorded in files, which any process may write and remove."""

from dataclasses import replace
from pathlib import Path

from keeper.domain.search.task_logs import TaskLog
from keeper.orchestration.airflow.missed_logs import MissedLogs

LOG = TaskLog("dag_id=a/run_id=b c/task_id=d/attempt=1.log", "a", "b c", "d", -1, 1)


def test_a_recorded_log_is_there_for_every_process_until_it_is_removed(tmp_path: Path) -> None:
    MissedLogs(tmp_path / "notes").add(LOG)
    MissedLogs(tmp_path / "notes").add(LOG)

    assert list(MissedLogs(tmp_path / "notes").some()) == [LOG]

    MissedLogs(tmp_path / "notes").remove(LOG)
    MissedLogs(tmp_path / "notes").remove(LOG)

    assert list(MissedLogs(tmp_path / "notes").some()) == []


def test_where_none_was_missed_there_is_no_folder(tmp_path: Path) -> None:
    assert list(MissedLogs(tmp_path / "notes").some()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_another_process_removes_meanwhile_is_left_out(tmp_path: Path) -> None:
    missed = MissedLogs(tmp_path)
    logs = [replace(LOG, file=f"{number}.log") for number in range(3)]
    for log in logs:
        missed.add(log)
    found = missed.some()
    first = next(found)
    other = next(log for log in logs if log != first)
    missed.remove(other)

    assert {first, *found} == set(logs) - {other}


def test_of_many_some_are_given_at_a_time(tmp_path: Path) -> None:
    missed = MissedLogs(tmp_path)
    for number in range(70):
        missed.add(replace(LOG, file=f"{number}.log"))

    for log in missed.some():
        missed.remove(log)

    assert len(list(missed.some())) == 20
