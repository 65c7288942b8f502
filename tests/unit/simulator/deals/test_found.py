import json
from typing import Any

import pytest

from keeper.domain.locales import Locale
from keeper.simulator.deals.found import deal_delta, find_deals
from keeper.simulator.deals.selection import DealSelection, parse_selection
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.stats import spans_of
from keeper.simulator.refusals import RequestRefusedError
from tests.unit.simulator.deal_identities import breaches

DAY = 1440
NEW = 1


@pytest.mark.parametrize(
    ("average", "current", "expected"),
    [
        (2422, 2024, (398, 16)),
        (200, 201, (-1, 0)),
        (200, 199, (1, 1)),
        (1000, 1000, (0, 0)),
        (100, 250, (-150, -150)),
        (1000, -1, (0, 0)),
        (0, 1, (-1, 0)),
        (-2, 500, (0, 0)),
        (-1, 500, (0, 0)),
    ],
    ids=[
        "drop",
        "minus half rounds up",
        "half rounds up",
        "unchanged",
        "rise",
        "sold out",
        "average of nothing",
        "never offered",
        "not offered lately",
    ],
)
def test_delta_is_average_minus_current(
    average: int, current: int, expected: tuple[int, int]
) -> None:
    assert deal_delta(average, current) == expected


def found(catalogue: Catalogue, us: Locale, at: int, **selection: Any) -> list[dict[str, Any]]:
    text = json.dumps({"priceTypes": [NEW], "dateRange": 3, **selection})
    deals: list[dict[str, Any]] = find_deals(catalogue, parse_selection(text, us), at)["dr"]
    return deals


def test_deals_agree_with_their_own_histories(
    catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    deals = found(catalogue, us, at_minute)
    assert len(deals) >= 20
    for deal in deals:
        sheet = catalogue.find(deal["asin"], us)
        assert sheet is not None
        series = spans_of(catalogue.history(sheet, us, at_minute).entries[NEW], at_minute)
        assert deal["current"][NEW] == series.current > 0
        assert deal["avg"][3][NEW] == series.average_since(at_minute - 90 * DAY)
        assert deal["avg"][0][NEW] == series.average_since(at_minute - 2 * DAY)
        for row in range(4):
            average = deal["avg"][row][NEW]
            assert deal["delta"][row][NEW] == average - series.current
            percent = 100 * deal["delta"][row][NEW] / average
            assert abs(deal["deltaPercent"][row][NEW] - percent) <= 0.5
        assert deal["deltaPercent"][3][NEW] >= 1
        assert deal["currentSince"][NEW] == deal["creationDate"] > at_minute - 90 * DAY
        assert {len(deal[name]) for name in ("current", "currentSince", "deltaLast")} == {34}
        assert bytes(deal["image"]).decode() == sheet.images[0]


@pytest.mark.parametrize(
    ("price_type", "date_range"),
    [(1, 0), (1, 1), (1, 2), (0, 3), (1, 3), (9, 3), (18, 3), (33, 3)],
    ids=str,
)
def test_every_series_and_range_keeps_to_the_recorded_identities(
    catalogue: Catalogue, us: Locale, at_minute: int, price_type: int, date_range: int
) -> None:
    deals = found(catalogue, us, at_minute, priceTypes=[price_type], dateRange=date_range)
    assert [breach for deal in deals for breach in breaches(deal)] == []
    assert all(deal["deltaPercent"][date_range][price_type] >= 1 for deal in deals)
    # Of the catalogue's few Prime offers none may be a drop.
    if date_range == 3 and price_type != 33:
        assert deals


def test_a_breach_is_noticed(catalogue: Catalogue, us: Locale, at_minute: int) -> None:
    deal = found(catalogue, us, at_minute)[0]
    deal["delta"][2][NEW] += 1
    (breach,) = breaches(deal)
    assert "series 1 range 2" in breach


def walk(catalogue: Catalogue, us: Locale, at: int, sort_type: int) -> list[list[str]]:
    every_change = {"isRangeEnabled": True, "deltaRange": [-(10**9), 10**9]}
    pages: list[list[str]] = []
    while not pages or pages[-1]:
        deals = found(catalogue, us, at, page=len(pages), sortType=sort_type, **every_change)
        pages.append([deal["asin"] for deal in deals])
    return pages


@pytest.mark.parametrize(
    "sort_type",
    [1, pytest.param(3, marks=pytest.mark.nightly), pytest.param(-4, marks=pytest.mark.nightly)],
)
def test_walking_more_than_a_page_gives_every_deal_once_and_ends(
    catalogue: Catalogue,
    us: Locale,
    at_minute: int,
    sort_type: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = walk(catalogue, us, at_minute, sort_type)
    first, second, last = (len(page) for page in pages)
    assert (first, last) == (150, 0)
    assert 0 < second < 150
    asins = [asin for page in pages for asin in page]
    assert len(asins) == len(set(asins))
    monkeypatch.setattr("keeper.simulator.deals.found.DEALS_PER_PAGE", 40)
    again = walk(catalogue, us, at_minute, sort_type)
    assert [asin for page in again for asin in page] == asins


@pytest.mark.parametrize(
    ("sort_type", "value", "descending"),
    [
        (1, lambda deal: deal["creationDate"], True),
        (2, lambda deal: deal["delta"][3][NEW], True),
        (-2, lambda deal: deal["delta"][3][NEW], False),
        (3, lambda deal: deal["current"][3], False),
        (4, lambda deal: deal["deltaPercent"][3][NEW], True),
        (-4, lambda deal: deal["deltaPercent"][3][NEW], False),
    ],
    ids=["newest", "largest drop", "smallest drop", "best rank", "most percent", "least percent"],
)
def test_deals_are_sorted(
    catalogue: Catalogue, us: Locale, at_minute: int, sort_type: int, value: Any, descending: bool
) -> None:
    values = [value(deal) for deal in found(catalogue, us, at_minute, sortType=sort_type)]
    assert values == sorted(values, reverse=descending)


def test_ranges_and_filters_narrow_deals(catalogue: Catalogue, us: Locale, at_minute: int) -> None:
    everything = found(catalogue, us, at_minute)
    cheap = found(
        catalogue,
        us,
        at_minute,
        isRangeEnabled=True,
        currentRange=[0, 5_000],
        deltaPercentRange=[10, 80],
    )
    assert 0 < len(cheap) < len(everything)
    assert all(
        deal["current"][NEW] <= 5_000 and deal["deltaPercent"][3][NEW] >= 5 for deal in cheap
    )
    assert found(catalogue, us, at_minute, currentRange=[0, 5_000]) == everything
    rated = found(catalogue, us, at_minute, isFilterEnabled=True, minRating=42)
    assert 0 < len(rated) < len(everything)
    assert all(deal["current"][16] >= 42 for deal in rated)
    root = everything[0]["rootCat"]
    kept = found(catalogue, us, at_minute, includeCategories=[root])
    rest = found(catalogue, us, at_minute, excludeCategories=[root])
    assert len(kept) + len(rest) == len(everything)
    assert {deal["rootCat"] for deal in kept} == {root}
    word = everything[0]["title"].split()[0]
    assert all(word in deal["title"] for deal in found(catalogue, us, at_minute, titleSearch=word))


def test_a_shorter_range_has_fewer_deals(catalogue: Catalogue, us: Locale, at_minute: int) -> None:
    assert len(found(catalogue, us, at_minute, dateRange=0)) < len(
        found(catalogue, us, at_minute, dateRange=3)
    )


def test_categories_count_all_pages(catalogue: Catalogue, us: Locale, at_minute: int) -> None:
    selection = DealSelection(us, NEW, date_range=3)
    first = find_deals(catalogue, selection, at_minute)
    far = find_deals(catalogue, DealSelection(us, NEW, date_range=3, page=9), at_minute)
    assert sum(first["categoryCount"]) >= len(first["dr"]) > 0
    assert far["dr"] == []
    assert far["categoryCount"] == first["categoryCount"]
    assert len(first["categoryIds"]) == len(first["categoryNames"]) == len(first["categoryCount"])


def test_one_price_type_may_stand_without_its_list(us: Locale) -> None:
    assert parse_selection('{"priceTypes":0}', us) == parse_selection('{"priceTypes":[0]}', us)


def test_the_selection_may_name_the_locale_by_itself(us: Locale) -> None:
    named = '{"priceTypes":[1],"domainId":1}'
    assert parse_selection(named, None) == parse_selection('{"priceTypes":[1]}', us)
    with pytest.raises(RequestRefusedError) as refusal:
        parse_selection('{"priceTypes":[1]}', None)
    assert refusal.value.error["details"] == "domainId"


@pytest.mark.parametrize("selection", ["{", "[]", "null", "7"])
def test_a_selection_that_is_no_object_is_refused_in_keepas_words(
    us: Locale, selection: str
) -> None:
    with pytest.raises(RequestRefusedError) as refusal:
        parse_selection(selection, us)
    assert refusal.value.error["message"] == "The queryJSON is missing or invalid."


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        ("{}", "priceTypes"),
        ('{"priceTypes":"0"}', "priceTypes"),
        ('{"priceTypes":true}', "priceTypes"),
        ('{"priceTypes":null}', "priceTypes"),
        ('{"priceTypes":[0,1]}', "priceTypes"),
        ('{"priceTypes":[]}', "priceTypes"),
        ('{"priceTypes":[36]}', "priceTypes"),
        ('{"priceTypes":[1],"isCheap":true}', "isCheap"),
        ('{"priceTypes":[1],"dateRange":4}', "dateRange"),
        ('{"priceTypes":[1],"page":-1}', "page"),
        ('{"priceTypes":[1],"page":true}', "page"),
        ('{"priceTypes":[1],"sortType":0}', "sortType"),
        ('{"priceTypes":[1],"domainId":7}', "domainId"),
        ('{"priceTypes":[1],"domainId":[]}', "domainId"),
        ('{"priceTypes":[1],"isRangeEnabled":1}', "isRangeEnabled"),
        ('{"priceTypes":[1],"isRangeEnabled":true,"currentRange":[1]}', "currentRange"),
        ('{"priceTypes":[1],"includeCategories":["a"]}', "includeCategories"),
    ],
)
def test_bad_selections_are_refused_by_field(us: Locale, selection: str, field: str) -> None:
    with pytest.raises(RequestRefusedError) as refusal:
        parse_selection(selection, us)
    assert refusal.value.status == 400
    assert refusal.value.error == {
        "type": "invalidParameter",
        "message": "The queryJSON is of invalid format.",
        "details": field,
    }


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        *((f'{{"priceTypes":[{index}]}}', "priceTypes") for index in (4, 11, 16, 23, 28, 30, 31)),
        ('{"priceTypes":[1],"domainId":12}', "domainId"),
        (
            '{"priceTypes":[1],"isRangeEnabled":true,"deltaPercentRange":[9,90]}',
            "deltaPercentRange",
        ),
        (f'{{"priceTypes":[1],"includeCategories":{[*range(501)]}}}', "includeCategories"),
        ('{"priceTypes":[1],"titleSearch":"%s"}' % ("usb " * 51), "titleSearch"),
    ],
)
def test_what_lies_out_of_keepas_range_is_refused_as_that(
    us: Locale, selection: str, field: str
) -> None:
    with pytest.raises(RequestRefusedError) as refusal:
        parse_selection(selection, us)

    assert refusal.value.status == 405
    assert refusal.value.error["details"] == field


def test_minus_one_is_an_open_end_of_the_rank_alone(
    catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    everything = found(catalogue, us, at_minute)

    ranks = found(catalogue, us, at_minute, isRangeEnabled=True, salesRankRange=[1, -1])
    prices = found(catalogue, us, at_minute, isRangeEnabled=True, currentRange=[1, -1])

    assert 0 < len(ranks) <= len(everything)
    assert prices == []
