"""Keepa's price types."""

import pytest

from keeper.domain.prices.types import PRICE_TYPES, UnknownPriceTypeError, price_type_of


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
