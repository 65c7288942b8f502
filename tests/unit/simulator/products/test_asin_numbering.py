import pytest

from keeper.domain.asins import is_asin
from keeper.simulator.products.asin_numbering import AsinNumbering


@pytest.mark.parametrize("seed", [0, 1, 2**63], ids=["zero", "one", "large"])
def test_every_number_has_an_asin_of_its_own_that_leads_back(seed: int) -> None:
    numbering = AsinNumbering(seed)
    asins = [numbering.asin_of(number) for number in range(2_000)]
    assert len(set(asins)) == 2_000
    assert all(is_asin(asin) for asin in asins)
    assert [numbering.number_of(asin) for asin in asins] == list(range(2_000))


def test_seeds_number_differently() -> None:
    assert AsinNumbering(1).asin_of(0) != AsinNumbering(2).asin_of(0)


@pytest.mark.parametrize(
    "asin", ["1593694512", "B0", "B0ABC", "B0abcdefgh", "B0ABCDEFG!", "", "B0ABCDEFG²"]
)
def test_what_is_not_an_asin_of_the_catalogue_has_no_number(asin: str) -> None:
    assert AsinNumbering(1).number_of(asin) is None
