"""New points of a batch and known ones are kept apart."""

from datetime import datetime, timedelta

from keeper.domain.prices.events import PriceEvent
from keeper.stores.postgres.arrays import array_of
from keeper.stores.postgres.prices.batch import (
    KnownSeries,
    PointRows,
    SeriesEvents,
    group_by_series,
    moved_history,
    moved_series,
    sort_points,
)
from tests.price_events import START, price_event

ORIGINS = {("run-1", "simulator"): 7, ("run-2", "simulator"): 8}


def hours(number: int) -> datetime:
    return START + timedelta(hours=number)


def sort(
    events: list[PriceEvent], *, newest: int | None = None, compare_all: bool = False
) -> PointRows:
    (group,) = group_by_series(events).values()
    series = KnownSeries(1, None if newest is None else hours(newest))
    return sort_points([SeriesEvents.of(series, group)], ORIGINS, compare_all=compare_all)


def test_events_are_grouped_by_series_in_the_order_of_their_checks() -> None:
    late, early = price_event(2, hour=2), price_event(1, hour=1)
    other = price_event(3, price_type="AMAZON")

    assert group_by_series([late, other, early]) == {
        ("B000000001", "us", "NEW"): [early, late],
        ("B000000001", "us", "AMAZON"): [other],
    }


def test_points_later_than_the_newest_are_fresh_and_the_others_are_compared() -> None:
    rows = sort([price_event(100 + hour, hour=hour) for hour in range(4)], newest=1)

    assert [row[5] for row in rows.known] == [100, 101]
    assert [row[5] for row in rows.fresh] == [102, 103]
    assert rows.disputed == []


def test_a_series_without_points_has_only_fresh_ones() -> None:
    event = price_event(100, hour=0)

    assert sort([event]).fresh == [
        (1, 7, hours(0), event.checked_at, event.checked_at, 100, None, False)
    ]


def test_with_compare_all_nothing_is_taken_for_new() -> None:
    rows = sort([price_event(100, hour=0), price_event(101, hour=1)], compare_all=True)

    assert (len(rows.fresh), len(rows.known)) == (0, 2)


def test_checks_that_agree_are_one_row_of_the_first_run_and_the_latest_check() -> None:
    first = price_event(100, hour=0, implausible=True)
    second = price_event(100, hour=0, check=6, run_id="run-2")

    (row,) = sort([second, first]).fresh

    assert row == (1, 7, hours(0), first.checked_at, second.checked_at, 100, None, False)


def test_checks_that_disagree_are_disputed_whatever_is_stored() -> None:
    events = [price_event(100, hour=0), price_event(99, hour=0, check=6, run_id="run-2")]

    rows = sort(events)

    assert [(row[1], row[5]) for row in rows.disputed] == [(7, 100), (8, 99)]
    assert rows.fresh == rows.known == []


def test_a_known_point_with_another_value_brings_its_checks() -> None:
    rows = sort([price_event(100, hour=0)], newest=0)

    rows.dispute((1, hours(0)), ORIGINS)

    assert rows.disputed == rows.known


def test_events_up_to_the_current_price_are_not_new() -> None:
    events = [price_event(100 + hour, hour=hour) for hour in range(4)]
    current = KnownSeries(1, hours(2), hours(2), 102, last_checked_at=events[2].checked_at)

    assert SeriesEvents.of(current, events).new_events == events[3:]
    assert SeriesEvents.of(KnownSeries(1), events).new_events == events


def test_only_prices_move_the_current_one_and_both_the_newest_point() -> None:
    group = SeriesEvents.of(KnownSeries(1), [price_event(100, hour=3)])

    moved, older = moved_series(group, ORIGINS), moved_history(group)

    assert moved is not None
    assert older is not None
    assert moved.newest_at == older.newest_at == hours(3)
    assert moved.due_from == older.due_from == hours(3)
    assert (moved.price_minor, older.price_minor) == (100, None)


def test_a_replay_moves_nothing() -> None:
    event = price_event(100, hour=3)
    current = KnownSeries(1, hours(3), hours(3), 100, last_checked_at=event.checked_at)

    assert moved_series(SeriesEvents.of(current, [event]), ORIGINS) is None
    assert moved_history(SeriesEvents.of(current, [event])) is None


def test_an_array_literal_says_null_and_quotes_texts() -> None:
    assert array_of([1, None, True]) == "{1,NULL,True}"
    assert array_of(["B000000001", "us"]) == '{"B000000001","us"}'
    assert array_of([START]) == '{"2026-03-01 00:00:00+00:00"}'
    assert array_of([]) == "{}"
