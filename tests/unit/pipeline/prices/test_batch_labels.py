"""What a batch is called."""

import pytest

from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.plan import label_of


def products(*domains: str) -> list[ProductToCheck]:
    return [ProductToCheck(f"B{n:09d}", domain, {}, {}) for n, domain in enumerate(domains)]


@pytest.mark.parametrize(
    ("domains", "label"),
    [
        (["de"], "de 1: B000000000"),
        (["us", "de", "us"], "de 1, us 2: B000000000, B000000001, B000000002"),
        (["us"] * 500, "us 500: B000000000, B000000001, B000000002, …"),
    ],
    ids=["one", "three", "many"],
)
def test_it_says_how_many_of_each_locale_and_names_the_first(
    domains: list[str], label: str
) -> None:
    assert label_of(products(*domains)) == label


def test_a_full_batch_of_every_locale_fits_airflows_column() -> None:
    every = "us uk de fr jp ca it es in mx br".split() * 1_000

    assert len(label_of(products(*every))) <= 250
