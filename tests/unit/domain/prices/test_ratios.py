"""Ratios of prices as whole numbers, which every engine adds to the same sum."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import pytest

from keeper.domain.prices.landed import LANDED_SINCE
from keeper.domain.prices.points import PricePoint
from keeper.domain.prices.ratios import log_ratio_e9

AT = datetime(2026, 5, 1, tzinfo=UTC)


def point(
    minor: int | None,
    *,
    at: datetime = AT,
    shipping: int | None = None,
    price_type: str = "NEW",
) -> PricePoint:
    return PricePoint("B000000001", "us", price_type, at, minor, shipping, "USD")


@pytest.mark.parametrize(("now", "former"), [(900, 1000), (1, 10**12), (10**12, 1), (7, 7)])
def test_a_ratio_is_rounded_once(now: int, former: int) -> None:
    with localcontext() as context:
        context.prec = 80
        expected = round((Decimal(now) / Decimal(former)).ln() * 10**9)

    assert log_ratio_e9(point(now), point(former)) == expected


def test_shipping_counts() -> None:
    now, former = point(900, shipping=100), point(500, shipping=500)
    assert log_ratio_e9(now, former) == 0


def test_without_an_offer_on_either_side_there_is_none() -> None:
    assert log_ratio_e9(point(None), point(900)) is None
    assert log_ratio_e9(point(900), point(None)) is None
    assert log_ratio_e9(point(900), None) is None


def test_prices_with_shipping_are_not_compared_with_those_before_they_had_it() -> None:
    before, after = LANDED_SINCE - timedelta(minutes=2), LANDED_SINCE

    assert log_ratio_e9(point(900, at=after), point(1000, at=before)) is None
    assert log_ratio_e9(point(900, at=before), point(1000, at=before)) is not None
    amazon = point(1000, at=before, price_type="AMAZON")
    assert log_ratio_e9(point(900, at=after, price_type="AMAZON"), amazon) is not None
