"""How a backup is asked for, waited for and looked at."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from keeper.clock import utc_now
from keeper.domain.requests import RequestKind, RequestState
from keeper.orchestration import back_up_stores as tasks
from keeper.orchestration.triggers.requests import RequestEndedTrigger
from keeper.orchestration.waits.requests import RequestFailedError, WaitForRequest
from keeper.pipeline.requests.carry_out import LEASE
from keeper.settings import load_settings
from keeper.stores.postgres.connection import Connection as Database
from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.requests.queue import claim_next, finish, postpone
from tests.dags.conftest import connection_to
from tests.dags.test_summaries import LastTask

MADE: dict[str, Any] = {
    "name": "20260301T020000Z",
    "of": "base backup",
    "bytes": 12_300_000,
    "restores_from": "2026-03-01T02:00:04Z",
    "restores_until": "2026-03-01T02:01:00Z",
    "left_out": [],
    "problems": [],
    "pruned_backups": 1,
    "pruned_bytes": 5_000_000,
}


def sensor() -> WaitForRequest:
    return WaitForRequest(
        task_id="wait",
        request_id=7,
        worker="keeper backup on-request",
        claimed_within_s=60,
        ended_within_s=60,
    )


@pytest.fixture
def settings(
    connection: Database, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("AIRFLOW_CONN_KEEPER_POSTGRES", connection_to(database.url))
    load_settings.cache_clear()
    yield monkeypatch
    load_settings.cache_clear()


def ask() -> int:
    task: Any = tasks.ask_for_backup
    asked: int = task.function()
    return asked


def summarise(made: dict[str, Any]) -> str:
    task: Any = tasks.summarise
    line: str = task.function(made, LastTask())
    return line


def fired(trigger: RequestEndedTrigger) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            return dict(event.payload)
        raise AssertionError("a trigger ends with an event")

    return asyncio.run(first())


def test_a_run_asks_waits_and_concludes(dags: dict[str, DAG]) -> None:
    dag = dags["back_up_stores"]
    assert isinstance(dag.get_task("wait_for_backup"), WaitForRequest)
    assert dag.get_task("wait_for_backup").upstream_task_ids == {"ask_for_backup"}
    assert dag.get_task("summarise").upstream_task_ids == {"wait_for_backup"}


def test_without_a_folder_nothing_is_asked_for(settings: pytest.MonkeyPatch) -> None:
    settings.delenv("KEEPER_BACKUPS", raising=False)
    with pytest.raises(AirflowSkipException, match="KEEPER_BACKUPS names no folder"):
        ask()


def test_a_request_is_waited_for_until_its_worker_has_ended_it(
    settings: pytest.MonkeyPatch, connection: Database
) -> None:
    settings.setenv("KEEPER_BACKUPS", "/backups")
    load_settings.cache_clear()
    asked, later = ask(), time.time() + 60
    # Of two that wait it is one.
    assert ask() == asked

    nobody = fired(RequestEndedTrigger(asked, claimed_before=0, ended_before=later))
    assert (nobody["state"], nobody["attempts"]) == ("waiting", 0)
    with pytest.raises(RequestFailedError, match=r"taken by nobody; .*keeper backup on-request"):
        sensor().resume({}, nobody)

    now = utc_now()
    request = claim_next(connection, [RequestKind.BACK_UP], "me", now=now, until=now + LEASE)
    assert request is not None
    slow = fired(RequestEndedTrigger(asked, claimed_before=0, ended_before=0))
    with pytest.raises(RequestFailedError, match="has not ended after 1 attempts"):
        sensor().resume({}, slow)

    # Its worker is started anew meanwhile.
    assert postpone(connection, request, now, problem=None, counts=False)
    soon = time.time() + 0.3
    broken_off = fired(RequestEndedTrigger(asked, 0, ended_before=soon, poll_interval_s=0.1))
    assert time.time() >= soon
    with pytest.raises(RequestFailedError, match="was begun and broken off, and has not ended"):
        sensor().resume({}, broken_off)

    request = claim_next(connection, [RequestKind.BACK_UP], "me", now=now, until=now + LEASE)
    assert request is not None
    finish(connection, request, RequestState.DONE, now=now, result=MADE, problem=None)
    done = fired(RequestEndedTrigger(asked, claimed_before=later, ended_before=later))
    assert sensor().resume({}, done) == MADE


def test_a_request_that_failed_or_is_gone_fails_its_run(settings: pytest.MonkeyPatch) -> None:
    gone = fired(RequestEndedTrigger(10**12, claimed_before=0, ended_before=time.time() + 60))
    with pytest.raises(RequestFailedError, match="is not known"):
        sensor().resume({}, gone)
    event = {"state": "failed", "attempts": 5, "result": None, "problem": "the disk is full"}
    with pytest.raises(RequestFailedError, match="has failed: the disk is full; clear the task"):
        sensor().resume({}, event)


def test_waiting_takes_no_worker_and_stores_no_secret() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        sensor().execute({})
    trigger = deferred.value.trigger
    assert isinstance(trigger, RequestEndedTrigger)
    path, arguments = trigger.serialize()
    assert path == "keeper.orchestration.triggers.requests.RequestEndedTrigger"
    assert RequestEndedTrigger(**json.loads(json.dumps(arguments))).serialize() == (path, arguments)


def test_a_backup_that_is_not_sound_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "conclude", lambda _, line: line)
    line = summarise(MADE)
    assert line.startswith("20260301T020000Z, a base backup, 12.3 MB; moments from 2026-03-01T02:0")
    assert tasks.backup_line(None) == "no backup was made"
    damaged = MADE | {"problems": ["keeper.dump is not what was written"]}
    with pytest.raises(tasks.UnsoundBackupError, match=r"keeper\.dump is not what was written"):
        summarise(damaged)
