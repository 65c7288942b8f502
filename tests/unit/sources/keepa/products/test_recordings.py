"""Every recorded product and deal, decoded and read by a second reader that shares no code.

The second reader is written from Keepa's documentation and knows nothing of numpy, simdjson or
Keeper's tables; it turns a recording into plain dictionaries.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.deals.deal import Deal
from keeper.domain.locales import locale_of
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.sources.keepa.deals.decode import decode_deals
from keeper.sources.keepa.products.decode import DecodedProduct, Series, decode_products
from keeper.sources.keepa.products.statistics import Extreme

SERIES = (
    "AMAZON NEW USED SALES LISTPRICE COLLECTIBLE REFURBISHED NEW_FBM_SHIPPING LIGHTNING_DEAL "
    "WAREHOUSE NEW_FBA COUNT_NEW COUNT_USED COUNT_REFURBISHED COUNT_COLLECTIBLE EXTRA_INFO_UPDATES "
    "RATING COUNT_REVIEWS BUY_BOX_SHIPPING USED_NEW_SHIPPING USED_VERY_GOOD_SHIPPING "
    "USED_GOOD_SHIPPING USED_ACCEPTABLE_SHIPPING COLLECTIBLE_NEW_SHIPPING "
    "COLLECTIBLE_VERY_GOOD_SHIPPING COLLECTIBLE_GOOD_SHIPPING COLLECTIBLE_ACCEPTABLE_SHIPPING "
    "REFURBISHED_SHIPPING EBAY_NEW_SHIPPING EBAY_USED_SHIPPING TRADE_IN RENT "
    "BUY_BOX_USED_SHIPPING PRIME_EXCL COUNT_NEW_FBA COUNT_NEW_FBM"
).split()
PICTURES = "https://m.media-amazon.com/images/I/"
STATS = {
    "current": "current",
    "avg": "avg",
    "avg30": "avg30",
    "avg90": "avg90",
    "avg180": "avg180",
    "avg365": "avg365",
    "at_interval_start": "atIntervalStart",
    "out_of_stock_percent30": "outOfStockPercentage30",
    "out_of_stock_percent90": "outOfStockPercentage90",
}
EXTREMES = {
    "min": "min",
    "max": "max",
    "min_in_interval": "minInInterval",
    "max_in_interval": "maxInInterval",
}


def moment(minutes: int) -> datetime:
    return datetime.fromtimestamp((minutes + 21_564_000) * 60, UTC)


def read_series(name: str, numbers: list[int]) -> list[tuple[datetime, int | None, int | None]]:
    lines: list[tuple[datetime, int | None, int | None]] = []
    rest = iter(numbers)
    for minute in rest:
        value = next(rest)
        shipping = next(rest) if name.endswith("_SHIPPING") else None
        if value == -1 or (name == "RENT" and value == -2):
            lines.append((moment(minute), None, None))
        else:
            lines.append((moment(minute), value, 0 if shipping == -1 else shipping))
    return lines


def read_product(raw: dict[str, Any]) -> dict[str, Any]:
    stats = raw["stats"]
    deal = stats["lightningDealInfo"]
    read: dict[str, Any] = {
        "asin": raw["asin"],
        "domain": {1: "us", 3: "de"}[raw["domainId"]],
        "title": raw["title"],
        "image": PICTURES + raw["imagesCSV"].split(",")[0],
        "last_update": moment(raw["lastUpdate"]),
        "tracked_since": moment(raw["trackingSince"]),
        "lightning": None if deal is None else tuple(moment(minute) for minute in deal),
        "series": {
            SERIES[index]: read_series(SERIES[index], numbers)
            for index, numbers in enumerate(raw["csv"])
            if numbers is not None
        },
    }
    for ours, keepas in STATS.items():
        read[ours] = {i: value for i, value in enumerate(stats[keepas]) if value >= 0}
    for ours, keepas in EXTREMES.items():
        read[ours] = {
            i: (moment(entry[0]), entry[1])
            for i, entry in enumerate(stats[keepas])
            if entry is not None and entry != [-1, -1]
        }
    now = {SERIES[i]: value for i, value in read["current"].items()}
    read["rating"] = now["RATING"] / 10 if "RATING" in now else None
    read["review_count"] = now.get("COUNT_REVIEWS")
    read["sales_rank"] = now.get("SALES")
    read["offer_counts"] = {name: n for name, n in now.items() if name in SERIES[11:15]}
    return read


def as_lines(series: Series) -> list[tuple[datetime, int | None, int | None]]:
    return [(p.observed_at, p.price_minor, p.shipping_minor) for p in series.points()]


def as_read(product: DecodedProduct) -> dict[str, Any]:
    assert product.stats is not None

    def extremes(by_index: dict[int, Extreme]) -> dict[int, tuple[datetime, int]]:
        return {i: (extreme.observed_at, extreme.value) for i, extreme in by_index.items()}

    alike = ("asin title image last_update tracked_since rating review_count sales_rank").split()
    return {
        **{name: getattr(product, name) for name in (*alike, "offer_counts")},
        "domain": product.locale.domain,
        "lightning": product.stats.lightning,
        "series": {s.price_type.name: as_lines(s) for s in product.series.values()},
        **{name: getattr(product.stats, name) for name in STATS},
        **{name: extremes(getattr(product.stats, name)) for name in EXTREMES},
    }


@pytest.mark.recordings
def test_a_recorded_product_is_equal_to_a_second_reading(recording: Path) -> None:
    body = recording.read_bytes()
    reply = decode_products(body)
    assert reply.problems == []
    (product,) = reply.products
    expected = read_product(json.loads(body))
    assert sum(map(len, expected["series"].values())) > 300
    assert as_read(product) == expected
    for series in product.series.values():
        newest = series.latest()
        assert {(p.asin, p.domain, p.currency) for p in series.points()} == {
            (product.asin, "us", "USD")
        }
        assert newest.landed_minor == expected["current"].get(series.price_type.index) or (
            series.price_type.name == "EXTRA_INFO_UPDATES"
        )


def read_deal(raw: dict[str, Any], name: str) -> dict[str, Any]:
    index = SERIES.index(name)
    now, fell = raw["current"][index], raw["deltaLast"][index]

    def money(value: int) -> int | None:
        return value if value > 0 else None

    day, week, month, ninety = (money(averages[index]) for averages in raw["avg"])
    rating, reviews, rank = (raw["current"][i] for i in (16, 17, 3))
    since = raw["currentSince"][index]
    picture = "".join(map(chr, raw["image"] or ()))
    return {
        "asin": raw["asin"],
        "domain": "us",
        "currency": "USD",
        "price_type": name,
        "title": raw["title"],
        "image_url": PICTURES + picture if picture else None,
        "observed_at": moment(since if since > 0 else raw["creationDate"]),
        "price_minor": None if now < 0 else now,
        "shipping_minor": None,
        "previous_minor": money(now + fell) if fell else None,
        "average_day_minor": day,
        "average_week_minor": week,
        "average_month_minor": month,
        "average_90_days_minor": ninety,
        "list_price_minor": money(raw["current"][4]),
        "rating": rating / 10 if rating >= 0 else None,
        "review_count": reviews if reviews >= 0 else None,
        "sales_rank": money(rank),
        "root_category": raw["rootCat"] if raw["rootCat"] < 2**63 - 1 else None,
        "back_in_stock": raw["backInStock"][index],
        "lightning_ends_at": (
            moment(raw["lightningEnd"]) if raw["lightningEnd"] > raw["lastUpdate"] else None
        ),
        "found_at": moment(raw["creationDate"]),
    }


@pytest.mark.recordings
@pytest.mark.parametrize("name", [p.name for p in PRICE_TYPES[:34] if p.is_price])
def test_recorded_deals_are_equal_to_a_second_reading(recorded_deals: Path, name: str) -> None:
    body = recorded_deals.read_bytes()
    page = decode_deals(body, locale_of("us"), price_type_of(name))
    assert page.problems == []
    expected = [read_deal(raw, name) for raw in json.loads(body)["deals"]["dr"]]
    assert len(expected) == page.entries == 150
    fields = Deal.__dataclass_fields__
    assert [{f: getattr(deal, f) for f in fields} for deal in page.deals] == expected
