"""Which products a run is about."""

import re

import pytest

from keeper.domain.watches.product_choice import EVERYTHING, InvalidChoiceError, ProductChoice
from keeper.domain.watches.watch import ProductToCheck

US, DE = (ProductToCheck("B000000001", domain, {}, {}) for domain in ("us", "de"))
OTHER = ProductToCheck("B000000002", "us", {}, {})
WATCHED = [US, DE, OTHER]


@pytest.mark.parametrize(
    ("choice", "found", "unknown"),
    [
        (EVERYTHING, WATCHED, []),
        (ProductChoice.of(["us"]), [US, OTHER], []),
        (ProductChoice.of(asins=["B000000001"]), [US, DE], []),
        (ProductChoice.of(["de"], ["B000000001", "B000000002"]), [DE], ["B000000002"]),
        (ProductChoice.of(["fr"]), [], []),
    ],
    ids=["everything", "a locale", "a product in both its locales", "both", "none watched"],
)
def test_it_is_what_is_watched_and_named(
    choice: ProductChoice, found: list[ProductToCheck], unknown: list[str]
) -> None:
    assert choice.among(WATCHED) == (found, unknown)


def test_a_product_nobody_watches_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidChoiceError, match=r"nobody watches B00EXAMPLE in de.*watch add"):
        ProductChoice.of(["de"], ["B00EXAMPLE"]).among(WATCHED)


@pytest.mark.parametrize(
    ("domains", "asins", "said"),
    [
        (["nl"], [], "Keepa has no Amazon locale 'nl'; choose one of us, uk"),
        ([], ["b000000001"], "'b000000001': an ASIN is ten digits or capital letters"),
        ([], ["B00000001", "B000000001", "x y"], "'B00000001', 'x y': an ASIN"),
    ],
    ids=["a locale Keepa lacks", "small letters", "several"],
)
def test_what_is_no_product_is_named(domains: list[str], asins: list[str], said: str) -> None:
    with pytest.raises(InvalidChoiceError, match=re.escape(said)):
        ProductChoice.of(domains, asins)


def test_only_everything_is_everything() -> None:
    assert EVERYTHING.is_everything
    assert not ProductChoice.of(["us"]).is_everything
    assert not ProductChoice.of(asins=["B000000001"]).is_everything
