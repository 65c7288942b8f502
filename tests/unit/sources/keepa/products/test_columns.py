"""What is left of a damaged series, and what is reported of the rest."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.domain.prices.types import price_type_of
from keeper.sources.keepa.products.columns import DamagedSeriesError, read_columns, read_rest
from keeper.sources.keepa.products.decode import DecodedReply, SeriesState, decode_products
from keeper.sources.keepa.products.problems import SeriesFault

NEW = price_type_of("NEW")
BUY_BOX = price_type_of("BUY_BOX_SHIPPING")
LAST_LOST = SeriesState.NEWEST_LOST
LAST_THERE = SeriesState.DAMAGED


def decode(new: Any, **fields: Any) -> DecodedReply:
    raw = {"asin": "B00EXAMPLE", "domainId": 1, "csv": [None, new], **fields}
    return decode_products(json.dumps(raw).encode())


Left = tuple[SeriesFault, int, int]


@pytest.mark.parametrize(
    ("numbers", "kept", "left_out", "state"),
    [
        pytest.param(
            [10, 1, 20, 2.5, 30, 3], [10, 1, 30, 3], (SeriesFault.NOT_INTEGERS, 1, 1), LAST_THERE,
            id="a fraction amid",
        ),
        pytest.param(
            [10, 1, 20, 2999.0], [10, 1], (SeriesFault.NOT_INTEGERS, 1, 1), LAST_LOST,
            id="the newest price a fraction",
        ),
        pytest.param(
            [10, 1, 20, [2, 3]], [10, 1], (SeriesFault.NOT_INTEGERS, 1, 1), LAST_LOST,
            id="an array where an integer belongs",
        ),
        pytest.param(
            [10, 1, 20, 2, 20, 3], [10, 1], (SeriesFault.REPEATED_TIME, 1, 2), LAST_LOST,
            id="two newest prices at once",
        ),
        pytest.param(
            [10, 1, 20, 2, 20, 2], [10, 1, 20, 2], (SeriesFault.REPEATED_TIME, 2, 1), LAST_THERE,
            id="the newest entry twice",
        ),
        pytest.param(
            [10, 1, 20, 2, 30, 3, 20, 2, 40, 4],
            [10, 1, 20, 2, 30, 3, 40, 4],
            (SeriesFault.REPEATED_TIME, 3, 1),
            LAST_THERE,
            id="an entry once more later",
        ),
        pytest.param(
            [10, 1, 99, 2, 20, 3, 30, 4], [10, 1, 20, 3, 30, 4], (SeriesFault.NOT_INCREASING, 1, 1),
            LAST_THERE, id="an entry of the future amid",
        ),
        pytest.param(
            [20, 1, 10, 2], [20, 1], (SeriesFault.NOT_INCREASING, 1, 1), LAST_LOST,
            id="the newest time falls back",
        ),
        pytest.param(
            [10, 1, -5, 2, 20, 3], [10, 1, 20, 3], (SeriesFault.OUTSIDE_CALENDAR, 1, 1), LAST_THERE,
            id="a time before Keepa",
        ),
        pytest.param(
            [10, 1, 20, 2, 10**12, 3], [10, 1, 20, 2], (SeriesFault.OUTSIDE_CALENDAR, 2, 1),
            LAST_LOST, id="a time after the calendar",
        ),
        pytest.param(
            [10, 1, 20, 2, 30], [10, 1, 20, 2], (SeriesFault.INCOMPLETE, 2, 1), LAST_LOST,
            id="cut",
        ),
        pytest.param(
            [7000010, 1999, 7000020, 7000030, 1799, 7000040, 1899],
            [7000010, 1999],
            (SeriesFault.INCOMPLETE, 1, 3),
            LAST_LOST,
            id="a number missing amid shifts all after it",
        ),
    ],
)  # fmt: skip
def test_what_can_be_read_stays(
    numbers: list[Any], kept: list[int], left_out: Left, state: SeriesState
) -> None:
    reply = decode(numbers)
    (product,) = reply.products
    series = product.series[NEW.index]
    assert [n for pair in zip(series.minutes, series.values, strict=True) for n in pair] == kept
    assert not series.minutes.flags.writeable
    problem = reply.problems[0]
    assert (problem.kind, problem.series) == ("malformed_entries", "NEW")
    assert (problem.fault, problem.index, problem.count) == left_out
    assert product.state_of(NEW) is state


def test_each_reason_is_a_problem_of_its_own() -> None:
    reply = decode([10, 1, 20, "x", 30, None, 40, 4, 35, 5, 50, 6])
    assert [(p.fault, p.index, p.count) for p in reply.problems] == [
        (SeriesFault.NOT_INTEGERS, 1, 2),
        (SeriesFault.NOT_INCREASING, 4, 1),
    ]
    assert str(reply.problems[0]) == (
        "B00EXAMPLE us NEW: a number is not an integer of 64 bits: 2 of 6 entries, the first is "
        "number 1 [20, 'x']"
    )


def test_a_lost_newest_price_is_not_replaced_by_the_one_before() -> None:
    lost = [10, 1999, 20, "?"]
    assert decode(lost).products[0].current(NEW) is None
    known = decode(lost, stats={"current": [-1, 1799]}).products[0]
    assert known.current(NEW) == 1799
    amid = decode([10, "?", 20, 1999], stats={"current": [-1, 1799]}).products[0]
    assert amid.current(NEW) == 1999


@pytest.mark.parametrize(
    ("state", "is_answer"),
    [
        (SeriesState.WHOLE, True),
        (SeriesState.NONE, True),
        (SeriesState.DAMAGED, True),
        (SeriesState.NEWEST_LOST, False),
        (SeriesState.UNREADABLE, False),
    ],
)
def test_which_states_say_what_the_price_is(state: SeriesState, is_answer: bool) -> None:
    assert state.is_answer is is_answer


def test_triplets_keep_their_reading() -> None:
    rest = read_rest([10, 500, -1, 20, -1, 0, 20, 700, 0, 30, 800, 99], BUY_BOX)
    assert rest.columns is not None
    minutes, values, shipping = rest.columns
    assert shipping is not None
    assert (minutes.tolist(), values.tolist(), shipping.tolist()) == ([10, 30], [500, 800], [0, 99])
    assert not shipping.flags.writeable


numbers = st.one_of(
    st.integers(-3, 60), st.just(2**63), st.just(10**12), st.none(), st.booleans(), st.just([1]),
    st.floats(allow_nan=False), st.text(max_size=2),
)  # fmt: skip


@given(junk=st.lists(numbers, max_size=24), price_type=st.sampled_from([NEW, BUY_BOX]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_read_or_counted(junk: list[Any], price_type: Any) -> None:
    """What stays is in the order of the entries and was there; all else is counted once."""
    width = 3 if price_type.has_shipping else 2
    entries = [tuple(junk[at : at + width]) for at in range(0, len(junk), width)]
    try:
        columns, left_out = read_columns(junk, price_type), 0
    except DamagedSeriesError:
        rest = read_rest(junk, price_type)
        columns, left_out = rest.columns, sum(part.count for part in rest.left_out)
        assert left_out
        newest = None if columns is None else repr(int(columns[0][-1]))
        times = [repr(entry[0]) for entry in entries]
        # Of two entries of one time the time alone does not say which of them was read.
        if times.count(times[-1]) == 1:
            assert rest.lost_newest is (newest != times[-1])
    minutes = [] if columns is None else columns[0].tolist()
    assert len(minutes) + left_out == len(entries)
    assert minutes == sorted(set(minutes))
    values = [] if columns is None else columns[1].tolist()
    there = [(entry[0], entry[1]) for entry in entries if len(entry) == width]
    positions = [there.index(point) for point in zip(minutes, values, strict=True)]
    assert len(set(positions)) == len(positions)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=9, unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_as_few_times_as_possible_are_left_out(times: list[int]) -> None:
    longest = max(
        len(chosen)
        for mask in range(1, 2 ** len(times))
        if (chosen := [time for at, time in enumerate(times) if mask >> at & 1]) == sorted(chosen)
    )
    rest = read_rest([number for time in times for number in (time, 1)], NEW)
    assert rest.columns is not None
    assert len(rest.columns[0]) == longest
