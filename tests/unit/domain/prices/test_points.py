"""Price points and Keepa's minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.prices.points import (
    KEEPA_EPOCH,
    KEEPA_EPOCH_UNIX_MINUTES,
    PricePoint,
    from_keepa_minutes,
    to_keepa_minutes,
    to_keepa_minutes_up,
)


def test_keepas_epoch_is_where_keepa_says() -> None:
    assert KEEPA_EPOCH.timestamp() == KEEPA_EPOCH_UNIX_MINUTES * 60


@pytest.mark.parametrize(
    ("minutes", "moment"),
    [(0, datetime(2011, 1, 1, tzinfo=UTC)), (7_555_464, datetime(2025, 5, 13, 20, 24, tzinfo=UTC))],
    ids=["the first", "in 2025"],
)
def test_minutes_are_times_in_utc(minutes: int, moment: datetime) -> None:
    assert from_keepa_minutes(minutes) == moment
    assert to_keepa_minutes(moment) == minutes


@given(st.integers(min_value=0, max_value=20_000_000), st.integers(min_value=0, max_value=59))
def test_seconds_are_cut_off(minutes: int, seconds: int) -> None:
    moment = from_keepa_minutes(minutes) + timedelta(seconds=seconds)

    assert to_keepa_minutes(moment) == minutes
    assert to_keepa_minutes_up(moment) == minutes + (seconds > 0)


@pytest.mark.parametrize(
    ("price", "shipping", "landed"),
    [(1999, 499, 2498), (1999, 0, 1999), (1999, None, 1999), (None, None, None)],
)
def test_what_the_buyer_pays(price: int | None, shipping: int | None, landed: int | None) -> None:
    point = PricePoint("B00EXAMPLE", "us", "NEW", KEEPA_EPOCH, price, shipping, "USD")

    assert point.landed_minor == landed
