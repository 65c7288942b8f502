"""Series whose prices began to include shipping: their statistics, and what is implausible."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from keeper.domain.locales import locale_of
from keeper.domain.prices.landed import CONFIRMED_AFTER, LANDED_SINCE
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.sources.keepa.products.series import Series
from keeper.sources.keepa.products.statistics import (
    Extreme,
    is_lowest,
    lowest_since,
    share_of_time_at_or_below,
    statistics_of,
)
from keeper.sources.keepa.products.stats import decode_stats

DAY = timedelta(days=1)
NEW, AMAZON = price_type_of("NEW"), price_type_of("AMAZON")
# 34.99 until prices included shipping, 39.98 from that minute, 37.99 sixty days later.
CHANGED = LANDED_SINCE + 60 * DAY
POINTS = ((LANDED_SINCE - 400 * DAY, 3499), (LANDED_SINCE, 3998), (CHANGED, 3799))
SEEN = CHANGED + DAY


def series(name: str = "NEW", points: tuple[tuple[datetime, int], ...] = POINTS) -> Series:
    return Series(
        "B000000001",
        locale_of("us"),
        price_type_of(name),
        np.array([to_keepa_minutes(at) for at, _ in points], dtype=np.int64),
        np.array([price for _, price in points], dtype=np.int64),
        None,
    )


@pytest.mark.parametrize("start", [None, SEEN - 90 * DAY])
def test_figures_begin_with_the_first_price_that_includes_shipping(start: datetime | None) -> None:
    found = statistics_of(series(), start, SEEN)

    assert found.average == (60 * 3998 + 3799) // 61
    assert found.low == Extreme(CHANGED, 3799)
    assert found.high == Extreme(LANDED_SINCE, 3998)
    assert share_of_time_at_or_below(series(), 3799, start, SEEN) == pytest.approx(1 / 61)
    assert lowest_since(series(), 3799, SEEN) is None
    assert is_lowest(series(), SEEN, start=start)


def test_other_series_look_back_past_it() -> None:
    found = statistics_of(series("AMAZON"), None, SEEN)

    assert found.low == Extreme(LANDED_SINCE - 400 * DAY, 3499)
    assert lowest_since(series("AMAZON"), 3799, SEEN) == LANDED_SINCE
    assert not is_lowest(series("AMAZON"), SEEN)


def test_before_it_item_prices_are_compared() -> None:
    assert statistics_of(series(), None, LANDED_SINCE - DAY).average == 3499


def test_a_price_that_held_is_an_offer_of_an_unknown_price() -> None:
    held = series(points=((LANDED_SINCE - 10 * DAY, 3499),))
    seen = LANDED_SINCE + CONFIRMED_AFTER - DAY

    found = statistics_of(held, seen - 90 * DAY, seen)

    assert (found.average, found.low, found.high) == (None, None, None)
    assert found.out_of_stock_share == 0
    assert not is_lowest(held, seen)


def test_a_price_that_went_on_for_a_month_counts_from_the_change_on() -> None:
    held = series(points=((LANDED_SINCE - 400 * DAY, 3499),))

    found = statistics_of(held, None, SEEN)

    assert found.average == 3499
    assert found.low == Extreme(LANDED_SINCE, 3499)
    assert is_lowest(held, SEEN)
    assert held.low(end=SEEN) == 3499


def test_what_is_usual_is_known_by_comparable_prices_only() -> None:
    assert (series().low(end=CHANGED), series().high(end=CHANGED)) == (3998, 3998)
    assert (series().low(), series().high()) == (3799, 3998)
    assert series().low(end=LANDED_SINCE) is None, "the first one may be anything"
    assert series().low(end=LANDED_SINCE - DAY) == 3499
    assert series("AMAZON").low(end=CHANGED) == 3499


def test_keepas_own_extremes_confirm_nothing_they_cannot_be_compared_with() -> None:
    def extreme(at: datetime, value: int) -> list[int]:
        return [to_keepa_minutes(at), value]

    stats = decode_stats(
        {
            "min": [extreme(LANDED_SINCE - DAY, 900), extreme(LANDED_SINCE - DAY, 900)],
            "max": [extreme(CHANGED, 5000), extreme(CHANGED, 5000)],
        }
    )

    assert stats.range_of(NEW, SEEN) == (None, 5000)
    assert stats.range_of(NEW, LANDED_SINCE - DAY) == (900, 5000)
    assert stats.range_of(AMAZON, SEEN) == (900, 5000)
    assert stats.range_of(price_type_of("USED"), SEEN) == (None, None)
