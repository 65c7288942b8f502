"""What a decoded product says besides its price series."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from keeper.domain.money import to_major
from keeper.domain.prices.points import KEEPA_EPOCH_UNIX_MINUTES, from_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.sources.keepa.products.decode import DecodedProduct, LightningDeal, decode_products


def product_of(*, stats: dict[str, Any] | None = None, **series: list[int]) -> DecodedProduct:
    csv: list[Any] = [None] * 36
    for name, numbers in series.items():
        csv[price_type_of(name).index] = numbers
    raw = {"asin": "B00EXAMPLE", "domainId": 1, "csv": csv, "stats": stats, "trackingSince": 5}
    reply = decode_products(json.dumps(raw).encode())
    assert reply.problems == []
    (product,) = reply.products
    return product


def at(minute: float) -> datetime:
    return from_keepa_minutes(0) + timedelta(minutes=minute)


def current_of(**values: int) -> dict[str, Any]:
    current = [-1] * 36
    for name, value in values.items():
        current[price_type_of(name).index] = value
    return {"current": current}


def test_rating_reviews_rank_and_offers_are_the_newest_of_their_series() -> None:
    product = product_of(
        RATING=[10, 44, 20, 45],
        COUNT_REVIEWS=[10, 0],
        SALES=[10, 900, 20, 1200],
        COUNT_NEW=[10, 3, 20, 0],
        COUNT_USED=[10, -1],
        COUNT_NEW_FBA=[10, 2],
    )
    assert (product.rating, product.review_count, product.sales_rank) == (4.5, 0, 1200)
    assert product.offer_counts == {"COUNT_NEW": 0, "COUNT_NEW_FBA": 2}
    assert product.tracked_since == at(5)


def test_what_ended_is_none_now() -> None:
    product = product_of(RATING=[10, 44, 20, -1], SALES=[10, -1], stats=current_of(SALES=7))
    assert (product.rating, product.review_count, product.sales_rank) == (None, None, None)
    assert product.offer_counts == {}


def test_without_history_the_statistics_say_what_is_current() -> None:
    product = product_of(stats=current_of(RATING=47, COUNT_REVIEWS=12, SALES=3, COUNT_NEW=1))
    assert (product.rating, product.review_count, product.sales_rank) == (4.7, 12, 3)
    assert product.offer_counts == {"COUNT_NEW": 1}


def test_a_current_price_counts_shipping_in_and_never_goes_back_past_no_offer() -> None:
    product = product_of(BUY_BOX_SHIPPING=[10, 1999, 499], NEW=[10, 1500, 20, -1])
    assert product.current(price_type_of("BUY_BOX_SHIPPING")) == 2498
    assert product.current(price_type_of("NEW")) is None
    assert product.current(price_type_of("USED")) is None


@pytest.mark.parametrize(
    ("info", "series", "deal", "running"),
    [
        pytest.param([10, 70], [10, 999], (10, 70, 999), [10, 69.5], id="running"),
        pytest.param([10, 70], [10, 999, 70, -1], (10, 70, None), [10, 69.5], id="over"),
        pytest.param([90, -1], None, (90, None, None), [], id="announced"),
        pytest.param([10, 70], None, (10, 70, None), [10, 69.5], id="price unknown"),
        pytest.param(None, [10, 999], (None, None, 999), [5, 10, 69.5, 70, 99], id="no times"),
        pytest.param(None, [10, 999, 70, -1], (None, None, None), [], id="no times, price gone"),
        pytest.param([5], [10, -1], (None, None, None), [], id="odd times"),
    ],
)
def test_lightning_deals(
    info: list[int] | None,
    series: list[int] | None,
    deal: tuple[int | None, int | None, int | None],
    running: list[float],
) -> None:
    csv = {} if series is None else {"LIGHTNING_DEAL": series}
    decoded = product_of(stats={"lightningDealInfo": info}, **csv).lightning_deal
    start, end, price = deal
    assert decoded == LightningDeal(
        None if start is None else at(start), None if end is None else at(end), price
    )
    assert [m for m in (5, 10, 69.5, 70, 99) if decoded.is_running(at(m))] == running


def reply_with(csv8: list[int], *, replied_at: int | None, **fields: object) -> DecodedProduct:
    csv: list[Any] = [None] * 36
    csv[8] = csv8
    raw: dict[str, Any] = {"asin": "B00EXAMPLE", "domainId": 1, "csv": csv, **fields}
    document = raw
    if replied_at is not None:
        ms = (KEEPA_EPOCH_UNIX_MINUTES + replied_at) * 60_000
        document = {"timestamp": ms, "processingTimeInMs": 59_000, "products": [raw]}
    (product,) = decode_products(json.dumps(document).encode()).products
    return product


@pytest.mark.parametrize(
    ("replied_at", "fields"),
    [
        (1000, {}),
        (1000, {"lastUpdate": 980}),
        (1999, {"lastUpdate": 980}),
        (None, {"lastUpdate": 1000}),
    ],
    ids=["whole reply", "looked at before", "long before", "product by itself"],
)
def test_a_running_lightning_deal_has_a_price_and_an_announced_end(
    replied_at: int | None, fields: dict[str, object]
) -> None:
    running = [400, 1999, 500, -1, 970, 1499, 1300, -1]

    product = reply_with(running, replied_at=replied_at, **fields)

    assert product.current(price_type_of("LIGHTNING_DEAL")) == 1499
    points = list(product.points())
    assert [(point.observed_at, point.price_minor) for point in points] == [
        (at(400), 1999),
        (at(500), None),
        (at(970), 1499),
    ]
    assert product.lightning_deal == LightningDeal(None, at(1300), 1499)
    assert product.lightning_deal.is_running(at(1000))


def test_a_lightning_deal_that_is_to_come_is_no_offer_yet() -> None:
    product = reply_with([1300, -1], replied_at=1000)

    assert product.series == {}
    assert product.lightning_deal == LightningDeal(None, at(1300), None)
    assert not product.lightning_deal.is_running(at(1000))


def test_only_announcements_are_cut_off() -> None:
    csv: list[Any] = [None, [10, 999, 2000, 899]]
    raw = {"asin": "B00EXAMPLE", "domainId": 1, "csv": csv, "lastUpdate": 1000}
    (product,) = decode_products(json.dumps(raw).encode()).products

    assert len(product.series[1]) == 2


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"images": [{"l": "a.jpg"}, {"l": "b.jpg", "variant": "MAIN"}]}, "b.jpg"),
        (
            {"images": [{"l": "a.jpg", "variant": "PT01"}, {"m": "b.jpg", "variant": "MAIN"}]},
            "b.jpg",
        ),
        ({"images": [{"m": "a.jpg"}, {"l": "b.jpg"}]}, "a.jpg"),
        ({"images": ["odd", {"l": "b.jpg"}]}, "b.jpg"),
        ({"images": [], "imagesCSV": "c.jpg,d.jpg"}, "c.jpg"),
        ({"images": [{"l": 5}], "imagesCSV": "c.jpg"}, "c.jpg"),
    ],
)
def test_the_main_picture_is_the_marked_one_else_the_first(raw: dict[str, Any], name: str) -> None:
    document = {"asin": "B00EXAMPLE", "domainId": 1, "csv": None, **raw}
    (product,) = decode_products(json.dumps(document).encode()).products

    assert product.image == f"https://m.media-amazon.com/images/I/{name}"


def test_a_title_is_text_not_html_and_unescaped_once() -> None:
    raw = {"asin": "B00EXAMPLE", "domainId": 1, "csv": None, "title": "Salt &amp; Pepper &amp;lt;"}
    (product,) = decode_products(json.dumps(raw).encode()).products

    assert product.title == "Salt & Pepper &lt;"


def test_most_products_never_had_a_lightning_deal() -> None:
    assert product_of(stats={"lightningDealInfo": None}).lightning_deal is None
    assert product_of().lightning_deal is None


@pytest.mark.parametrize(
    ("number", "domain", "currency"),
    [
        (1, "us", "USD"),
        (2, "uk", "GBP"),
        (3, "de", "EUR"),
        (4, "fr", "EUR"),
        (5, "jp", "JPY"),
        (6, "ca", "CAD"),
        (8, "it", "EUR"),
        (9, "es", "EUR"),
        (10, "in", "INR"),
        (11, "mx", "MXN"),
        (12, "br", "BRL"),
    ],
)
def test_every_locale_prices_in_its_own_currency(number: int, domain: str, currency: str) -> None:
    raw = {"asin": "B00EXAMPLE", "domainId": number, "csv": [None, [10, 1980]]}
    (product,) = decode_products(json.dumps(raw).encode()).products
    (point,) = product.points()
    assert (point.domain, point.currency, point.price_minor) == (domain, currency, 1980)
    # Keepa's yen are whole ones, all else is in hundredths.
    assert to_major(1980, point.currency) == (1980 if domain == "jp" else Decimal("19.80"))
