"""Which deal selections may be saved, and what is said of the others."""

import pytest
from keepa.models.backend import DealRequest

from keeper.domain.deals.selection import (
    FIELDS,
    OPEN_END,
    InvalidSelectionError,
    as_sent,
    own_fields,
    validate_market,
    validate_selection,
)
from keeper.domain.locales import locale_of
from keeper.domain.prices.types import PRICE_TYPES, price_type_of


def test_every_field_of_keepas_own_request_model_may_be_saved_but_keepers_three() -> None:
    assert set(DealRequest.model_fields) - FIELDS == {"page", "domainId", "priceTypes"}
    # Keepa's web page exports the two; the installed package does not know them yet.
    assert FIELDS - set(DealRequest.model_fields) == {"isHighest", "isRisers"}


@pytest.mark.parametrize(
    "selection",
    [
        {},
        {"deltaPercentRange": [20, 90], "currentRange": [500, -1], "dateRange": 3, "sortType": -4},
        {"titleSearch": "usb charger", "hasReviews": True, "minRating": 40},
        {"includeCategories": [172282], "brand": ["Sony"], "warehouseConditions": [2, 3]},
        {"deltaRange": None, "isRangeEnabled": False, "minRating": -1, "excludeCategories": []},
        {"isRisers": False, "isHighest": False, "salesRankRange": [1, -1]},
        {"deltaPercentRange": [10, OPEN_END], "includeCategories": list(range(1, 501))},
        {"titleSearch": " ".join(["usb"] * 50)},
    ],
    ids=["all deals", "ranges", "filters", "lists", "nulls", "flags of rises", "bounds", "words"],
)
def test_a_right_selection_passes(selection: dict[str, object]) -> None:
    validate_selection(selection)

    DealRequest.model_validate(selection)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("detlaRange", [1, 2], "is no field.*did you mean `deltaRange`"),
        ("colour_of_the_box", 1, "`colour_of_the_box` is no field"),
        ("deltaPercentRange", [9, 90], "from a drop of 10 % on"),
        ("deltaPercentRange", [5, -1], "from a drop of 10 % on"),
        ("includeCategories", list(range(1, 502)), "500 numbers at most"),
        ("titleSearch", " ".join(["usb"] * 51), "50 words at most"),
        ("deltaRange", "20-90", "two whole numbers"),
        ("deltaPercentRange", [20], "two whole numbers"),
        ("deltaPercentRange", [20, "90"], "two whole numbers"),
        ("currentRange", [True, 5], "two whole numbers"),
        ("currentRange", [900, 5], "the lowest first"),
        ("dateRange", 4, r"0 \(a day\)"),
        ("dateRange", "1", r"0 \(a day\)"),
        ("sortType", 0, r"1 \(age\)"),
        ("minRating", 4.5, "45 is 4.5 stars"),
        ("isLowest", 1, "true or false"),
        ("includeCategories", 172282, "a list of whole numbers"),
        ("includeCategories", ["172282"], "a list of whole numbers"),
        ("brand", "Sony", "a list of texts"),
        ("titleSearch", ["usb"], "a text"),
    ],
)
def test_a_wrong_selection_names_the_field_and_what_it_should_be(
    field: str, value: object, message: str
) -> None:
    with pytest.raises(InvalidSelectionError, match=message) as error:
        validate_selection({"hasReviews": True, field: value})

    assert error.value.field == field
    assert f"`{field}`" in str(error.value)


def test_what_keepas_page_exports_of_keepers_own_fields_is_dropped() -> None:
    exported = {"page": 0, "domainId": 3, "priceTypes": [1], "minRating": None}

    assert own_fields({**exported, "deltaPercentRange": [20, 100]}) == {
        "deltaPercentRange": [20, 100]
    }


def test_an_open_end_is_sent_as_keepa_documents_it() -> None:
    saved = {"currentRange": [500, -1], "salesRankRange": [1, -1], "deltaRange": [5, 9]}

    sent = as_sent(saved)

    assert sent["currentRange"] == [500, 2_147_483_647]
    assert (sent["salesRankRange"], sent["deltaRange"]) == ([1, -1], [5, 9])


def test_deals_are_searched_in_the_price_types_keepa_has_them_in() -> None:
    refused = []
    for price_type in PRICE_TYPES:
        try:
            validate_market(locale_of("de"), price_type)
        except InvalidSelectionError as error:
            refused.append((error.field, price_type.index))

    assert {field for field, _ in refused} == {"price_type"}
    searched = sorted({*range(36)} - {index for _, index in refused})
    assert searched == [0, 1, 2, 5, 6, 7, 8, 9, 10, 18, 19, 20, 21, 22, 27, 32, 33]


def test_keepa_has_no_deals_of_brazil() -> None:
    with pytest.raises(InvalidSelectionError, match=r"Keepa has no deals on amazon\.com\.br"):
        validate_market(locale_of("br"), price_type_of("NEW"))


@pytest.mark.parametrize(
    ("selection", "ranges", "filters"),
    [
        ({}, False, False),
        ({"deltaRange": [1, 5], "dateRange": 1, "sortType": 1}, True, False),
        ({"titleSearch": "usb"}, False, True),
        ({"minRating": 40, "deltaPercentRange": [10, 50]}, True, True),
        ({"minRating": 40, "deltaRange": None, "isFilterEnabled": False}, False, False),
    ],
    ids=["nothing", "a range", "a filter", "both", "set by hand"],
)
def test_switches_are_set_by_need(
    selection: dict[str, object], ranges: bool, filters: bool
) -> None:
    result = as_sent(selection)

    assert result["isRangeEnabled"] is ranges
    assert result["isFilterEnabled"] is filters
    assert None not in result.values()
    assert {name: value for name, value in selection.items() if value is not None}.items() <= (
        result.items()
    )
