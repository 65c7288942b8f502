"""The DAG that events of Keeper's own start, and which events those are."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from airflow.sdk import DAG, AssetOrTimeSchedule
from airflow.sdk._shared.module_loading import import_string
from airflow.serialization.serialized_objects import DagSerialization

from keeper.errors import SettingsError
from keeper.orchestration.doorbell_trigger import KeeperEventsTrigger
from keeper.streams.events.subscriber import PendingEvents
from tests.keeper_events import keeper_event


def test_the_checks_run_by_the_clock_and_when_something_happens(dags: dict[str, DAG]) -> None:
    dag = dags["check_operations"]
    assert isinstance(dag.timetable, AssetOrTimeSchedule)

    serialized = DagSerialization.to_dict(dag)

    timetable = serialized["dag"]["timetable"]["__var"]
    assert timetable["timetable"]["__var"]["expression"] == "*/30 * * * *"
    (asset,) = timetable["asset_condition"]["objects"]
    (watcher,) = asset["watchers"]
    path, arguments = watcher["trigger"]["classpath"], watcher["trigger"]["kwargs"]
    trigger: Any = import_string(path)(**arguments)
    assert isinstance(trigger, KeeperEventsTrigger)
    assert trigger.serialize() == (path, arguments)
    assert set(trigger.kinds) == {"dead_letters_grew", "run_loaded", "tokens_short"}


def fired(trigger: KeeperEventsTrigger, *received: dict[str, int]) -> list[Any]:
    """Return what a trigger fires for so many events at once, by type."""

    async def events() -> AsyncIterator[PendingEvents]:
        for counts in received:
            yield PendingEvents(counts, keeper_event() if counts else None, {0: 1}, 0)

    async def all_of() -> list[Any]:
        return [event.payload async for event in trigger.filter_shared_stream(events())]

    return asyncio.run(all_of())


def test_it_fires_once_an_event_and_only_for_what_it_was_asked_for() -> None:
    trigger = KeeperEventsTrigger(kinds=["tokens_short", "run_loaded"])

    events = fired(trigger, {"run_loaded": 900, "deals_found": 1}, {"deals_found": 2}, {})

    (event,) = events
    assert event["counts"] == {"run_loaded": 900}
    assert event["newest"]["event_type"] == "run_loaded"


def test_triggers_that_differ_only_in_their_events_listen_together() -> None:
    letters = KeeperEventsTrigger(kinds=["dead_letters_grew"])
    deals = KeeperEventsTrigger(kinds=["deals_found"])

    assert letters.shared_stream_key() == deals.shared_stream_key()
    other = KeeperEventsTrigger(kinds=["deals_found"], group="another")
    assert other.shared_stream_key() != deals.shared_stream_key()


def test_a_misspelled_event_is_refused() -> None:
    with pytest.raises(SettingsError, match="moon_rose"):
        KeeperEventsTrigger(kinds=["moon_rose"])
