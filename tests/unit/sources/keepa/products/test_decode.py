"""Decode against a second, deliberately naive reading of the same JSON."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.domain.prices.points import PricePoint, from_keepa_minutes
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.decode import (
    NO_OFFER,
    DecodedProduct,
    SeriesState,
    decode_products,
)
from keeper.sources.keepa.products.problems import SeriesFault

NAMES = {
    0: "AMAZON", 1: "NEW", 2: "USED", 3: "SALES", 4: "LISTPRICE", 5: "COLLECTIBLE",
    6: "REFURBISHED", 7: "NEW_FBM_SHIPPING", 8: "LIGHTNING_DEAL", 9: "WAREHOUSE", 10: "NEW_FBA",
    11: "COUNT_NEW", 12: "COUNT_USED", 13: "COUNT_REFURBISHED", 14: "COUNT_COLLECTIBLE",
    15: "EXTRA_INFO_UPDATES", 16: "RATING", 17: "COUNT_REVIEWS", 18: "BUY_BOX_SHIPPING",
    19: "USED_NEW_SHIPPING", 20: "USED_VERY_GOOD_SHIPPING", 21: "USED_GOOD_SHIPPING",
    22: "USED_ACCEPTABLE_SHIPPING", 23: "COLLECTIBLE_NEW_SHIPPING",
    24: "COLLECTIBLE_VERY_GOOD_SHIPPING", 25: "COLLECTIBLE_GOOD_SHIPPING",
    26: "COLLECTIBLE_ACCEPTABLE_SHIPPING", 27: "REFURBISHED_SHIPPING", 28: "EBAY_NEW_SHIPPING",
    29: "EBAY_USED_SHIPPING", 30: "TRADE_IN", 31: "RENT", 32: "BUY_BOX_USED_SHIPPING",
    33: "PRIME_EXCL", 34: "COUNT_NEW_FBA", 35: "COUNT_NEW_FBM",
}  # fmt: skip
WITH_SHIPPING = {7, *range(18, 30), 32}
CURRENCIES = {1: "USD", 2: "GBP", 3: "EUR", 5: "JPY", 6: "CAD", 10: "INR", 11: "MXN", 12: "BRL"}
DOMAINS = {1: "us", 2: "uk", 3: "de", 5: "jp", 6: "ca", 10: "in", 11: "mx", 12: "br"}
EPOCH = datetime(2011, 1, 1, tzinfo=UTC)

Line = tuple[str, str, str, datetime, int | None, int | None, str]


def read_naively(product: dict[str, Any]) -> list[Line]:
    lines: list[Line] = []
    for index, numbers in enumerate(product["csv"] or []):
        if numbers is None or index not in NAMES:
            continue
        step = 3 if index in WITH_SHIPPING else 2
        for at in range(0, len(numbers), step):
            price = numbers[at + 1]
            shipping = numbers[at + 2] if step == 3 else None
            if price == -1 or (index == 31 and price == -2):
                price = shipping = None
            elif shipping == -1:
                shipping = 0
            lines.append(
                (
                    product["asin"],
                    DOMAINS[product["domainId"]],
                    NAMES[index],
                    EPOCH + timedelta(minutes=numbers[at]),
                    price,
                    shipping,
                    CURRENCIES[product["domainId"]],
                )
            )
    return lines


def as_line(point: PricePoint) -> Line:
    return (
        point.asin,
        point.domain,
        point.price_type,
        point.observed_at,
        point.price_minor,
        point.shipping_minor,
        point.currency,
    )


def every_line(product: DecodedProduct) -> list[Line]:
    return [as_line(point) for point in product.points(PRICE_TYPES)]


def product_of(csv: list[Any] | None, **more: Any) -> dict[str, Any]:
    return {"asin": "B00EXAMPLE", "domainId": 1, "csv": csv, **more}


def csv_of(**series: Any) -> list[Any]:
    csv: list[Any] = [None] * 36
    for name, numbers in series.items():
        csv[price_type_of(name).index] = numbers
    return csv


def decode_one(product: dict[str, Any]) -> DecodedProduct:
    reply = decode_products(json.dumps(product).encode())
    assert reply.problems == []
    (decoded,) = reply.products
    return decoded


@pytest.mark.recordings
def test_whole_recordings_in_one_reply_decode_like_single_ones(recordings: list[Path]) -> None:
    bodies = [path.read_bytes() for path in recordings]
    together = decode_products(b'{"tokensLeft":1,"products":[' + b",".join(bodies) + b"]}")
    assert together.problems == []
    assert [every_line(product) for product in together.products] == [
        every_line(decode_products(body).products[0]) for body in bodies
    ]


@pytest.mark.recordings
def test_a_later_snapshot_adds_what_came_since(recordings: list[Path]) -> None:
    snapshots: dict[str, list[DecodedProduct]] = {}
    for path in recordings:
        product = decode_products(path.read_bytes()).products[0]
        snapshots.setdefault(product.asin, []).append(product)
    pairs = [pair for pair in snapshots.values() if len(pair) == 2]
    assert pairs
    for pair in pairs:
        older, newer = sorted(pair, key=lambda product: product.last_update or EPOCH)
        for index, series in older.series.items():
            added = list(newer.series[index].since(series.latest().observed_at))
            assert [*series.points(), *added] == list(newer.series[index].points())


@pytest.mark.recordings
def test_recorded_prices_hold_no_zeros(recording: Path) -> None:
    (decoded,) = decode_products(recording.read_bytes()).products
    assert [point for point in decoded.points() if point.price_minor == 0] == []


numbers_of_one_entry = st.integers(min_value=-2, max_value=10**7)


def series_of(index: int) -> st.SearchStrategy[list[int] | None]:
    width = 2 if index in WITH_SHIPPING else 1

    def interleave(entries: dict[int, tuple[int, ...]]) -> list[int]:
        return [number for minute in sorted(entries) for number in (minute, *entries[minute])]

    return st.none() | st.dictionaries(
        st.integers(min_value=0, max_value=10**7),
        st.tuples(*[numbers_of_one_entry] * width),
        min_size=1,
        max_size=3,
    ).map(interleave)


@st.composite
def products(draw: st.DrawFn) -> dict[str, Any]:
    length = draw(st.sampled_from([0, 19, 34, 36, 40]))
    csv = [draw(series_of(index)) for index in range(min(length, 36))]
    csv += [[1, 2, 3]] * (length - len(csv))
    return product_of(csv, domainId=draw(st.sampled_from(sorted(DOMAINS))), novelty={"x": [1]})


@given(product=products())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_generated_histories_decode_point_for_point(product: dict[str, Any]) -> None:
    assert every_line(decode_one(product)) == read_naively(product)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(junk=json_values, where=st.sampled_from(["csv entry", "csv", "stats", "product", "asin"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_anywhere_leaves_its_neighbours_whole(junk: Any, where: str) -> None:
    good = product_of(csv_of(NEW=[10, 500, 20, -1]))
    bad: Any = product_of(csv_of(NEW=[10, 500, 20, -1]))
    if where == "csv entry":
        bad["csv"][0] = junk
    elif where == "product":
        bad = junk
    else:
        bad[where] = junk
    reply = decode_products(json.dumps({"tokensLeft": 1, "products": [bad, good]}).encode())
    assert every_line(reply.products[-1]) == read_naively(good)
    if where == "csv entry":
        assert 1 in reply.products[0].series


@given(length=st.integers(min_value=0, max_value=10**6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_reply_cut_anywhere_is_refused(length: int) -> None:
    body = json.dumps(
        {"tokensLeft": 1, "products": [product_of(csv_of(NEW=[10, 500, 20, 600]))]}
    ).encode()
    with pytest.raises(KeepaDecodeError, match="not whole JSON"):
        decode_products(body[: length % len(body)])


@pytest.mark.parametrize(
    ("series", "price", "shipping"),
    [
        pytest.param({"NEW": [10, 1999]}, 1999, None, id="a price"),
        pytest.param({"NEW": [10, -1]}, None, None, id="no offer"),
        pytest.param({"NEW": [10, 0]}, 0, None, id="zero stays for the checks"),
        pytest.param({"RENT": [10, -2]}, None, None, id="no rental offer"),
        pytest.param({"RENT": [10, -1]}, None, None, id="no offer in rent"),
        pytest.param({"BUY_BOX_SHIPPING": [10, 1999, 499]}, 1999, 499, id="price and shipping"),
        pytest.param({"BUY_BOX_SHIPPING": [10, 1999, -1]}, 1999, 0, id="shipping unknown"),
        pytest.param({"BUY_BOX_SHIPPING": [10, -1, -1]}, None, None, id="triplet without offer"),
        pytest.param({"BUY_BOX_SHIPPING": [10, -1, 0]}, None, None, id="the other spelling of it"),
        pytest.param({"COUNT_NEW": [10, -1]}, None, None, id="no count"),
        pytest.param({"EXTRA_INFO_UPDATES": [10, -20]}, -20, None, id="negative but not -1"),
        pytest.param({"RATING": [10, 45]}, 45, None, id="rating"),
    ],
)
def test_reading_of_one_entry(
    series: dict[str, list[int]], price: int | None, shipping: int | None
) -> None:
    (point,) = decode_one(product_of(csv_of(**series))).points(PRICE_TYPES)
    assert (point.price_minor, point.shipping_minor) == (price, shipping)
    assert point.observed_at == from_keepa_minutes(10)


def test_buy_box_is_series_18_and_counts_are_no_prices() -> None:
    csv = csv_of(COUNT_NEW=[10, 7], COUNT_USED=[10, 3], BUY_BOX_SHIPPING=[10, 1999, 0])
    points = list(decode_one(product_of(csv)).points())
    assert [(p.price_type, p.price_minor) for p in points] == [("BUY_BOX_SHIPPING", 1999)]


def test_a_sold_out_product_has_no_latest_price() -> None:
    series = decode_one(product_of(csv_of(NEW=[10, 1999, 20, -1]))).series[1]
    assert series.latest().price_minor is None
    assert series.latest().observed_at == from_keepa_minutes(20)


@pytest.mark.parametrize("csv", [None, [], [None] * 34, [[]] * 36], ids=str)
def test_a_product_without_history(csv: list[Any] | None) -> None:
    decoded = decode_one(product_of(csv))
    assert decoded.series == {}
    assert list(decoded.points()) == []


def test_points_of_chosen_price_types_come_by_index() -> None:
    decoded = decode_one(product_of(csv_of(AMAZON=[10, 1], NEW=[10, 2], USED=[10, 3])))
    chosen = [price_type_of("USED"), price_type_of("AMAZON"), price_type_of("USED")]
    assert [point.price_type for point in decoded.points(chosen)] == ["AMAZON", "USED"]


def at(minutes: float) -> datetime:
    return EPOCH + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("moment", "expected"), [(0, [10, 20]), (10, [20]), (10.5, [20]), (9.5, [10, 20]), (20, [])]
)
def test_since_is_strictly_after(moment: float, expected: list[int]) -> None:
    series = decode_one(product_of(csv_of(NEW=[10, 1, 20, 2]))).series[1]
    assert [p.observed_at for p in series.since(at(moment))] == [at(m) for m in expected]


@pytest.mark.parametrize(
    ("start", "end", "low", "high"),
    [
        pytest.param(None, None, 300, 900, id="all"),
        pytest.param(None, 20, 900, 900, id="end is outside"),
        pytest.param(None, 20.5, 300, 900, id="end between points"),
        pytest.param(25, None, 300, 500, id="the price at start counts"),
        pytest.param(30, 40, None, None, id="no offer all along"),
        pytest.param(30, None, 500, 500, id="offers only"),
        pytest.param(50, None, 500, 500, id="after the last point"),
        pytest.param(None, 5, None, None, id="before the first point"),
    ],
)
def test_low_and_high(
    start: float | None, end: float | None, low: int | None, high: int | None
) -> None:
    csv = csv_of(NEW=[10, 900, 20, 300, 30, -1, 40, 500])
    series = decode_one(product_of(csv)).series[1]
    window = (None if start is None else at(start), None if end is None else at(end))
    assert (series.low(*window), series.high(*window)) == (low, high)


def test_low_and_high_with_shipping() -> None:
    csv = csv_of(BUY_BOX_SHIPPING=[10, 900, 0, 20, 800, 499, 30, -1, -1, 40, 950, -1])
    series = decode_one(product_of(csv)).series[18]
    assert (series.low(), series.high()) == (800, 950)
    assert (series.low(landed=True), series.high(landed=True)) == (900, 1299)


def test_arrays_are_read_only_and_mark_missing_offers() -> None:
    csv = csv_of(RENT=[10, -2, 20, 5], BUY_BOX_SHIPPING=[10, 7, -1, 20, -1, 0])
    decoded = decode_one(product_of(csv))
    rent, buy_box = decoded.series[31], decoded.series[18]
    assert rent.values.tolist() == [NO_OFFER, 5]
    assert rent.shipping is None
    assert buy_box.shipping is not None
    assert buy_box.shipping.tolist() == [0, NO_OFFER]
    for array in (rent.minutes, rent.values, buy_box.minutes, buy_box.values, buy_box.shipping):
        assert not array.flags.writeable
    assert len(rent) == 2


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [
        pytest.param([10], SeriesFault.INCOMPLETE, id="half an entry"),
        pytest.param([10, 1, 10, 2], SeriesFault.REPEATED_TIME, id="times repeat"),
        pytest.param([10, "1999"], SeriesFault.NOT_INTEGERS, id="text"),
        pytest.param([10, None], SeriesFault.NOT_INTEGERS, id="null"),
        pytest.param([10, 19.99], SeriesFault.NOT_INTEGERS, id="fraction"),
        pytest.param([10, 2999.0], SeriesFault.NOT_INTEGERS, id="whole, but written as a fraction"),
        pytest.param([10, True], SeriesFault.NOT_INTEGERS, id="boolean"),
        pytest.param([10, 2**63], SeriesFault.NOT_INTEGERS, id="too large"),
        pytest.param([10, 2**70], SeriesFault.NOT_INTEGERS, id="far too large"),
        pytest.param([[10, 1], [20, 2]], SeriesFault.NOT_INTEGERS, id="nested"),
        pytest.param([-10, 1], SeriesFault.OUTSIDE_CALENDAR, id="before Keepa"),
        pytest.param([10**12, 1], SeriesFault.OUTSIDE_CALENDAR, id="after the calendar"),
        pytest.param("10,1", SeriesFault.NOT_A_LIST, id="not a list"),
        pytest.param({}, SeriesFault.NOT_A_LIST, id="an object"),
    ],
)
def test_an_unreadable_series_is_named_and_its_neighbours_stay(
    numbers: Any, fault: SeriesFault
) -> None:
    product = product_of(csv_of(AMAZON=[10, 5], NEW=numbers, USED=[10, 6]))
    reply = decode_products(json.dumps({"products": [product, product_of(None)]}).encode())
    assert len(reply.products) == 2
    decoded = reply.products[0]
    assert sorted(decoded.series) == [0, 2]
    states = [decoded.state_of(price_type_of(n)) for n in ("AMAZON", "NEW", "LISTPRICE")]
    assert states == [SeriesState.WHOLE, SeriesState.UNREADABLE, SeriesState.NONE]
    (problem,) = reply.problems
    assert (problem.kind, problem.asin, problem.domain, problem.series, problem.fault) == (
        "malformed_series",
        "B00EXAMPLE",
        "us",
        "NEW",
        fault,
    )
    assert str(problem).startswith("B00EXAMPLE us NEW: ")


@pytest.mark.parametrize("odd", [{"title": "broken \ud800 emoji\0"}, {"huge": 10**30}], ids=str)
def test_one_odd_value_does_not_cost_the_reply(odd: dict[str, Any]) -> None:
    csv = csv_of(NEW=[10, 500], BUY_BOX_SHIPPING=[10, 500, -1], USED=[1], AMAZON=[1, "x"])
    reply = decode_products(json.dumps({"products": [product_of(csv, **odd)]}).encode())
    (decoded,) = reply.products
    assert sorted(decoded.series) == [1, 18]
    assert {problem.series for problem in reply.problems} == {"USED", "AMAZON"}
    if decoded.title is not None:
        assert decoded.title == "broken ? emoji"


def test_bytes_that_are_not_utf8_do_not_cost_the_reply() -> None:
    body = json.dumps(product_of(csv_of(NEW=[10, 500]), title="caf#")).encode()
    (decoded,) = decode_products(body.replace(b"#", b"\xe9")).products
    assert decoded.title == "caf\ufffd"
    assert len(decoded.series) == 1


@pytest.mark.parametrize("domain_id", [7, 99, 0, -1, None, "1", 1.0, True], ids=repr)
def test_an_unknown_locale_is_a_problem_of_that_product_only(domain_id: Any) -> None:
    bad = product_of(csv_of(NEW=[10, 500]), domainId=domain_id)
    reply = decode_products(json.dumps({"products": [bad, product_of(None)]}).encode())
    assert len(reply.products) == 1
    assert [problem.kind for problem in reply.problems] == ["unknown_domain"]


@pytest.mark.parametrize(
    "product", [None, 5, [], {}, {"asin": None}, {"asin": "short", "domainId": 1}], ids=repr
)
def test_an_entry_without_asin_is_a_problem(product: Any) -> None:
    reply = decode_products(json.dumps({"products": [product, product_of(None)]}).encode())
    assert len(reply.products) == 1
    assert [problem.kind for problem in reply.problems] == ["malformed_product"]


def test_csv_and_stats_of_another_shape_leave_the_product() -> None:
    product = product_of(None, stats=[1], title="A book")
    product["csv"] = "none"
    reply = decode_products(json.dumps(product).encode())
    assert [p.title for p in reply.products] == ["A book"]
    assert {p.kind for p in reply.problems} == {"malformed_series", "malformed_stats"}
    new = price_type_of("NEW")
    assert reply.products[0].state_of(new) is SeriesState.UNREADABLE


def test_unknown_asins_are_missing_and_unreadable_ones_are_not() -> None:
    body = json.dumps(
        {"products": [product_of(None), product_of(None, asin="B00UNKNOWN", domainId=7)]}
    ).encode()
    asked = ("B00EXAMPLE", "B00NOWHERE", "B00UNKNOWN", "B00NOWHERE")
    assert decode_products(body).missing(asked) == ("B00NOWHERE",)


def test_a_reply_that_knows_no_asin_is_empty() -> None:
    reply = decode_products(b'{"timestamp":1,"tokensLeft":7,"tokensConsumed":0}')
    assert (reply.products, reply.problems) == ([], [])
    assert reply.missing(["B00EXAMPLE"]) == ("B00EXAMPLE",)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"", "not whole JSON", id="empty"),
        pytest.param(b"<html>", "not whole JSON", id="html"),
        pytest.param(b"[]", "neither a reply", id="list"),
        pytest.param(b"null", "neither a reply", id="null"),
        pytest.param(b"{}", "neither a reply", id="empty object"),
        pytest.param(b'{"tokensLeft":1,"deals":{}}', "neither a reply", id="deals"),
        pytest.param(b'{"products":{}}', "not a list", id="products an object"),
        pytest.param(b'{"tokensLeft":0,"error":{"message":"No."}}', "refusal.*No", id="refusal"),
        pytest.param(b"[" * 100_000, "not whole JSON", id="deeply nested"),
    ],
)
def test_what_is_no_product_reply_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(KeepaDecodeError, match=words):
        decode_products(body)


@pytest.mark.parametrize(
    ("fields", "image"),
    [
        pytest.param({"imagesCSV": "51a+b.jpg,2.jpg"}, "51a+b.jpg", id="imagesCSV"),
        pytest.param({"images": [{"l": "L.jpg", "m": "M.jpg"}, {}]}, "L.jpg", id="large"),
        pytest.param({"images": [{"m": "M.jpg"}]}, "M.jpg", id="medium"),
        pytest.param({"imagesCSV": "", "images": []}, None, id="empty"),
        pytest.param({"imagesCSV": None, "images": None}, None, id="null"),
        pytest.param({"imagesCSV": 5, "images": ["x"]}, None, id="wrong types"),
        pytest.param({"imagesCSV": "../a?b=<c>"}, "..%2Fa%3Fb%3D%3Cc%3E", id="quoted"),
        pytest.param({}, None, id="absent"),
    ],
)
def test_the_main_picture(fields: dict[str, Any], image: str | None) -> None:
    base = "https://m.media-amazon.com/images/I/"
    decoded = decode_one(product_of(None, **fields))
    assert decoded.image == (base + image if image else None)


@pytest.mark.parametrize(
    ("value", "expected"), [(10, at(10)), (0, None), (-1, None), (None, None), ("10", None)]
)
def test_last_update(value: Any, expected: datetime | None) -> None:
    assert decode_one(product_of(None, lastUpdate=value)).last_update == expected


def test_statistics_leave_out_what_keepa_does_not_have() -> None:
    stats = {
        "current": [1999, -1, -2, None, 0],
        "avg90": [1500],
        "min": [[10, 999], [-1, -1], None, [10], "x"],
        "maxInInterval": None,
        "buyBoxPrice": -2,
    }
    decoded = decode_one(product_of(None, stats=stats)).stats
    assert decoded is not None
    assert decoded.current == {0: 1999, 4: 0}
    assert decoded.avg90 == {0: 1500}
    assert decoded.avg30 == {}
    assert {i: (e.observed_at, e.value) for i, e in decoded.min.items()} == {0: (at(10), 999)}
    assert decoded.max_in_interval == {}


def test_a_product_asked_for_without_statistics() -> None:
    assert decode_one(product_of(None)).stats is None
