"""Waiting for a consumer group: what is waited for, and how it ends."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import TaskDeferred

from keeper.errors import TransientError
from keeper.orchestration import triggers
from keeper.orchestration.triggers import GroupReachedTrigger
from keeper.orchestration.waits.sensors import GroupBehindError, WaitForGroup, highest_offsets


def sensor(published: Any) -> WaitForGroup:
    return WaitForGroup(
        task_id="wait",
        topic="price-updates",
        group="keeper-consumer-group",
        published=published,
        worker="keeper consume prices",
        timeout_s=60,
    )


def reached(offsets: Mapping[Any, int]) -> dict[str, Any]:
    return {"offsets": {"price-updates": offsets}}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ([reached({"0": 5, "1": 2}), reached({"0": 7})], {"0": 7, "1": 2}),
        ([reached({"0": 7}), reached({"0": 5, "1": 2})], {"0": 7, "1": 2}),
        ([reached({0: 5}), None], {"0": 5}),
        (reached({"3": 9}), {"3": 9}),
        ([reached({})], {}),
        ([{"offsets": {"price-backfill": {"0": 5}}}], {}),
        ([], {}),
    ],
    ids=[
        "highest of all",
        "highest of all is the first",
        "a failed batch",
        "one bare batch",
        "no events",
        "another topic",
        "no batches",
    ],
)
def test_the_highest_offset_of_each_partition_counts(
    published: Any, expected: Mapping[str, int]
) -> None:
    assert highest_offsets(published, "price-updates") == expected


def test_nothing_published_is_nothing_to_wait_for() -> None:
    sensor([]).execute({})


def test_waiting_defers_to_the_trigger() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        sensor([reached({"0": 5})]).execute({})

    assert isinstance(deferred.value.trigger, GroupReachedTrigger)
    assert deferred.value.method_name == "resume"


def test_a_group_that_is_there_lets_the_run_go_on() -> None:
    sensor([]).resume({}, {"reached": True, "lag": {}, "problem": None})


def test_a_group_that_is_late_is_an_error_with_its_lag_and_the_remedy() -> None:
    with pytest.raises(GroupBehindError, match=r"12 messages behind.*keeper consume prices"):
        sensor([]).resume({}, {"reached": False, "lag": {"0": 5, "4": 7}, "problem": None})


def test_the_trigger_is_stored_without_secrets_and_read_back() -> None:
    trigger = GroupReachedTrigger("price-updates", "group", {"0": 5}, deadline=1.0)

    path, arguments = trigger.serialize()

    assert path == "keeper.orchestration.triggers.GroupReachedTrigger"
    assert json.loads(json.dumps(arguments)) == arguments
    assert GroupReachedTrigger(**arguments).serialize() == (path, arguments)
    assert "bootstrap" not in json.dumps(arguments)


class Progress:
    """Answers from a list, one a question."""

    def __init__(self, answers: list[dict[int, int] | TransientError]) -> None:
        self.answers = answers
        self.closed = False

    def lag_behind(self, offsets: Mapping[int, int]) -> dict[int, int]:
        answer = self.answers.pop(0)
        if isinstance(answer, TransientError):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


def outcome(
    monkeypatch: pytest.MonkeyPatch,
    answers: list[dict[int, int] | TransientError],
    *,
    deadline: float,
) -> Mapping[str, Any]:
    progress = Progress(answers)
    connection = Connection(
        conn_id="keeper_kafka", conn_type="kafka", extra='{"bootstrap.servers": "localhost:9092"}'
    )

    async def get(conn_id: str) -> Connection:
        assert conn_id == "keeper_kafka"
        return connection

    monkeypatch.setattr(Connection, "async_get", get)
    monkeypatch.setattr(triggers, "GroupProgress", lambda *_, **__: progress)
    trigger = GroupReachedTrigger(
        "price-updates", "group", {"0": 5}, deadline=deadline, poll_interval_s=0
    )

    async def first_event() -> Any:
        return await anext(aiter(trigger.run()))

    event = asyncio.run(first_event())
    assert progress.answers == []
    payload: Mapping[str, Any] = event.payload
    return payload


def test_the_trigger_waits_until_the_group_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[dict[int, int] | TransientError] = [{0: 5}, TransientError("no answer"), {}]

    event = outcome(monkeypatch, answers, deadline=float("inf"))

    assert event == {"reached": True, "lag": {}, "problem": None}


def test_the_trigger_gives_up_at_the_deadline_and_says_the_lag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = outcome(monkeypatch, [{0: 3}], deadline=0)

    assert event == {"reached": False, "lag": {"0": 3}, "problem": None}


def test_a_silent_broker_is_named_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    event = outcome(monkeypatch, [TransientError("no answer")], deadline=0)

    assert event["reached"] is False
    assert event["problem"] == "no answer"
