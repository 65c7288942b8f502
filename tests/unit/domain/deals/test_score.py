"""How good a deal is against its own history."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.deals.score import DROP_POINTS, score_deal
from keeper.domain.prices.history import DealHistory
from tests.deals import a_deal

PAST = DealHistory(
    average_90_minor=3000,
    low_ever_minor=2200,
    share_of_90_days_at_or_below=0.001,
    share_of_history_at_or_below=0.001,
    tracked_days=800,
)
PRICES = st.integers(min_value=1, max_value=1_000_000)
SHARES = st.none() | st.floats(min_value=0, max_value=1)
PASTS = st.none() | st.builds(
    DealHistory,
    average_90_minor=st.none() | PRICES,
    low_ever_minor=st.none() | PRICES,
    share_of_90_days_at_or_below=SHARES,
    share_of_history_at_or_below=SHARES,
    tracked_days=st.integers(min_value=0, max_value=5000),
    cheaper_until=st.none() | st.just(datetime(2025, 11, 28, tzinfo=UTC)),
)
DEALS = st.builds(
    a_deal,
    price_minor=st.none() | PRICES,
    average_90_days_minor=st.none() | PRICES,
    average_month_minor=st.none() | PRICES,
    domain=st.sampled_from(["us", "jp", "de"]),
)


def points(price: int, **changes: Any) -> int:
    return score_deal(a_deal(price_minor=price), replace(PAST, **changes)).points


@given(DEALS, PASTS)
def test_a_score_is_0_to_100_and_always_says_why(deal: Any, past: DealHistory | None) -> None:
    score = score_deal(deal, past)

    assert 0 <= score.points <= 100
    assert score.reasons
    assert all(reason.endswith(".") and reason[0] != " " for reason in score.reasons)
    assert (score.history_days == 0) >= (past is None)


@given(DEALS, PASTS, PRICES, PRICES)
def test_a_lower_price_never_scores_lower(
    deal: Any, past: DealHistory | None, one: int, other: int
) -> None:
    lower, higher = sorted((one, other))

    cheap = score_deal(replace(deal, price_minor=lower), past)
    dear = score_deal(replace(deal, price_minor=higher), past)

    assert cheap.points >= dear.points


@given(DEALS, PASTS, st.none() | PRICES)
def test_the_list_price_never_matters(
    deal: Any, past: DealHistory | None, list_price: int | None
) -> None:
    assert score_deal(replace(deal, list_price_minor=list_price), past) == score_deal(deal, past)


@given(DEALS, PASTS, st.integers(min_value=0, max_value=1000))
def test_a_deal_at_or_above_its_usual_price_scores_nothing(
    deal: Any, past: DealHistory | None, more: int
) -> None:
    usual = deal.average_90_days_minor if past is None else past.average_90_minor
    if usual is None:
        return

    assert score_deal(replace(deal, price_minor=usual + more), past).points == 0


@given(DEALS)
def test_without_a_history_the_score_is_capped_and_says_so(deal: Any) -> None:
    score = score_deal(deal, None)

    assert score.points <= DROP_POINTS
    assert score.history_days == 0


def test_a_large_drop_to_the_lowest_price_ever_scores_full() -> None:
    score = score_deal(a_deal(price_minor=1700), PAST)

    assert score.points == 99, "not 100: for a thousandth of the time it was this cheap before"
    assert score.original_minor == 3000
    assert score.discount_percent == 43
    assert score.history_days == 800
    assert score.reasons == (
        "$17.00 is 43 % below its average of 90 days, $30.00.",
        "It was never this cheap in the 800 days known; the lowest before was $22.00.",
        "It cost this or less for less than 1 % of the time it was on offer in the last 800 days.",
        "It cost this or less for less than 1 % of the time it was on offer in the last 90 days.",
    )


@pytest.mark.parametrize(
    ("price", "expected"), [(2999, 0), (2850, 19), (2700, 47), (2400, 70), (2200, 86), (1800, 99)]
)
def test_the_points_of_a_deal_by_its_price(price: int, expected: int) -> None:
    assert points(price) == expected


def test_a_deal_dearer_than_usual_says_so_first() -> None:
    score = score_deal(a_deal(price_minor=3300), PAST)

    assert score.discount_percent == -10
    assert score.reasons[0] == "$33.00 is 10 % above its average of 90 days, $30.00."


def test_a_price_raised_shortly_before_is_no_deal_and_is_called_out() -> None:
    raised = replace(
        PAST, average_90_minor=2600, low_ever_minor=1800, share_of_90_days_at_or_below=0.7
    )

    score = score_deal(a_deal(price_minor=2000), raised)

    assert score.discount_percent == 23
    assert score.points == 0
    assert "The price was raised before it fell." in score.reasons[:3]
    assert (
        "for 70 % of the time it was on offer in the last 90 days"
        in score.reasons[0] + (score.reasons[1])
    )


def test_a_price_it_often_has_scores_less_than_a_rare_one() -> None:
    assert points(2000, share_of_90_days_at_or_below=0.3) < points(2000)
    assert points(2000, share_of_history_at_or_below=0.3) < points(2000)


def test_a_young_product_scores_less() -> None:
    young = score_deal(a_deal(), replace(PAST, tracked_days=30))

    assert young.points < points(2000) / 2
    assert young.reasons[0] == "It has been known for 30 days only, which proves little."


def test_a_product_without_offers_in_90_days_is_evaluated_by_its_whole_past() -> None:
    back = score_deal(a_deal(), replace(PAST, average_90_minor=None))

    assert back.points == 44
    assert back.original_minor is back.discount_percent is None
    assert back.reasons[0] == "It had no price in the last 90 days, so it has no usual one."


def test_the_last_cheaper_day_is_said() -> None:
    past = replace(PAST, low_ever_minor=1500, cheaper_until=datetime(2025, 11, 28, tzinfo=UTC))

    assert any(
        reason
        == "Its lowest price in the 800 days known was $15.00; it was last cheaper on 28 November "
        "2025."
        for reason in score_deal(a_deal(), past).reasons
    )


def test_without_a_history_the_lower_of_the_averages_counts() -> None:
    deal = a_deal(price_minor=2000, average_90_days_minor=3000, average_month_minor=2100)

    score = score_deal(deal, None)

    assert score.points == 2
    assert score.discount_percent == 33
    assert score.reasons == (
        "$20.00 is 33 % below its average of 90 days, $30.00.",
        "Its average of the last 31 days was $21.00 only.",
        "Only Keepa's averages are known, not its own history, so it scores 40 at most.",
    )


def test_yen_have_no_minor_unit() -> None:
    score = score_deal(a_deal(domain="jp", currency="JPY", price_minor=1980), PAST)

    assert score.reasons[0].startswith("￥1,980 is 34 % below its average of 90 days, ￥3,000.")


def test_an_offer_that_has_gone_is_no_deal() -> None:
    score = score_deal(a_deal(price_minor=None), PAST)

    assert (score.points, score.reasons) == (0, ("The offer has gone since.",))
    assert score.discount_percent is None
