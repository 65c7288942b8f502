"""Workers that stop at too many dead letters, and operators who let them go on."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from keeper.errors import TransientError
from keeper.metrics import WorkerMetrics
from keeper.pipeline.restores import streams
from keeper.pipeline.runs.lasting import LastingConsumer
from keeper.pipeline.runs.writers import Writing
from keeper.settings import Settings
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.dead_letters.producer import TooManyDeadLettersError
from keeper.streams.groups.records import GroupRecords, Stop
from keeper.streams.workers import LOADERS, Store, Writer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BAD_UNTIL = 500
"""Up to here the topic holds nothing but rubbish."""


class Records:
    """The records of groups, of which only one operator and some workers know."""

    def __init__(self) -> None:
        self.latest: Stop | None = None
        self.refusals = 0

    def stop_of(self, group: str, topic: str) -> Stop | None:
        return self.latest if self.latest and self.latest.group == group else None

    def write(self, records: Iterable[Stop]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise TransientError("not now")
        (self.latest,) = records

    def give_up(self, until: int) -> None:
        assert self.latest is not None
        self.latest = Stop(
            group=self.latest.group, topic=self.latest.topic, at=NOON, given_up_until={0: until}
        )


class Reader:
    """A consumer that gives up when more is rubbish than it was let."""

    def __init__(self, given_up_until: Mapping[int, int]) -> None:
        self.given_up_until = given_up_until

    def run(self, *, until_idle: bool) -> int:
        if self.given_up_until.get(0, 0) < BAD_UNTIL:
            raise TooManyDeadLettersError("100 of 100 messages cannot be loaded.")
        return 3

    def stop(self) -> None:
        pass


@pytest.fixture
def records() -> Records:
    return Records()


def lasting(records: Records, during: Callable[[], None], begun: list[int]) -> LastingConsumer:
    """Return a worker; `during` happens while it reads for the first time."""

    class Watched(Reader):
        def run(self, *, until_idle: bool) -> int:
            begun.append(self.given_up_until.get(0, 0))
            if len(begun) == 1:
                during()
            return super().run(until_idle=until_idle)

    return LastingConsumer(
        lambda given_up: cast("BatchConsumer[Any]", Watched(given_up)),
        cast("GroupRecords", records),
        group="group",
        topic="prices",
        metrics=WorkerMetrics(),
        ask_every_s=0,
    )


def test_a_second_worker_that_stops_leaves_what_an_operator_gave_up(records: Records) -> None:
    def meanwhile() -> None:
        records.write([Stop(group="group", topic="prices", at=NOON, reason="the first stopped")])
        records.give_up(BAD_UNTIL)

    begun: list[int] = []
    lasting(records, meanwhile, begun).run(until_idle=True)

    assert begun == [0, BAD_UNTIL]
    assert records.latest is not None
    assert (records.latest.reason, records.latest.given_up_until) == (None, {0: BAD_UNTIL})


def test_a_stop_after_another_keeps_what_was_given_up_before(records: Records) -> None:
    def meanwhile() -> None:
        first = Stop(
            group="group", topic="prices", at=NOON, reason="the first", given_up_until={0: 70}
        )
        records.write([first])
        records.refusals = 2

    with pytest.raises(TooManyDeadLettersError, match=r"100 of 100.*resume group"):
        lasting(records, meanwhile, []).run(until_idle=True)

    assert records.latest is not None
    assert records.latest.given_up_until == {0: 70}
    assert records.latest.reason == "100 of 100 messages cannot be loaded."


def test_a_restore_that_meets_too_many_dead_letters_says_how_to_go_on_and_then_does(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = next(one for one in LOADERS.values() if one.store is Store.POSTGRES)

    def consumer(*_: object, policy: BatchPolicy, **__: object) -> BatchConsumer[Any]:
        return cast("BatchConsumer[Any]", Reader(policy.dead_letters.given_up_until))

    def store(_: Settings, __: WorkerMetrics) -> AbstractContextManager[Any]:
        return nullcontext()

    monkeypatch.setattr(streams, "WRITERS", {one: Writing(consumer, store) for one in Writer})
    monkeypatch.setattr(streams, "LOADERS", {loader.name: loader})
    monkeypatch.setattr(streams, "GroupRecords", lambda _: records)

    with pytest.raises(TooManyDeadLettersError, match=f"resume {loader.group} --give-up"):
        streams.load_all(Settings())
    records.give_up(BAD_UNTIL)
    streams.load_all(Settings())
