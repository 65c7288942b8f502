"""Prices that began to include shipping: what they are compared with, and what messages say."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.alerts.compose import alert_message
from keeper.domain.deals.score import score_price
from keeper.domain.prices.history import PriceHistory, PriceSeries
from keeper.domain.prices.landed import CONFIRMED_AFTER, LANDED_SINCE, LANDED_TYPES, SINCE_LANDED
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.domain.prices.verdict import PriceContext, price_context
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.reasons import reason_of
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import AlertCause, Observation
from keeper.domain.watches.rule_texts import parse_rule
from tests.alerts import queued

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
# 34.99 until that minute, 39.98 with its shipping after, 37.99 since sixty days after.
ITEM, LANDED, NOW_COSTS = 3499, 3998, 3799
CHANGED = LANDED_SINCE + 60 * DAY
SEEN = CHANGED + DAY
POINTS = [(LANDED_SINCE - 400 * DAY, ITEM), (LANDED_SINCE, LANDED), (CHANGED, NOW_COSTS)]


def past(
    points: Sequence[tuple[datetime, int | None]] = POINTS,
    *,
    observed_at: datetime = CHANGED,
    seen: datetime = SEEN,
) -> PriceHistory:
    return PriceSeries(points, LANDED_SINCE).until(observed_at, seen)


def test_the_four_types_and_the_minute() -> None:
    assert datetime(2026, 2, 23, tzinfo=UTC) == LANDED_SINCE
    changed = {p.name for p in PRICE_TYPES if p.landed_since is not None}
    assert changed == {"NEW", "USED", "COLLECTIBLE", "REFURBISHED"} == set(LANDED_TYPES)
    assert not any(price_type_of(name).has_shipping for name in LANDED_TYPES)


@pytest.mark.parametrize(
    ("name", "at", "since"),
    [
        ("NEW", LANDED_SINCE - MINUTE, None),
        ("NEW", LANDED_SINCE, LANDED_SINCE),
        ("NEW", LANDED_SINCE + 300 * DAY, LANDED_SINCE),
        ("AMAZON", LANDED_SINCE + DAY, None),
        ("BUY_BOX_SHIPPING", LANDED_SINCE + DAY, None),
    ],
)
def test_what_is_comparable_depends_on_when_a_price_was_seen(
    name: str, at: datetime, since: datetime | None
) -> None:
    assert price_type_of(name).comparable_since(at) == since


@pytest.mark.parametrize(("days", "is_cut"), [(59, True), (60, True), (90, False), (200, False)])
def test_a_window_wholly_after_the_change_is_not_cut(days: int, *, is_cut: bool) -> None:
    at = LANDED_SINCE + days * DAY
    assert price_type_of("NEW").is_cut(90, at) is is_cut
    assert price_type_of("AMAZON").is_cut(90, at) is False


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("lowest ever", "the lowest price since February 2026"),
        ("lowest in 90 days", "the lowest price since February 2026"),
        ("4% below 90-day average", "4 % below its average of $39.95 since February 2026"),
    ],
)
def test_a_rule_compares_with_prices_that_include_shipping(rule: str, reason: str) -> None:
    wanted = parse_rule(rule, "USD")
    seen = Observation(SEEN, CHANGED, NOW_COSTS)

    state, cause = advance_rule(None, seen, wanted, past(), AlertPolicy())

    assert cause is AlertCause.HOLDS
    assert not state.armed
    assert reason_of(wanted, cause, NOW_COSTS, LANDED, past(), "us") == reason


def test_the_same_prices_in_another_series_mean_one_thing_throughout() -> None:
    view = PriceSeries(POINTS).until(CHANGED, SEEN)

    assert view.lowest(None) == ITEM
    assert not view.is_cut(None)


def test_a_window_after_the_change_says_its_days() -> None:
    seen = CHANGED + 40 * DAY
    view = past(seen=seen)
    rule = parse_rule("1% below 90-day average", "USD")

    assert view.average(90, NOW_COSTS) == (50 * LANDED + 40 * NOW_COSTS + 45) // 90
    assert "90-day average" in reason_of(rule, AlertCause.HOLDS, 3000, None, view, "us")
    assert view.is_cut(None)


def test_a_price_that_ended_soon_after_the_change_is_not_known_to_include_shipping() -> None:
    soon = LANDED_SINCE + CONFIRMED_AFTER - MINUTE
    unchanged = [(LANDED_SINCE - MINUTE, ITEM), (soon, NOW_COSTS)]
    view = past(unchanged, observed_at=soon, seen=soon)

    assert view.known_days == 0
    assert view.lowest(None) is None
    assert view.average(30, NOW_COSTS) is None
    assert view.as_a_deal(NOW_COSTS) is None
    assert view.last_offer == ITEM


def test_a_price_that_went_on_for_a_month_was_seen_again_and_counts_from_the_change_on() -> None:
    unchanged = [(LANDED_SINCE - 400 * DAY, ITEM), (CHANGED, NOW_COSTS)]
    view = past(unchanged, seen=SEEN)

    assert view.known_days == 61
    assert view.lowest(None) == ITEM
    assert view.average(60, NOW_COSTS) == (59 * ITEM + NOW_COSTS + 30) // 60
    assert view.is_cut(None)
    assert view.is_cut(90)
    deal = view.as_a_deal(NOW_COSTS)
    assert deal is not None
    assert (deal.low_ever_minor, deal.tracked_days) == (ITEM, 61)
    assert view.comparable() == [(LANDED_SINCE, ITEM), (CHANGED, NOW_COSTS)]


def test_the_price_in_question_may_be_the_one_that_held() -> None:
    points = [(LANDED_SINCE - 400 * DAY, 5000), (LANDED_SINCE - DAY, ITEM)]
    view = past(points, observed_at=LANDED_SINCE - DAY, seen=LANDED_SINCE + 50 * DAY)

    assert view.lowest(None) is None
    assert view.average(90, ITEM) is None
    assert view.as_a_deal(ITEM) is None
    assert view.last_offer == 5000


def test_what_was_seen_before_is_compared_with_item_prices() -> None:
    points = [(LANDED_SINCE - 400 * DAY, 5000), (LANDED_SINCE - 2 * DAY, ITEM)]
    view = past(points, observed_at=LANDED_SINCE - 2 * DAY, seen=LANDED_SINCE - DAY)

    assert view.lowest(None) == 5000
    assert not view.is_cut(None)


def test_a_score_rests_on_prices_that_include_shipping() -> None:
    history = past().as_a_deal(NOW_COSTS)
    assert history is not None
    assert history.low_ever_minor == LANDED
    assert history.tracked_days == 61
    assert history.share_of_history_at_or_below == pytest.approx(1 / 61)
    assert history.cheaper_until is None

    assert score_price(NOW_COSTS, history).reasons == (
        "$37.99 is 5 % below its average since February 2026, $39.95.",
        "Its prices with shipping are known for 61 days only, since February 2026, which proves "
        "little.",
        "It cost this or less for 2 % of the time it was on offer since February 2026.",
        "It was never this cheap in the 61 days known since February 2026; the lowest before was "
        "$39.98.",
    )


def test_a_later_score_names_both_spans() -> None:
    history = past(seen=CHANGED + 40 * DAY).as_a_deal(NOW_COSTS)
    assert history is not None
    reasons = " ".join(score_price(NOW_COSTS, history).reasons)

    assert "its average of 90 days" in reasons
    assert "for 40 % of the time it was on offer since February 2026." in reasons
    assert "for 44 % of the time it was on offer in the last 90 days." in reasons
    assert "in the 100 days known since February 2026" in reasons


def context(seen: datetime, name: str = "NEW") -> PriceContext:
    return price_context(
        POINTS,
        observed_at=CHANGED,
        checked_at=seen,
        amount=NOW_COSTS,
        price_type=price_type_of(name),
    )


@pytest.mark.usefixtures("undrawn")
def test_a_message_says_since_when_it_compares() -> None:
    found = context(SEEN)
    facts = dict(alert_message(queued(price_type="NEW"), found).sections[0].facts)

    assert found.points == POINTS[1:]
    assert (found.dearer, found.offered) == (60 * DAY, 61 * DAY)
    assert found.known_since == LANDED_SINCE
    assert facts["How good"] == "cheaper than on 60 of 61 days since February 2026"
    assert facts["Lowest"] == "of all prices known since February 2026"
    assert facts["Average"].endswith(SINCE_LANDED)
    assert "90-day average" not in facts


@pytest.mark.usefixtures("undrawn")
def test_a_message_of_a_later_day_names_the_days() -> None:
    in_a_season = dict(alert_message(queued(), context(CHANGED + 40 * DAY)).sections[0].facts)
    assert in_a_season["Lowest"] == "of all prices known since February 2026"
    assert "since" not in in_a_season["90-day average"]

    # More than a year after, nothing was left out.
    later = dict(alert_message(queued(), context(LANDED_SINCE + 366 * DAY)).sections[0].facts)
    assert later["Lowest"] == "of all prices known since 24 February 2026"


def test_other_series_look_back_past_it() -> None:
    found = context(SEEN, "AMAZON")

    assert found.points == POINTS
    assert found.lowest_since == LANDED_SINCE
    assert not found.is_cut


amounts = st.none() | st.integers(1, 5000)


@given(
    st.lists(amounts, min_size=1, max_size=12),
    st.integers(-12, 12),
    st.sampled_from((7, 30, 90, None)),
)
def test_it_is_as_if_the_series_began_after_the_change(
    prices: list[int | None], first: int, days: int | None
) -> None:
    step = timedelta(days=11)
    times = [LANDED_SINCE + step * (first + index) for index in range(len(prices))]
    points = list(zip(times, prices, strict=True))
    seen = max(LANDED_SINCE, times[-1]) + 20 * DAY
    later = [point for point in points if point[0] >= LANDED_SINCE]

    cut = PriceSeries(points, LANDED_SINCE).until(seen, seen)
    begun = PriceSeries(later).until(seen, seen)

    assert cut.lowest(days) == begun.lowest(days)
    assert cut.average(days or 45, 7) == begun.average(days or 45, 7)
    assert cut.known_days == begun.known_days
    assert cut.cheaper_until(700) == begun.cheaper_until(700)
    one, other = cut.as_a_deal(700), begun.as_a_deal(700)
    assert (one is None) == (other is None) == (not later)
    if one is not None and other is not None:
        assert one.share_of_history_at_or_below == other.share_of_history_at_or_below
        assert one.is_cut == (first < 0)
