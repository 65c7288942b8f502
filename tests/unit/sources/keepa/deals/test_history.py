"""A deal's history, taken from its product's history, and the score it leads to."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.deals.score import score_deal
from keeper.domain.locales import locale_of
from keeper.domain.prices.history import DealHistory, PriceSeries
from keeper.domain.prices.landed import LANDED_SINCE
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.sources.keepa.deals.history import history_of
from keeper.sources.keepa.products.series import Series
from tests.deals import CHECKED_AT, a_deal


def history(
    *steps: tuple[int, int],
    shipping: int | None = None,
    name: str = "AMAZON",
    at: datetime = CHECKED_AT,
) -> Series:
    """Return a series of steps: so many days before the check, the price became this."""
    minutes = [to_keepa_minutes(at - timedelta(days=days)) for days, _ in steps]
    name = name if shipping is None else "BUY_BOX_SHIPPING"
    return Series(
        "B000000001",
        locale_of("us"),
        price_type_of(name),
        np.array(minutes, dtype=np.int64),
        np.array([price for _, price in steps], dtype=np.int64),
        None if shipping is None else np.full(len(steps), shipping, dtype=np.int64),
    )


def points(series: Series, price: int, since: datetime = CHECKED_AT) -> int:
    deal = a_deal(price_minor=price, observed_at=since)
    return score_deal(deal, history_of(series, deal, CHECKED_AT)).points


def test_the_past_is_read_off_the_history() -> None:
    series = history((200, 1500), (190, 3000), (45, 4000), (9, 2000))
    since = CHECKED_AT - timedelta(days=9)

    past = history_of(series, a_deal(price_minor=2000, observed_at=since), CHECKED_AT)

    assert past is not None
    assert past.average_90_minor == (45 * 3000 + 36 * 4000 + 9 * 2000) // 90
    assert past.low_ever_minor == 1500
    assert past.share_of_90_days_at_or_below == pytest.approx(0.1)
    assert past.share_of_history_at_or_below == pytest.approx(19 / 200)
    assert past.tracked_days == 200
    assert past.cheaper_until == CHECKED_AT - timedelta(days=190)


def test_shipping_counts() -> None:
    past = history_of(history((100, 1500), shipping=400), a_deal(price_minor=1800), CHECKED_AT)

    assert past is not None
    assert past.average_90_minor == past.low_ever_minor == 1900
    assert past.share_of_90_days_at_or_below == 0


def test_a_deal_that_was_the_lowest_before_itself_is_the_lowest() -> None:
    deal = a_deal(price_minor=2000, observed_at=CHECKED_AT - timedelta(days=2))

    past = history_of(history((400, 3000), (2, 2000)), deal, CHECKED_AT)

    assert past is not None
    assert past.low_ever_minor == 3000
    assert past.cheaper_until is None


def test_an_honest_drop_scores_high() -> None:
    assert points(history((700, 3000), (1, 2000)), 2000, CHECKED_AT - timedelta(days=1)) > 85


@pytest.mark.parametrize("days", [3, 10, 20, 30, 44])
@pytest.mark.parametrize("raised", [2600, 4000, 9900])
def test_a_price_raised_before_its_discount_scores_low(days: int, raised: int) -> None:
    series = history((700, 2000), (days, raised))

    assert points(series, 2000) == 0, "as before the rise"
    assert points(series, 2100) < 30, "a little above what it cost for years"


def test_a_deal_that_never_ends_becomes_the_usual_price() -> None:
    scores = [
        points(history((700, 3000), (days, 2000)), 2000, CHECKED_AT - timedelta(days=days))
        for days in (1, 20, 40, 60, 85)
    ]

    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == 0


def test_a_series_that_began_with_the_deal_proves_nothing() -> None:
    assert points(history((1, 2000)), 2000, CHECKED_AT - timedelta(days=1)) == 0


# 34.99 until prices included shipping, 39.98 from that minute, 37.99 sixty days later.
SEEN = LANDED_SINCE + timedelta(days=61)
STEPS = ((461, 3499), (61, 3998), (1, 3799))


def test_a_deal_is_compared_with_prices_that_include_shipping() -> None:
    deal = a_deal(price_minor=3799, observed_at=SEEN - timedelta(days=1))

    past = history_of(history(*STEPS, name="NEW", at=SEEN), deal, SEEN)

    assert past == DealHistory(
        average_90_minor=(60 * 3998 + 3799) // 61,
        low_ever_minor=3998,
        share_of_90_days_at_or_below=1 / 61,
        share_of_history_at_or_below=1 / 61,
        tracked_days=61,
        cheaper_until=None,
        is_cut=True,
        is_90_days_cut=True,
    )
    stored = PriceSeries(
        ((SEEN - timedelta(days=days), price) for days, price in STEPS), LANDED_SINCE
    )
    by_rules = stored.until(deal.observed_at, SEEN).as_a_deal(3799)
    # Keepa's averages are rounded down, those of rules to the nearest.
    assert by_rules == replace(past, average_90_minor=3995)


def test_a_deal_that_held_when_shipping_was_included_is_compared_with_nothing() -> None:
    deal = a_deal(price_minor=3499, observed_at=SEEN - timedelta(days=62))

    assert history_of(history((461, 4000), (62, 3499), name="NEW", at=SEEN), deal, SEEN) is None
    # The same price counts for a later deal, as it went on for more than a month.
    later = a_deal(price_minor=3799, observed_at=SEEN)
    known = history_of(history((461, 4000), (62, 3499), name="NEW", at=SEEN), later, SEEN)
    assert known is not None
    assert (known.low_ever_minor, known.tracked_days, known.is_cut) == (3499, 61, True)


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(1, 9999)), min_size=1, max_size=12),
    st.integers(1, 9999),
    st.integers(1, 9999),
)
def test_a_lower_price_never_scores_lower_against_any_history(
    steps: list[tuple[int, int]], one: int, other: int
) -> None:
    series = history(*sorted(dict(steps).items(), reverse=True))
    lower, higher = sorted((one, other))

    assert points(series, lower) >= points(series, higher)
