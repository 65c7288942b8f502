"""Which products the tokens go to when they do not reach for all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.balance import TokenReading
from keeper.domain.tokens.plan import Candidate, TokenPlan, plan_tokens
from keeper.domain.tokens.prices import USUAL_PRICES, ProductPrices

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIX_HOURS = timedelta(hours=6)


def product(
    number: int,
    *,
    checked: datetime | None = AT - SIX_HOURS,
    distance: float | None = None,
    changes: int = 0,
    priority: int = 0,
    detail: Detail = Detail.BASIC,
    is_unknown: bool = False,
) -> Candidate:
    return Candidate(
        f"B{number:09d}", "us", checked, distance, changes, priority, detail, is_unknown
    )


def plan(
    *candidates: Candidate,
    left: int | None,
    reserve_share: float = 0,
    rate: int = 1,
    minutes: int = 0,
    prices: ProductPrices = USUAL_PRICES,
) -> TokenPlan:
    reading = None
    if left is not None:
        reading = TokenReading(left, rate, AT + timedelta(seconds=30), AT)
    return plan_tokens(
        candidates,
        reading,
        at=AT,
        interval=SIX_HOURS,
        horizon=timedelta(minutes=minutes),
        reserve_share=reserve_share,
        prices=prices,
    )


def order(*candidates: Candidate) -> list[Candidate]:
    return list(plan(*candidates, left=None).now)


def test_what_was_never_checked_comes_first_of_those_not_about_to_alert() -> None:
    new, old = product(2, checked=None), product(1, checked=AT - 10 * SIX_HOURS)

    assert order(old, new) == [new, old]


def test_what_is_about_to_alert_comes_before_everything() -> None:
    near, new = product(2, distance=0.03), product(1, checked=None)

    assert order(new, near) == [near, new]


@pytest.mark.parametrize("distance", [0.0, -0.03], ids=["at its target", "below its target"])
def test_what_has_alerted_already_neither_comes_first_nor_keeps_a_reserve(distance: float) -> None:
    said, new = product(1, distance=distance), product(2, checked=None)

    assert order(said, new) == [new, said]
    assert plan(said, new, left=1, reserve_share=0.5).reserve == 0


def test_nearer_livelier_staler_and_dearer_to_its_user_come_earlier() -> None:
    plain = product(1)

    for better in (
        product(2, distance=0.10),
        product(2, changes=20),
        product(2, checked=AT - 2 * SIX_HOURS),
        product(2, priority=1),
    ):
        assert order(plain, better) == [better, plain]
    assert order(product(1, priority=-1), product(2)) == [product(2), product(1, priority=-1)]


def test_nothing_is_left_out_for_ever() -> None:
    dear = [product(n, distance=0.10, changes=30, priority=1) for n in range(10)]
    forgotten = product(99, checked=AT - 20 * SIX_HOURS, priority=-1)

    assert plan(*dear, forgotten, left=1).now == (forgotten,)


def test_refills_within_the_horizon_count() -> None:
    planned = plan(*map(product, range(10)), left=3, rate=2, minutes=2)

    assert (planned.cost, len(planned.later), planned.affordable) == (7, 3, 7)
    assert planned.wait(AT) == timedelta(minutes=2)


def test_a_negative_balance_leaves_everything_for_later() -> None:
    planned = plan(product(1), left=-40, rate=1, minutes=5)

    assert (planned.now, len(planned.later), planned.affordable) == ((), 1, 0)


def test_without_a_balance_everything_is_planned() -> None:
    planned = plan(*map(product, range(5)), left=None)

    assert (planned.cost, planned.affordable) == (5, None)
    assert planned.summary(AT) == "5 tokens; Keepa did not report the balance"


def test_what_is_about_to_alert_is_paid_first_and_its_reserve_stays() -> None:
    plain = [product(n) for n in range(10)]
    near = [product(50 + n, distance=0.02) for n in range(3)]

    assert plan(*plain, left=4, reserve_share=0.5).cost == 4
    assert plan(*plain, *near, left=2, reserve_share=0.5).now == tuple(near[:2])
    assert plan(*plain, *near, left=4, reserve_share=0.5).now == tuple(near)
    planned = plan(*plain, *near, left=8, reserve_share=0.5)
    assert (planned.now, planned.reserve) == ((*near, *plain[:2]), 3)


def test_the_reserve_is_never_more_than_its_share_of_what_can_gather() -> None:
    near = [product(n, distance=0.02) for n in range(30)]

    assert plan(*near, left=60, reserve_share=0.1).reserve == 6


@given(
    left=st.integers(-50, 50),
    share=st.floats(0, 0.9),
    near=st.integers(0, 30),
    plain=st.integers(0, 30),
)
def test_a_plan_never_spends_more_than_there_will_be(
    left: int, share: float, near: int, plain: int
) -> None:
    urgent = [product(n, distance=0.01) for n in range(near)]
    others = [product(100 + n) for n in range(plain)]

    planned = plan(*urgent, *others, left=left, reserve_share=share)

    assert planned.cost <= max(left, 0)
    assert len(planned.now) + len(planned.later) == near + plain
    spent_on_others = sum(not candidate.is_about_to_alert for candidate in planned.now)
    if spent_on_others:
        assert left - planned.cost >= planned.reserve


def offers(number: int, **options: Any) -> Candidate:
    return product(number, detail=Detail.OFFERS, **options)


def test_a_dear_check_takes_the_tokens_it_costs() -> None:
    planned = plan(*map(offers, range(10)), left=30)

    assert (len(planned.now), len(planned.later), planned.cost) == (4, 6, 28)
    assert planned.summary(AT) == (
        "28 tokens of 30: 4 offers (about 28, at most 48); 6 products wait for the next run"
    )


def test_the_bill_names_what_each_detail_costs() -> None:
    candidates = [
        *(product(number) for number in range(3)),
        *(product(number, detail=Detail.BUY_BOX) for number in range(3, 5)),
        offers(5),
    ]
    planned = plan(*candidates, left=100, prices=ProductPrices(offers=6.1))

    assert planned.cost == 3 + 6 + 7
    assert planned.summary(AT) == (
        "16 tokens of 100: 3 basic, 2 buy box (6), 1 offers (about 7, at most 12)"
    )


def test_cheap_checks_come_before_a_dear_one_of_equal_worth_until_it_has_waited() -> None:
    cheap, dear = product(2), offers(1)
    assert order(dear, cheap) == [cheap, dear]

    waited = offers(1, checked=AT - 8 * SIX_HOURS)
    assert order(cheap, waited) == [waited, cheap]


def test_what_the_tokens_do_not_reach_for_is_passed_over_for_cheaper_ones() -> None:
    near, dear, cheap = offers(1, distance=0.03), offers(2, checked=None), product(3)

    planned = plan(near, dear, cheap, left=10)

    assert planned.now == (near, cheap)
    assert planned.later == (dear,)


def test_a_dear_check_of_low_priority_is_worth_less_than_a_cheap_one() -> None:
    cheap, dear = product(2, priority=-1), offers(1, priority=-1)
    staler = product(3, priority=-1, checked=AT - 2 * SIX_HOURS)
    assert order(dear, cheap, staler) == [staler, cheap, dear]


def test_the_reserve_is_what_the_checks_about_to_alert_cost() -> None:
    assert plan(offers(1, distance=0.03), left=100, rate=10, reserve_share=0.5).reserve == 7


def test_what_keepa_does_not_know_comes_last_even_if_never_checked() -> None:
    unknown = product(1, checked=None, is_unknown=True)
    assert order(unknown, product(2)) == [product(2), unknown]


@given(
    st.lists(st.sampled_from(Detail), max_size=30),
    st.integers(0, 200),
    st.floats(5, 12),
)
def test_a_plan_never_costs_more_than_there_will_be(
    details: list[Detail], left: int, mean: float
) -> None:
    candidates = [product(number, detail=detail) for number, detail in enumerate(details)]
    planned = plan(*candidates, left=left, prices=ProductPrices(offers=mean))

    assert planned.cost <= left + 1
    assert len(planned.now) + len(planned.later) == len(details)
    # Nothing that the rest would have paid for was left.
    spent = sum(planned.prices.each(one.detail) for one in planned.now)
    assert all(spent + planned.prices.each(one.detail) > left for one in planned.later)
