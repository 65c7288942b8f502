"""Asking for a saved filter's deals, page by page."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from keepa.models.backend import DealRequest

from keeper.domain.locales import locale_of
from keeper.domain.tokens.balance import TokenRequest
from keeper.sources.keepa.deals.requests import (
    DealFilterRejectedError,
    as_parameter,
    deal_pages,
)
from keeper.sources.keepa.errors import KeepaRequestRejectedError, TokensExhaustedError
from keeper.sources.keepa.tokens import Envelope
from keeper.sources.keepa.transport import Reply
from tests.deals import CHECKED_AT, FILTER

ENVELOPE = Envelope(CHECKED_AT, 100, 1000, 5, 5, 10)


class Keepa:
    """Answers with pages of so many deals, and keeps what it was asked."""

    def __init__(self, *sizes: int, error: Exception | None = None) -> None:
        self.sizes = list(sizes)
        self.error = error
        self.asked: list[tuple[TokenRequest, dict[str, Any]]] = []

    def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        selection = json.loads(str(parameters["selection"]))
        self.asked.append((request, {**parameters, "selection": selection}))
        if selection["page"] >= len(self.sizes):
            raise self.error or AssertionError("asked for a page too many")
        body = json.dumps({"deals": {"dr": [{}] * self.sizes[selection["page"]]}}).encode()
        return Reply(body, ENVELOPE, CHECKED_AT)


def test_the_selection_is_built_from_the_filter() -> None:
    keepa = Keepa(3)

    list(deal_pages(keepa, FILTER, max_pages=5))

    ((request, parameters),) = keepa.asked
    assert request == TokenRequest("deal", estimate=5, domain="us")
    assert parameters["domain"] == 1
    assert parameters["selection"] == {
        "page": 0,
        "domainId": 1,
        "priceTypes": [1],
        "dateRange": 0,
        "sortType": 4,
        "deltaPercentRange": [10, 90],
        "isRangeEnabled": True,
        "isFilterEnabled": False,
    }
    DealRequest.model_validate(parameters["selection"])


def test_a_selection_is_sent_without_blanks_and_with_its_letters_as_they_are() -> None:
    sent = as_parameter({"titleSearch": "Größe", "deltaRange": [0, 100], "isLowest": True})

    assert sent == '{"titleSearch":"Größe","deltaRange":[0,100],"isLowest":true}'


def test_the_filters_own_order_and_range_of_dates_stay() -> None:
    keepa = Keepa(0)
    found_by = replace(FILTER, domain="jp", selection={"dateRange": 3, "sortType": 1})

    list(deal_pages(keepa, found_by, max_pages=1))

    selection = keepa.asked[0][1]["selection"]
    assert (selection["dateRange"], selection["sortType"], selection["domainId"]) == (3, 1, 5)


def test_pages_are_read_to_the_first_that_is_not_full() -> None:
    keepa = Keepa(150, 150, 149)

    pages = list(deal_pages(keepa, FILTER, max_pages=10))

    assert [(page.number, page.last) for page in pages] == [(0, False), (1, False), (2, True)]
    assert pages[0].locale == locale_of("us")
    assert pages[0].envelope is ENVELOPE
    assert pages[0].received_at == CHECKED_AT


def test_no_more_pages_are_read_than_allowed_and_reading_goes_on_where_it_ended() -> None:
    keepa = Keepa(150, 150, 150, 1)

    first = list(deal_pages(keepa, FILTER, max_pages=2))
    rest = list(deal_pages(keepa, FILTER, max_pages=9, first_page=2))

    assert [page.number for page in first + rest] == [0, 1, 2, 3]
    assert [page.last for page in first + rest] == [False, False, False, True]


def test_a_page_is_handed_over_before_the_next_is_asked_for() -> None:
    pages = deal_pages(Keepa(150, error=TokensExhaustedError("none left")), FILTER, max_pages=3)

    assert next(pages).number == 0
    with pytest.raises(TokensExhaustedError):
        next(pages)


def test_a_reply_without_deals_is_handed_over_as_the_last() -> None:
    class Odd(Keepa):
        def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
            return Reply(b'{"tokensLeft": 5}', ENVELOPE, CHECKED_AT)

    (page,) = deal_pages(Odd(), FILTER, max_pages=3)

    assert page.last


def test_a_filter_keepa_rejects_is_named_with_the_field() -> None:
    rejected = KeepaRequestRejectedError("The queryJSON is of invalid format.", details="minRating")

    with pytest.raises(DealFilterRejectedError) as error:
        list(deal_pages(Keepa(error=rejected), FILTER, max_pages=3))

    assert (error.value.filter, error.value.field) == ("kettles", "minRating")
    assert str(error.value) == (
        "deal filter 'kettles', field `minRating`: The queryJSON is of invalid format; change or "
        "disable this filter"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"selection": {"detlaRange": [1, 2]}}, "detlaRange"),
        ({"domain": "pl"}, "domain"),
        ({"price_type": "NEWISH"}, "price_type"),
        ({"price_type": "SALES"}, "price_type"),
    ],
)
def test_a_filter_that_cannot_be_right_costs_no_token(changes: dict[str, Any], field: str) -> None:
    keepa = Keepa(1)

    with pytest.raises(DealFilterRejectedError, match=f"'kettles', field `{field}`: [^`]"):
        deal_pages(keepa, replace(FILTER, **changes), max_pages=3)

    assert keepa.asked == []
