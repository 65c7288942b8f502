import json
from pathlib import Path

import numpy as np
import pytest

from keeper.domain.prices.types import PRICE_TYPES
from keeper.simulator.products.histories import Entries, History
from keeper.simulator.products.stats import Interval, spans_of, stats_of

DAY = 1440
AT = 8_000_000
NEW, FBM, SALES, UPDATES, BUY_BOX = 1, 7, 3, 15, 18
MONTH = Interval(AT - 30 * DAY, AT)


def rows(*entries: tuple[int, ...]) -> Entries:
    return np.array(entries, np.int32)


def history(**series: Entries) -> History:
    indexes = {"new": NEW, "fbm": FBM, "sales": SALES}
    entries = {indexes[name]: entries for name, entries in series.items()}
    return History(34, np.array([AT - 400 * DAY, AT]), entries)


def test_averages_weigh_by_time_and_leave_no_offer_out() -> None:
    stats = stats_of(
        history(new=rows((AT - 40 * DAY, 1000), (AT - 20 * DAY, -1), (AT - 10 * DAY, 2000))),
        AT,
        MONTH,
    )
    # Of the 30 days, ten at 1000 and ten at 2000.
    assert stats["avg30"][NEW] == 1500
    assert stats["avg"][NEW] == 1500
    assert stats["avg90"][NEW] == (20 * 1000 + 10 * 2000) // 30
    assert stats["outOfStockPercentage30"][NEW] == 34
    # Ten of the forty days tracked, not of ninety.
    assert stats["outOfStockPercentage90"][NEW] == 25
    assert stats["current"][NEW] == 2000
    assert stats["atIntervalStart"][NEW] == 1000


def test_a_sold_out_product_has_no_current_price() -> None:
    stats = stats_of(history(new=rows((AT - 90 * DAY, 1000), (AT - 40 * DAY, -1))), AT, MONTH)
    assert stats["current"][NEW] == -1
    assert stats["avg30"][NEW] == -1
    assert stats["outOfStockPercentage30"][NEW] == 100
    assert stats["min"][NEW] == [AT - 90 * DAY, 1000]
    assert stats["minInInterval"][NEW] == [-1, -1]
    assert stats["isLowest"][NEW] is False


def test_extremes_are_first_times_and_begin_no_earlier_than_the_interval() -> None:
    stats = stats_of(
        history(
            new=rows(
                (AT - 50 * DAY, 900), (AT - 45 * DAY, 1500), (AT - 20 * DAY, 900), (AT - DAY, 900)
            )
        ),
        AT,
        MONTH,
    )
    assert stats["min"][NEW] == [AT - 50 * DAY, 900]
    assert stats["max"][NEW] == [AT - 45 * DAY, 1500]
    assert stats["minInInterval"][NEW] == [AT - 20 * DAY, 900]
    assert stats["maxInInterval"][NEW] == [AT - 30 * DAY, 1500]
    assert stats["isLowest"][NEW] is True
    assert stats["isLowest90"][NEW] is True


def test_shipping_counts_and_minus_one_counts_as_none() -> None:
    stats = stats_of(
        history(fbm=rows((AT - 20 * DAY, 1000, 300), (AT - 10 * DAY, 1100, -1))), AT, MONTH
    )
    assert stats["current"][FBM] == 1100
    assert stats["max"][FBM] == [AT - 20 * DAY, 1300]
    assert stats["avg30"][FBM] == 1200


def test_absent_and_never_offered_series() -> None:
    stats = stats_of(history(new=rows((AT - 20 * DAY, -1))), AT, MONTH)
    assert stats["current"] == [-1] * 34
    assert stats["min"] == [None] * 34
    assert stats["outOfStockPercentage30"][NEW] == 100
    assert stats["outOfStockPercentage30"][0] == -1


def test_of_the_collections_there_is_the_last_and_nothing_else() -> None:
    known = History(34, np.array([AT]), {UPDATES: rows((AT - 20 * DAY, 7), (AT - DAY, -20))})
    stats = stats_of(known, AT, MONTH)
    assert stats["current"][UPDATES] == -20
    assert stats["avg30"][UPDATES] == stats["atIntervalStart"][UPDATES] == -1
    assert stats["min"][UPDATES] is None
    assert stats["isLowest"][UPDATES] is False


def test_ranks_have_drops_and_no_out_of_stock_percentage() -> None:
    stats = stats_of(
        history(sales=rows((AT - 20 * DAY, 900), (AT - 10 * DAY, 500), (AT - 5 * DAY, 700))),
        AT,
        MONTH,
    )
    assert stats["salesRankDrops30"] == 1
    assert stats["outOfStockPercentage30"][SALES] == -1


def test_an_interval_may_end_before_now() -> None:
    known = history(new=rows((AT - 50 * DAY, 900), (AT - 35 * DAY, 1500), (AT - 20 * DAY, 700)))
    stats = stats_of(known, AT, Interval(AT - 40 * DAY, AT - 30 * DAY))
    assert stats["avg"][NEW] == (5 * 900 + 5 * 1500) // 10
    assert stats["minInInterval"][NEW] == [AT - 40 * DAY, 900]
    assert stats["maxInInterval"][NEW] == [AT - 35 * DAY, 1500]
    assert stats["outOfStockPercentageInInterval"][NEW] == 0
    assert (stats["current"][NEW], stats["min"][NEW]) == (700, [AT - 20 * DAY, 700])


@pytest.mark.parametrize(
    ("has_buy_box", "found"), [(False, (-2, -2)), (True, (1000, 0))], ids=["not asked", "asked"]
)
def test_the_buy_box_says_minus_two_unless_asked_for(
    has_buy_box: bool, found: tuple[int, int]
) -> None:
    known = History(34, np.array([AT - DAY]), {BUY_BOX: rows((AT - DAY, 1000, 0))})
    stats = stats_of(known, AT, MONTH, has_buy_box=has_buy_box)
    assert (stats["buyBoxPrice"], stats["buyBoxShipping"]) == found


@pytest.mark.recordings
def test_recorded_statistics_follow_from_recorded_histories(recordings_folder: Path) -> None:
    same = {"current": 0, "outOfStockPercentage30": 0, "atIntervalStart": 0, "avg30": 0, "min": 0}
    series_seen = 0
    for path in sorted(recordings_folder.glob("product_*.json")):
        product = json.loads(path.read_bytes())
        at = int(path.stem.rpartition("_")[2])
        entries = {
            index: np.array(flat, np.int32).reshape(-1, 3 if price_type.has_shipping else 2)
            for index, (flat, price_type) in enumerate(
                zip(product["csv"], PRICE_TYPES, strict=False)
            )
            if flat and price_type.name != "EXTRA_INFO_UPDATES"
        }
        recorded = History(len(product["csv"]), np.array([at]), entries)
        stats = stats_of(recorded, at, Interval(at - 365 * DAY, at))
        series_seen += len(entries)
        for name in same:
            same[name] += sum(
                stats[name][index] == product["stats"][name][index] for index in entries
            )
    assert same["current"] == series_seen
    assert same["atIntervalStart"] == series_seen
    assert same["outOfStockPercentage30"] == series_seen
    # Keepa filters outliers by a rule nobody has written down.
    assert same["avg30"] > 0.85 * series_seen
    assert same["min"] > 0.9 * series_seen


def test_spans_answer_for_times_before_the_first_point() -> None:
    series = spans_of(rows((AT - DAY, 1000)), AT)
    assert series.value_at(AT - 2 * DAY) == -1
    assert series.average_since(AT - 2 * DAY) == 1000
    assert series.figures_since(AT - 2 * DAY) == (1000, 0)
