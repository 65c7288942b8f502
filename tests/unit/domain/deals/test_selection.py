"""Which deal selections may be saved, and what is said of the others."""

import pytest
from keepa.models.backend import DealRequest

from keeper.domain.deals.selection import (
    FIELDS,
    InvalidSelectionError,
    switched,
    validate_selection,
)


def test_every_field_of_keepas_own_request_model_may_be_saved_but_keepers_three() -> None:
    assert set(DealRequest.model_fields) - FIELDS == {"page", "domainId", "priceTypes"}
    assert set(DealRequest.model_fields) >= FIELDS


@pytest.mark.parametrize(
    "selection",
    [
        {},
        {"deltaPercentRange": [20, 90], "currentRange": [500, -1], "dateRange": 3, "sortType": -4},
        {"titleSearch": "usb charger", "hasReviews": True, "minRating": 40},
        {"includeCategories": [172282], "brand": ["Sony"], "warehouseConditions": [2, 3]},
        {"deltaRange": None, "isRangeEnabled": False, "minRating": -1, "excludeCategories": []},
    ],
    ids=["all deals", "ranges", "filters", "lists", "as exported by Keepa's page"],
)
def test_a_right_selection_passes(selection: dict[str, object]) -> None:
    validate_selection(selection)

    DealRequest.model_validate(selection)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("detlaRange", [1, 2], "is no field.*did you mean `deltaRange`"),
        ("colour_of_the_box", 1, "`colour_of_the_box` is no field"),
        ("page", 1, "must be left out: Keeper reads every page"),
        ("domainId", 1, "must be left out: it follows from the filter's locale"),
        ("priceTypes", [0], "must be left out: it follows from the filter's price type"),
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


@pytest.mark.parametrize(
    ("selection", "ranges", "filters"),
    [
        ({}, False, False),
        ({"deltaRange": [1, 5], "dateRange": 1, "sortType": 1}, True, False),
        ({"titleSearch": "usb"}, False, True),
        ({"minRating": 40, "deltaPercentRange": [1, 5]}, True, True),
        ({"minRating": 40, "deltaRange": None, "isFilterEnabled": False}, False, False),
    ],
    ids=["nothing", "a range", "a filter", "both", "set by hand"],
)
def test_switches_are_set_by_need(
    selection: dict[str, object], ranges: bool, filters: bool
) -> None:
    result = switched(selection)

    assert result["isRangeEnabled"] is ranges
    assert result["isFilterEnabled"] is filters
    assert None not in result.values()
    assert {name: value for name, value in selection.items() if value is not None}.items() <= (
        result.items()
    )
