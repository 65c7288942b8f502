"""What a price is compared with."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.prices.history import PriceHistory, PriceSeries

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def view(*points: tuple[float, int | None], since: float = 0) -> PriceHistory:
    series = PriceSeries((days_ago(days), price) for days, price in points)
    return series.until(days_ago(since), NOW)


def test_an_average_weighs_prices_by_time() -> None:
    assert view((90, 1000), (30, 400)).average(90, 100) == 800
    assert view((90, 1000), (30, 400)).average(30, 100) == 400


def test_the_price_in_question_counts_for_as_long_as_it_has_held() -> None:
    assert view((90, 1000), since=45).average(90, 500) == 750


def test_time_without_an_offer_does_not_count() -> None:
    assert view((90, 1000), (60, None), (30, 400)).average(90, 1) == 700
    assert view((200, None)).average(90, 1) is None


def test_too_short_a_past_is_no_past() -> None:
    assert view((29, 1000)).average(90, 1) is None
    assert view((30, 1000)).average(90, 1) == 1000
    assert view((29, 1000)).lowest(None) is None
    assert view((30, 1000)).lowest(None) == 1000
    assert view().knows(7) is False
    assert view().last_offer is None
    assert view().as_a_deal(100) is None


def test_the_lowest_is_of_what_still_held_within_the_days() -> None:
    points = ((400, 300), (100, 900), (80, 700), (60, 1000))
    assert view(*points).lowest(90) == 700
    assert view(*points).lowest(70) == 700
    assert view(*points).lowest(50) == 1000
    assert view(*points).lowest(None) == 300


def test_the_price_itself_is_not_what_it_is_compared_with() -> None:
    assert view((200, 1000), (60, 500), since=60).lowest(30) is None
    assert view((200, 1000), (60, 500), since=60).lowest(90) == 1000


def test_the_last_offer_is_looked_for_past_times_without_one() -> None:
    assert view((9, 1000), (8, None), (7, None)).last_offer == 1000


def test_a_deals_past_says_shares_of_time() -> None:
    past = view((400, 1000), (40, 500), (31, 1000), since=0).as_a_deal(500)
    assert past is not None
    assert past.low_ever_minor == 500
    assert past.share_of_90_days_at_or_below == pytest.approx(0.1)
    assert past.share_of_history_at_or_below == pytest.approx(9 / 400)
    assert past.tracked_days == 400
    assert past.cheaper_until is None
    dearer = view((400, 400), (300, 1000)).as_a_deal(500)
    assert dearer is not None
    assert dearer.cheaper_until == days_ago(300)


amounts = st.none() | st.integers(1, 5000)


@given(st.lists(amounts, min_size=1, max_size=40), st.sampled_from((7, 30, 90)))
def test_it_agrees_with_counting_hour_by_hour(prices: list[int | None], days: int) -> None:
    step = timedelta(hours=31)
    times = [NOW - step * (len(prices) - index) for index in range(len(prices))]
    past = PriceSeries(zip(times, prices, strict=True)).until(NOW, NOW)

    hours = [NOW - timedelta(hours=hour) for hour in range(1, 24 * days + 1)]
    held = [
        next((p for t, p in reversed(list(zip(times, prices, strict=True))) if t <= hour), None)
        for hour in hours
    ]
    offered = [price for price in held if price is not None]
    is_known = (NOW - times[0]) / timedelta(days=1) * 3 >= days

    assert past.lowest(days) == (min(offered) if offered and is_known else None)
    expected = int(sum(offered) / len(offered) + 0.5) if offered and is_known else None
    assert past.average(days, 1) == expected
