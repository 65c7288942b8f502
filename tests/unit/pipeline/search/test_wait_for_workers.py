"""Which groups are waited for before the stores are compared."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from keeper.pipeline.search import wait_for_workers as waiting
from keeper.pipeline.search.mirrors import PRICES, Feed
from keeper.pipeline.search.wait_for_workers import WorkersBehindError, wait_for_workers
from keeper.streams.config import KafkaConfig

KAFKA = KafkaConfig("localhost:9092")
MIRROR = replace(PRICES, topics={"prices": Feed(("loader", "indexer"), lambda _: ())})
ENDS = {0: 2, 1: 1}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[int, int]]:
    """By group, how far it has read each partition; nothing at first."""
    offsets: dict[str, dict[int, int]] = {"loader": {}, "indexer": {}}

    class Progress:
        def __init__(self, kafka: KafkaConfig, *, topic: str, group: str) -> None:
            assert (kafka, topic) == (KAFKA, "prices")
            self.group = group

        def lag_behind(self, ends: Mapping[int, int]) -> dict[int, int]:
            reached = offsets[self.group]
            return {
                p: end - reached.get(p, 0) for p, end in ends.items() if end > reached.get(p, 0)
            }

        def close(self) -> None:
            pass

    monkeypatch.setattr(waiting, "ends_of_topics", lambda kafka, mirrors: {"prices": ENDS})
    monkeypatch.setattr(waiting, "GroupProgress", Progress)
    return offsets


def test_the_loader_and_the_indexer_are_waited_for(read: dict[str, dict[int, int]]) -> None:
    said: list[str] = []

    def one_catches_up(seconds: float) -> None:
        read[said[-1].split()[0]] = ENDS

    wait_for_workers(KAFKA, MIRROR, timeout_s=60, on_wait=said.append, pause=one_catches_up)

    assert said == [
        f"{group} has still to read 3 messages of prices; waiting for it"
        for group in ("loader", "indexer")
    ]


@pytest.mark.parametrize(("ready", "behind"), [("indexer", "loader"), ("loader", "indexer")])
def test_the_one_that_does_not_catch_up_is_named(
    read: dict[str, dict[int, int]], ready: str, behind: str
) -> None:
    read[ready] = ENDS

    with pytest.raises(WorkersBehindError, match=f"{behind} has still to read 3 messages"):
        wait_for_workers(KAFKA, MIRROR, timeout_s=0)
