"""What sort a product is, and what people read about it."""

import pytest

from keeper.domain.product_kinds import ProductKind


def test_offers_are_collected_of_standard_products_only() -> None:
    assert [kind for kind in ProductKind if kind.has_offers] == [
        ProductKind.STANDARD,
        ProductKind.UNKNOWN,
    ]


@pytest.mark.parametrize("kind", [ProductKind.STANDARD, ProductKind.UNKNOWN])
def test_what_may_have_prices_needs_no_explanation(kind: ProductKind) -> None:
    assert kind.explain(["B00000000A"]) == ""


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "a parent of variations: watch one of them"),
        (1, "a parent of 1 variation: watch one of them (B000000000)"),
        (3, "a parent of 3 variations: watch one of them (B000000000, B000000001, B000000002)"),
        (4, "a parent of 4 variations: watch one of them (B000000000, B000000001, B000000002, …)"),
    ],
)
def test_a_parent_names_what_to_watch(count: int, words: str) -> None:
    assert ProductKind.PARENT.explain([f"B00000000{n}" for n in range(count)]) == words


@pytest.mark.parametrize("kind", set(ProductKind) - {ProductKind.STANDARD, ProductKind.UNKNOWN})
def test_what_has_no_prices_is_explained(kind: ProductKind) -> None:
    assert kind.explain()
