from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from keeper.domain.locales import locale_of
from keeper.domain.money import read_amount
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.errors import TerminalError
from keeper.simulator.products.catalogue import Catalogue, SuggestedWatch, watch_list

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LOCALES = [locale_of(domain) for domain in ("us", "de", "jp")]


@pytest.fixture(scope="module")
def rows() -> list[SuggestedWatch]:
    return watch_list(1, 1_000, LOCALES, 150, AT)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(1, 1_000)


def price_of(row: SuggestedWatch, catalogue: Catalogue) -> int:
    locale = locale_of(row.domain)
    sheet = catalogue.find(row.asin, locale)
    assert sheet is not None
    history = catalogue.history(sheet, locale, to_keepa_minutes(AT))
    return history.price_at(price_type_of(row.price_type).index, to_keepa_minutes(AT))


def test_the_list_is_as_long_as_asked_and_spread_over_the_locales(
    rows: list[SuggestedWatch],
) -> None:
    assert Counter(row.domain for row in rows) == {"us": 50, "de": 50, "jp": 50}
    assert len({(row.asin, row.domain) for row in rows}) == 150
    types = Counter(row.price_type for row in rows)
    offers = {"WAREHOUSE", "USED_GOOD_SHIPPING"}
    assert set(types) == {"NEW", "AMAZON", "BUY_BOX_SHIPPING"} | offers
    assert types["NEW"] > 100
    assert all(2 <= types[name] <= 10 for name in offers)


def test_every_watch_has_a_price_and_few_targets_are_above_it(
    rows: list[SuggestedWatch], catalogue: Catalogue
) -> None:
    above = 0
    for row in rows:
        price = price_of(row, catalogue)
        target = read_amount(row.target_price, locale_of(row.domain).currency)
        assert price > 0
        if target > price:
            above += 1
            assert target <= price * 1.05 + 1
        else:
            assert 0.69 * price <= target <= 0.92 * price
    assert 2 <= above <= 10


def test_targets_are_decimal_text_of_the_main_unit(rows: list[SuggestedWatch]) -> None:
    for row in rows:
        digits = -Decimal(row.target_price).as_tuple().exponent  # type: ignore[operator]  # a finite number
        assert digits == locale_of(row.domain).minor_digits


def test_the_list_is_the_same_every_time(rows: list[SuggestedWatch]) -> None:
    assert watch_list(1, 1_000, LOCALES, 30, AT) == rows[:30]


def test_a_catalogue_too_small_is_said_so() -> None:
    with pytest.raises(TerminalError, match="--products"):
        watch_list(1, 20, LOCALES, 300, AT)
