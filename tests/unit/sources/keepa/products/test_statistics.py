"""Statistics recomputed from a history; compared with Keepa's own over the recordings."""

import json
from collections import Counter
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.domain.locales import locale_of
from keeper.domain.prices.points import from_keepa_minutes, to_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.sources.keepa.products.decode import decode_products
from keeper.sources.keepa.products.series import Series
from keeper.sources.keepa.products.statistics import (
    Extreme,
    SeriesStatistics,
    is_lowest,
    lowest_since,
    share_of_time_at_or_below,
    statistics_of,
    value_at,
)


def series_of(
    *entries: tuple[int, int], price_type: str = "NEW", shipping: list[int] | None = None
) -> Series:
    minutes, values = (np.array(column, np.int64) for column in zip(*entries, strict=True))
    charged = None if shipping is None else np.array(shipping, np.int64)
    return Series(
        "B00EXAMPLE", locale_of("us"), price_type_of(price_type), minutes, values, charged
    )


def at(minute: float) -> datetime:
    return from_keepa_minutes(0) + timedelta(minutes=minute)


# From 10 at 900, from 20 at 300, from 30 without offer, from 40 at 500.
SERIES = series_of((10, 900), (20, 300), (30, -1), (40, 500))


@pytest.mark.parametrize(
    ("start", "end", "average", "low", "high", "out_of_stock", "tracked"),
    [
        pytest.param(None, 50, 566, (20, 300), (10, 900), 0.25, 40, id="all"),
        pytest.param(0, 50, 566, (20, 300), (10, 900), 0.25, 40, id="from before the first point"),
        pytest.param(15, 25, 600, (20, 300), (15, 900), 0.0, 10, id="parts of spans"),
        pytest.param(25, 45, 400, (25, 300), (40, 500), 0.5, 20, id="across a gap"),
        pytest.param(32, 38, None, None, None, 1.0, 6, id="no offer all along"),
        pytest.param(0, 10, None, None, None, None, 0, id="before the first point"),
        pytest.param(60, 70, 500, (60, 500), (60, 500), 0.0, 10, id="the newest point goes on"),
        pytest.param(20, 20, None, None, None, None, 0, id="an empty window"),
        pytest.param(None, 10.5, 900, (10, 900), (10, 900), 0.0, 1, id="within the minute"),
    ],
)
def test_statistics_of_a_window(
    start: float | None,
    end: float,
    average: int | None,
    low: tuple[int, int] | None,
    high: tuple[int, int] | None,
    out_of_stock: float | None,
    tracked: int,
) -> None:
    def extreme(entry: tuple[int, int] | None) -> Extreme | None:
        return None if entry is None else Extreme(at(entry[0]), entry[1])

    assert statistics_of(SERIES, None if start is None else at(start), at(end)) == SeriesStatistics(
        average, extreme(low), extreme(high), out_of_stock, tracked
    )


def test_shipping_counts_unless_asked_otherwise() -> None:
    series = series_of((10, 900), (20, 800), price_type="BUY_BOX_SHIPPING", shipping=[0, 300])
    assert statistics_of(series, None, at(30)).average == 1000
    assert statistics_of(series, None, at(30), landed=False).average == 850
    assert value_at(series, at(25)) == 1100
    assert value_at(series, at(25), landed=False) == 800
    assert lowest_since(series, 800, at(30)) is None
    assert lowest_since(series, 850, at(30), landed=False) == at(30)


def test_a_zero_is_no_price_but_a_count() -> None:
    prices, counts = (series_of((10, 0), (20, 4), price_type=name) for name in ("NEW", "COUNT_NEW"))
    assert statistics_of(prices, None, at(30)).average == 4
    assert statistics_of(counts, None, at(30)).average == 2


def test_the_price_before_a_price_above_the_ceiling_goes_on() -> None:
    series = series_of((10, 300), (20, 99_900), (30, 400))
    assert statistics_of(series, None, at(40)).average == 33_533
    capped = statistics_of(series, None, at(40), ceiling=400)
    assert capped == SeriesStatistics(333, Extreme(at(10), 300), Extreme(at(30), 400), 0.0, 30)
    first = series_of((10, 99_900), (20, -1))
    assert statistics_of(first, None, at(30), ceiling=400) == SeriesStatistics(
        None, None, None, 0.5, 20
    )


@pytest.mark.parametrize(
    ("since", "start", "share"), [(0, None, 0.4), (0, 5, 1 / 3), (10, 0, 0.25), (20, None, 0.25)]
)
def test_time_before_the_first_point_is_out_of_stock_if_tracked(
    since: float, start: float | None, share: float
) -> None:
    window = (None if start is None else at(start), at(50))
    statistics = statistics_of(SERIES, *window, tracked_since=at(since))
    assert statistics.out_of_stock_share == pytest.approx(share)
    assert statistics.average == 566


@pytest.mark.parametrize(
    ("moment", "value"), [(9, None), (10, 900), (19.9, 900), (20, 300), (35, None), (99, 500)]
)
def test_value_at_a_moment(moment: float, value: int | None) -> None:
    assert value_at(SERIES, at(moment)) == value


@pytest.mark.parametrize(
    ("value", "share"), [(299, 0.0), (300, 1 / 3), (500, 2 / 3), (899, 2 / 3), (900, 1.0)]
)
def test_share_of_time_is_of_the_time_with_an_offer(value: int, share: float) -> None:
    assert share_of_time_at_or_below(SERIES, value, None, at(50)) == pytest.approx(share)


def test_no_share_of_time_without_an_offer() -> None:
    assert share_of_time_at_or_below(SERIES, 500, at(30), at(40)) is None


@pytest.mark.parametrize(
    ("value", "moment", "since"),
    [
        pytest.param(300, 50, None, id="never lower"),
        pytest.param(500, 50, 30, id="until the end of the lower stretch"),
        pytest.param(301, 25, 25, id="lower right now"),
        pytest.param(900, 15, None, id="later prices do not count"),
    ],
)
def test_how_long_nothing_was_cheaper(value: int, moment: int, since: int | None) -> None:
    assert lowest_since(SERIES, value, at(moment)) == (None if since is None else at(since))


@pytest.mark.parametrize(
    ("moment", "start", "lowest"),
    [(25, None, True), (45, None, False), (45, 30, True), (45, 29, False), (35, None, False)],
)
def test_the_lowest_since_a_start(moment: int, start: int | None, lowest: bool) -> None:
    window = None if start is None else at(start)
    assert is_lowest(SERIES, at(moment), start=window) is lowest


entries = st.dictionaries(
    st.integers(0, 60), st.integers(-1, 9).filter(lambda value: value != 0), min_size=1
).map(lambda drawn: sorted(drawn.items()))


@given(entries=entries, start=st.integers(0, 70), length=st.integers(0, 70))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_statistics_agree_with_counting_minute_by_minute(
    entries: list[tuple[int, int]], start: int, length: int
) -> None:
    held: list[int] = []
    for minute in range(start, start + length):
        before = [value for since, value in entries if since <= minute]
        held += before[-1:]
    offers = [value for value in held if value > 0]
    series, window = series_of(*entries), (at(start), at(start + length))
    statistics = statistics_of(series, *window)
    assert statistics.tracked_minutes == len(held)
    assert statistics.average == (sum(offers) // len(offers) if offers else None)
    assert (statistics.low and statistics.low.value) == (min(offers) if offers else None)
    assert (statistics.high and statistics.high.value) == (max(offers) if offers else None)
    if held:
        assert statistics.out_of_stock_share == pytest.approx(1 - len(offers) / len(held))
    share = share_of_time_at_or_below(series, 5, *window)
    cheap = sum(value <= 5 for value in offers)
    assert share == (pytest.approx(cheap / len(offers)) if offers else None)


def moment_of(product: dict[str, Any]) -> datetime:
    """When Keepa computed its statistics: it has seen the buy box's holder until then."""
    holders = [
        holder
        for name in ("buyBoxStats", "buyBoxUsedStats")
        for holder in (product["stats"].get(name) or {}).values()
    ]
    return from_keepa_minutes(max(holder["lastSeen"] for holder in holders))


def as_keepa(extreme: Extreme | None) -> list[int]:
    return [-1, -1] if extreme is None else [to_keepa_minutes(extreme.observed_at), extreme.value]


def compare(body: bytes, *, with_ceiling: bool) -> Counter[tuple[str, str]]:
    """Count how each of Keepa's figures compares with the one recomputed."""
    raw = json.loads(body)
    (product,) = decode_products(body).products
    assert product.stats is not None
    end, since = moment_of(raw), product.tracked_since
    seen: Counter[tuple[str, str]] = Counter()
    for index, series in product.series.items():
        if series.price_type.name == "EXTRA_INFO_UPDATES":
            continue
        # Of a series with one point Keepa gives that point, whatever the window.
        alone = len(series) == 1
        highest = product.stats.max.get(index)
        ceiling = highest.value if with_ceiling and highest else None

        def check(name: str, ours: object, *, index: int = index) -> None:
            kept = raw["stats"][name][index]
            seen[name, "equal" if (kept or [-1, -1]) == (ours or [-1, -1]) else "different"] += 1

        for name, days in {"avg": 365, "avg30": 30, "avg90": 90, "avg180": 180}.items():
            start = end - timedelta(days=days)
            window = statistics_of(series, start, end, ceiling=ceiling, tracked_since=since)
            average = -1 if window.average is None else window.average
            kept = raw["stats"][name][index]
            # Keepa's sum begins at the −1 of a window that begins without an offer; rounded down,
            # that shows in averages which are whole numbers.
            if kept == average - 1 and value_at(series, start) is None and not alone:
                seen[name, "one less"] += 1
            else:
                check(name, average)
            if series.price_type.is_price and window.out_of_stock_share is not None:
                missing = ceil(round(100 * window.out_of_stock_share, 9))
                if alone and window.average is not None:
                    missing = 0
                check(f"outOfStockPercentage{days}", missing)
        ever = statistics_of(series, None, end, ceiling=ceiling)
        year = end - timedelta(days=365)
        recent = statistics_of(series, None if alone else year, end, ceiling=ceiling)
        check("min", as_keepa(ever.low))
        check("max", as_keepa(ever.high))
        check("minInInterval", as_keepa(recent.low))
        check("maxInInterval", as_keepa(recent.high))
        for name, moment in (("current", end), ("atIntervalStart", year)):
            value = value_at(series, moment)
            check(name, -1 if value is None else value)
        check("isLowest", is_lowest(series, end))
        check("isLowest90", is_lowest(series, end, start=end - timedelta(days=90)))
    return seen


@pytest.mark.recordings
def test_below_keepas_ceiling_every_figure_is_keepas(recording: Path) -> None:
    seen = compare(recording.read_bytes(), with_ceiling=True)
    assert {name: count for name, count in seen.items() if name[1] == "different"} == {}
    assert seen["avg30", "equal"] > 10


@pytest.mark.recordings
def test_without_the_ceiling_only_what_outliers_touch_differs(recordings: list[Path]) -> None:
    """Keepa leaves out what lies above a ceiling of its own; nobody knows how it sets it."""
    seen = sum((compare(path.read_bytes(), with_ceiling=False) for path in recordings), Counter())
    figures = {name for name, _ in seen}
    differ = {name: seen[name, "different"] for name in figures if seen[name, "different"]}
    assert seen["current", "equal"] == 156
    assert differ == {
        "avg": 11,
        "avg90": 9,
        "avg180": 11,
        "max": 15,
        "maxInInterval": 11,
        "minInInterval": 1,
    }
    assert figures - set(differ) == {
        "avg30",
        "atIntervalStart",
        "current",
        "isLowest",
        "isLowest90",
        "min",
        "outOfStockPercentage30",
        "outOfStockPercentage90",
        "outOfStockPercentage180",
        "outOfStockPercentage365",
    }
