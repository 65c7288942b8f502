"""Reading /deal replies: what a deal says, and what becomes of bad ones."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.domain.deals.deal import Deal
from keeper.domain.locales import locale_of
from keeper.domain.prices.landed import LANDED_SINCE
from keeper.domain.prices.points import from_keepa_minutes, to_keepa_minutes
from keeper.domain.prices.types import PRICE_TYPES, PriceType, price_type_of
from keeper.sources.keepa.deals.decode import DecodedDeals, count_deals, decode_deals
from keeper.sources.keepa.errors import KeepaDecodeError

US, JP = locale_of("us"), locale_of("jp")
NEW = price_type_of("NEW")
NOW = to_keepa_minutes(datetime(2026, 9, 1, 12, tzinfo=UTC))
LANDED = to_keepa_minutes(LANDED_SINCE)
TYPES = 34
DEAL_TYPES = [p for p in PRICE_TYPES[:TYPES] if p.is_price]


def listed(default: Any, **by_type: Any) -> list[Any]:
    """Return a list by price type, with some of its entries set."""
    values = [default] * TYPES
    for name, value in by_type.items():
        values[price_type_of(name).index] = value
    return values


def entry(asin: str | None = "B000000001", **changes: Any) -> dict[str, Any]:
    """Return a deal as Keepa sends it: NEW fell from 30.00 to 20.00."""
    return {
        "asin": asin,
        "title": "A kettle",
        "image": [ord(letter) for letter in "41-a+b.jpg"],
        "rootCat": 284507,
        "current": listed(
            -1, NEW=2000, LISTPRICE=9900, RATING=45, COUNT_REVIEWS=120, SALES=4321, USED=-2
        ),
        "currentSince": listed(-1, NEW=NOW - 180),
        "avg": [listed(-2, NEW=average) for average in (2800, 2900, 2950, 3000)],
        "delta": [listed(0)] * 4,
        "deltaPercent": [listed(0)] * 4,
        "deltaLast": listed(0, NEW=1000),
        "backInStock": listed(False, NEW=True),
        "creationDate": NOW - 120,
        "lastUpdate": NOW - 60,
        "lightningStart": 0,
        "lightningEnd": NOW + 600,
        **changes,
    }


def decoded(*entries: object, price_type: str = "NEW") -> DecodedDeals:
    body = json.dumps({"tokensLeft": 1, "deals": {"dr": entries}}).encode()
    return decode_deals(body, US, price_type_of(price_type))


def test_a_deal_is_read_in_the_series_asked_for() -> None:
    (deal,) = decoded(entry()).deals

    assert deal == Deal(
        asin="B000000001",
        domain="us",
        currency="USD",
        price_type="NEW",
        title="A kettle",
        image_url="https://m.media-amazon.com/images/I/41-a+b.jpg",
        observed_at=from_keepa_minutes(NOW - 180),
        price_minor=2000,
        shipping_minor=None,
        previous_minor=3000,
        average_day_minor=2800,
        average_week_minor=2900,
        average_month_minor=2950,
        average_90_days_minor=3000,
        list_price_minor=9900,
        rating=4.5,
        review_count=120,
        sales_rank=4321,
        root_category=284507,
        back_in_stock=True,
        lightning_ends_at=from_keepa_minutes(NOW + 600),
        found_at=from_keepa_minutes(NOW - 120),
    )


@pytest.mark.parametrize(
    ("days_after", "averages"),
    [
        (-1, [2800, 2900, 2950, 3000]),
        (1, [None, None, None, None]),
        (2, [2800, None, None, None]),
        (40, [2800, 2900, 2950, None]),
        (90, [2800, 2900, 2950, 3000]),
    ],
)
def test_averages_that_reach_back_to_item_prices_are_left_out(
    days_after: int, averages: list[int | None]
) -> None:
    at = LANDED + 1440 * days_after

    (deal,) = decoded(entry(lastUpdate=at, currentSince=listed(-1, NEW=at - 60))).deals

    assert [
        deal.average_day_minor,
        deal.average_week_minor,
        deal.average_month_minor,
        deal.average_90_days_minor,
    ] == averages


@pytest.mark.parametrize("price", [-1, -2])
def test_no_offer_is_no_price_and_the_former_price_is_still_known(price: int) -> None:
    (deal,) = decoded(
        entry(current=listed(-1, NEW=price), deltaLast=listed(0, NEW=3000 - price))
    ).deals

    assert deal.price_minor is None
    assert deal.previous_minor == 3000
    assert deal.rating is deal.review_count is deal.sales_rank is deal.list_price_minor is None


def test_what_keepa_never_had_is_none() -> None:
    averages = [listed(-2), listed(-1), listed(-2, NEW=0), []]
    (deal,) = decoded(entry(avg=averages, deltaLast=listed(0), lightningEnd=0)).deals

    assert deal.previous_minor is None
    assert deal.lightning_ends_at is None
    assert {
        deal.average_day_minor,
        deal.average_week_minor,
        deal.average_month_minor,
        deal.average_90_days_minor,
    } == {None}


@pytest.mark.parametrize("root", [0, 9223372036854775807, 2**64 - 1, -1, None, "x"])
def test_an_unknown_root_category_is_none(root: object) -> None:
    assert decoded(entry(rootCat=root)).deals[0].root_category is None


@pytest.mark.parametrize("image", [None, [], [10, 0, 300], "41.jpg"])
def test_a_deal_without_a_readable_picture_has_none(image: object) -> None:
    assert decoded(entry(image=image)).deals[0].image_url is None


@pytest.mark.parametrize("end", [NOW - 61, NOW + 60 * 24 * 365 * 100], ids=["past", "never"])
def test_only_a_lightning_deal_that_is_on_has_an_end(end: int) -> None:
    assert decoded(entry(lightningEnd=end)).deals[0].lightning_ends_at is None


def test_without_its_beginning_a_price_holds_since_the_deal_was_found() -> None:
    (deal,) = decoded(entry(currentSince=listed(-1))).deals

    assert deal.observed_at == deal.found_at


def test_warehouse_deals_are_compared_with_warehouse_prices() -> None:
    used = entry(
        current=listed(-1, WAREHOUSE=1000, AMAZON=2000),
        avg=[listed(-2, WAREHOUSE=1100, AMAZON=2000)] * 4,
        delta=[listed(0, WAREHOUSE=1000)] * 4,
    )

    assert decoded(used, price_type="WAREHOUSE").deals[0].average_90_days_minor == 1100


def test_yen_are_read_as_they_are() -> None:
    body = json.dumps({"deals": {"dr": [entry()]}}).encode()

    (deal,) = decode_deals(body, JP, NEW).deals

    assert (deal.domain, deal.currency, deal.price_minor) == ("jp", "JPY", 2000)


@pytest.mark.parametrize(
    ("bad", "detail", "asin"),
    [
        (None, "the entry is not an object", None),
        ([1], "the entry is not an object", None),
        (entry("short"), "`asin` is 'short'", None),
        (entry(asin=None), "`asin` is None", None),
        (entry(current=None), "`current` has no NEW", "B000000001"),
        (entry(current=[-1]), "`current` has no NEW", "B000000001"),
        (entry(current=listed("2000")), "`current` has no NEW", "B000000001"),
        (entry(current=listed(2**40)), "`current` has no NEW", "B000000001"),
        (
            entry(currentSince=None, creationDate=0, lastUpdate=None),
            "no time says since when the price holds",
            "B000000001",
        ),
    ],
)
def test_a_bad_deal_is_named_and_its_neighbours_are_read(
    bad: object, detail: str, asin: str | None
) -> None:
    result = decoded(entry("B000000002"), bad, entry("B000000003"))

    assert [deal.asin for deal in result.deals] == ["B000000002", "B000000003"]
    (problem,) = result.problems
    assert (problem.kind, problem.detail, problem.asin) == ("malformed_deal", detail, asin)
    assert result.entries == 3


JSON: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, 0, -1, NOW, 2**70, 1.5, "text", {}]),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=20,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(sorted(entry())), JSON), st.sampled_from(DEAL_TYPES))
def test_whatever_a_deal_holds_its_neighbours_are_read(
    changes: dict[str, Any], price_type: PriceType
) -> None:
    body = json.dumps({"deals": {"dr": [entry(), {**entry(), **changes}, entry()]}}).encode()

    result = decode_deals(body, US, price_type)

    assert result.entries == 3
    assert len(result.deals) + len(result.problems) == 3
    assert len(result.deals) >= 2


@pytest.mark.parametrize("price", [0, -7])
def test_impossible_prices_are_left_for_the_checks(price: int) -> None:
    assert decoded(entry(current=listed(-1, NEW=price))).deals[0].price_minor == price


def test_a_page_without_deals_is_a_page() -> None:
    assert decoded() == DecodedDeals([], [], 0)


@pytest.mark.parametrize(
    "body",
    [
        b'{"deals": {"dr": [',
        b"<html>",
        b"[]",
        b'{"tokensLeft": 5}',
        b'{"products": []}',
        b'{"deals": null}',
        b'{"deals": []}',
        b'{"deals": {"dr": null}}',
    ],
)
def test_what_is_no_reply_of_deal_is_an_error(body: bytes) -> None:
    with pytest.raises(KeepaDecodeError):
        decode_deals(body, US, NEW)
    with pytest.raises(KeepaDecodeError):
        count_deals(body)


def test_every_recorded_deal_reads_as_its_json_says(recorded_deals: Path) -> None:
    body = recorded_deals.read_bytes()
    entries = json.loads(body)["deals"]["dr"]
    assert len(entries) == count_deals(body) == 150

    for price_type in DEAL_TYPES:
        result = decode_deals(body, US, price_type)
        assert result.problems == []
        for deal, said in zip(result.deals, entries, strict=True):
            assert_equal(deal, said, price_type.index)


def assert_equal(deal: Deal, said: dict[str, Any], index: int) -> None:
    price = said["current"][index]
    averages = [interval[index] for interval in said["avg"]]
    assert (deal.asin, deal.title) == (said["asin"], said["title"])
    assert deal.price_minor == (price if price > 0 else None)
    assert [
        deal.average_day_minor,
        deal.average_week_minor,
        deal.average_month_minor,
        deal.average_90_days_minor,
    ] == [average if average > 0 else None for average in averages]
    assert deal.rating == (said["current"][16] / 10 if said["current"][16] >= 0 else None)
    assert deal.observed_at == moment(said, index)
    assert deal.image_url is not None
    assert deal.image_url.endswith("/" + "".join(map(chr, said["image"])).replace(",", "%2C"))
    if price > 0 and averages[3] > 0 and deal.price_type not in {"WAREHOUSE", "PRIME_EXCL"}:
        ninety = deal.average_90_days_minor
        assert ninety is not None
        assert ninety - price == said["delta"][3][index]
        percent = (200 * (ninety - price) + ninety) // (2 * ninety)
        assert percent == said["deltaPercent"][3][index]
    if deal.previous_minor is not None:
        assert deal.previous_minor - price == said["deltaLast"][index]


def moment(said: dict[str, Any], index: int) -> datetime:
    since = said["currentSince"][index]
    return from_keepa_minutes(since if since > 0 else said["creationDate"])


def test_what_warehouse_and_prime_deals_are_compared_with_as_recorded(
    recorded_deals: Path,
) -> None:
    """Amazon's average where Amazon is no dearer than the buy box, else the buy box's."""
    amazon, buy_box = 0, price_type_of("BUY_BOX_SHIPPING").index
    compared = 0
    for said in json.loads(recorded_deals.read_bytes())["deals"]["dr"]:
        now = said["current"]
        is_amazon = now[amazon] > 0 and (now[buy_box] < 0 or now[amazon] <= now[buy_box])
        for name in ("WAREHOUSE", "PRIME_EXCL"):
            index = price_type_of(name).index
            for interval in range(4):
                reference = said["avg"][interval][amazon if is_amazon else buy_box]
                if now[index] > 0 and reference > 0:
                    compared += 1
                    assert reference - now[index] == said["delta"][interval][index]
    assert compared > 80
