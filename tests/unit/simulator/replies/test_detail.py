import json
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import PRICE_TYPES
from keeper.simulator.products.stats import Interval
from keeper.simulator.replies.detail import ProductDetail, withhold

INTERVAL = Interval(7_000_000, 7_500_000)
OF_RATING = {"RATING", "COUNT_REVIEWS"}
LISTS = ("current", "avg", "avg30", "avg90", "avg180", "avg365", "atIntervalStart")
EXTREMES = ("min", "max", "minInInterval", "maxInInterval")
SHARES = (
    "outOfStockPercentageInInterval",
    *(f"outOfStockPercentage{days}" for days in (30, 90, 180, 365)),
)


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        (ProductDetail(), Detail.BASIC),
        (ProductDetail(buy_box=True), Detail.BUY_BOX),
        (ProductDetail(offers=20), Detail.OFFERS),
        (ProductDetail(offers=100, rating=True, buy_box=True), Detail.OFFERS),
    ],
    ids=["plain", "buy box", "offers", "everything"],
)
def test_the_table_of_series_is_the_one_keeper_asks_by(
    asked: ProductDetail, detail: Detail
) -> None:
    brought = {
        price_type.index
        for price_type in PRICE_TYPES
        if detail.brings(price_type.detail) and not price_type.is_gone
    }
    assert asked.series == brought


def test_ratings_come_beside_any_class() -> None:
    ratings = {p.index for p in PRICE_TYPES if p.name in OF_RATING}
    for asked in (False, True):
        plain = ProductDetail(buy_box=asked)
        assert ProductDetail(buy_box=asked, rating=True).series - plain.series == ratings


def whole_product() -> dict[str, Any]:
    """Return a product with every series and every field of `stats`."""
    length = len(PRICE_TYPES)
    return {
        "asin": "B000000001",
        "csv": [[7_000_000, 1] for _ in range(length)],
        "offers": [{"offerId": 1}],
        "liveOffersOrder": [0],
        "offersSuccessful": True,
        "buyBoxSellerIdHistory": ["7000000", "A1"],
        "buyBoxUsedHistory": ["7000000", "A1", "2", "0"],
        "stats": {
            **{name: [5] * length for name in (*LISTS, *SHARES)},
            **{name: [[7_000_000, 5]] * length for name in EXTREMES},
            **{name: [True] * length for name in ("isLowest", "isLowest90")},
            "buyBoxPrice": 5,
            "buyBoxShipping": 0,
            "buyBoxIsFBA": True,
            "buyBoxUsedPrice": 4,
            "lastBuyBoxUpdate": 7_000_000,
            "lastOffersUpdate": 7_000_000,
            "totalOfferCount": 7,
            "offerCountFBA": 3,
            "sellerIdsLowestFBA": ["A1"],
            "stockBuyBox": 3,
            "salesRankDrops30": 2,
        },
    }


@pytest.mark.parametrize(
    "detail",
    [
        ProductDetail(INTERVAL),
        ProductDetail(INTERVAL, rating=True),
        ProductDetail(INTERVAL, buy_box=True),
        ProductDetail(INTERVAL, offers=20),
    ],
    ids=["plain", "rating", "buy box", "offers"],
)
def test_what_was_not_asked_for_looks_as_if_it_had_never_been(detail: ProductDetail) -> None:
    shown = withhold(whole_product(), detail)
    stats = shown["stats"]
    for index in range(len(PRICE_TYPES)):
        there = index in detail.series
        assert (shown["csv"][index] is not None) is there
        assert all(stats[name][index] == (5 if there else -1) for name in (*LISTS, *SHARES))
        assert all((stats[name][index] is not None) is there for name in EXTREMES)
        assert stats["isLowest"][index] is stats["isLowest90"][index] is there
    assert (stats["lastOffersUpdate"], stats["totalOfferCount"]) == (7_000_000, 7)
    assert stats["salesRankDrops30"] == 2


def test_offers_and_buy_box_say_that_they_were_not_asked_for() -> None:
    whole = whole_product()
    plain = withhold(whole, ProductDetail(INTERVAL))
    assert (plain["offers"], plain["liveOffersOrder"], plain["buyBoxUsedHistory"]) == (None,) * 3
    assert "offersSuccessful" not in plain
    stats = plain["stats"]
    assert [stats[name] for name in ("buyBoxPrice", "buyBoxShipping", "offerCountFBA")] == [-2] * 3
    assert not stats.keys() & {"buyBoxIsFBA", "lastBuyBoxUpdate", "sellerIdsLowestFBA"}
    assert "stockBuyBox" not in stats

    box = withhold(whole, ProductDetail(INTERVAL, buy_box=True))
    assert (box["offers"], box["buyBoxUsedHistory"]) == (None, ["7000000", "A1", "2", "0"])
    stats = box["stats"]
    assert [stats[name] for name in ("buyBoxPrice", "lastBuyBoxUpdate")] == [5, 7_000_000]
    assert stats["offerCountFBA"] == -2
    assert whole == whole_product()


def test_histories_and_statistics_come_only_on_request() -> None:
    shown = withhold(whole_product(), ProductDetail(history=False, offers=20))
    assert shown["csv"] is shown["buyBoxSellerIdHistory"] is shown["buyBoxUsedHistory"] is None
    assert "stats" not in shown
    assert shown["offers"] == [{"offerId": 1}]


@pytest.mark.recordings
def test_offers_leave_a_recording_as_it_is(recordings_folder: Path) -> None:
    # RENT, all that offers leave out, is in none of them.
    for path in sorted(recordings_folder.glob("product_*.json")):
        recorded = json.loads(path.read_bytes())
        assert withhold(recorded, ProductDetail(INTERVAL, offers=20)) == recorded
        plain = withhold(recorded, ProductDetail(INTERVAL))
        present = {index for index, flat in enumerate(plain["csv"]) if flat is not None}
        assert present == {i for i, flat in enumerate(recorded["csv"]) if flat} & (
            ProductDetail().series
        )
