"""Keepa's price types."""

import pytest

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import (
    PRICE_TYPES,
    UnknownPriceTypeError,
    detail_of,
    price_type_of,
)


@pytest.mark.parametrize(
    ("index", "name"),
    [(0, "AMAZON"), (11, "COUNT_NEW"), (12, "COUNT_USED"), (16, "RATING"), (33, "PRIME_EXCL")],
)
def test_the_index_of_a_series_is_keepas(index: int, name: str) -> None:
    assert PRICE_TYPES[index].name == name


def test_the_buy_box_is_18_and_offer_counts_are_no_prices() -> None:
    assert price_type_of("BUY_BOX_SHIPPING").index == 18
    assert [p.index for p in PRICE_TYPES if not p.is_price] == [
        *(3, 11, 12, 13, 14, 15, 16, 17, 34, 35)
    ]


def test_triplets_are_the_series_with_shipping() -> None:
    assert [p.index for p in PRICE_TYPES if p.has_shipping] == [7, 18, *range(19, 30), 32]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownPriceTypeError, match="BUY_BOX_SHIPPING"):
        price_type_of("BUYBOX")


def test_what_a_request_must_ask_for_is_keepas_table() -> None:
    of_offers = [p.index for p in PRICE_TYPES if p.detail is Detail.OFFERS]
    assert of_offers == [7, 9, 10, 15, 16, 17, *range(19, 28), 32, 33]
    assert [p.index for p in PRICE_TYPES if p.detail is Detail.BUY_BOX] == [18]
    assert [p.name for p in PRICE_TYPES if p.is_gone] == ["RENT"]


def test_the_dearest_price_type_decides_the_request() -> None:
    assert detail_of([]) is Detail.BASIC
    assert detail_of(["NEW", "AMAZON"]) is Detail.BASIC
    assert detail_of(["BUY_BOX_SHIPPING", "NEW"]) is Detail.BUY_BOX
    assert detail_of(["BUY_BOX_SHIPPING", "WAREHOUSE", "NEW"]) is Detail.OFFERS


def test_each_detail_brings_what_those_before_it_bring() -> None:
    details = [Detail.BASIC, Detail.BUY_BOX, Detail.OFFERS]
    brought = [[each.brings(other) for other in details] for each in details]
    assert brought == [[True, False, False], [True, True, False], [True, True, True]]
