"""The names that stand for those of the keepa package's tests are what the tests need."""

import pytest

from bench.keepa_suite.names import simulated_names
from bench.keepa_suite.plugin import exchanged
from keeper.domain.locales import locale_of
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.products.catalogue import Catalogue
from tests.keepa_simulator import AT


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(seed=1, size=12_000)


def test_each_name_stands_for_one_thing_that_there_is(catalogue: Catalogue) -> None:
    names = simulated_names(catalogue, to_keepa_minutes(AT))

    assert len(set(names.values())) == len(names)
    asins = [name for name in names.values() if len(name) == 10 and name.startswith("B0")]
    assert len(asins) >= 48
    known = [catalogue.find(asin, locale_of(domain)) for asin in asins for domain in ("us", "de")]
    assert sum(sheet is not None for sheet in known) >= len(asins)


def test_names_are_exchanged_there_and_back() -> None:
    names = {"0593440412": "B0ABCDEFGH", "jim butcher": "odile brannock"}
    asked = {"asin": "0593440412,0593440412", "selection": '{"author": "jim butcher"}'}

    sent = {name: exchanged(value, names) for name, value in asked.items()}

    assert sent == {"asin": "B0ABCDEFGH,B0ABCDEFGH", "selection": '{"author": "odile brannock"}'}
    back = {simulated: name for name, simulated in names.items()}
    assert {name: exchanged(value, back) for name, value in sent.items()} == asked
    assert exchanged(7, names) == 7
