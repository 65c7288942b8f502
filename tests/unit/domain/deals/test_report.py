"""Which deals a report shows."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.deals.report import ReportedDeal, choose
from tests.deals import a_reported_deal


def deal(number: int, score: int, found_by: str = "kettles", **changes: Any) -> ReportedDeal:
    return replace(
        a_reported_deal(**changes),
        event_id=f"{found_by}-{number}" + (f"-{changes['domain']}" if changes else ""),
        asin=f"B{number:09d}",
        filter=found_by,
        score=score,
    )


def said(deals: tuple[ReportedDeal, ...]) -> list[str]:
    return [one.event_id for one in deals]


def test_each_filter_says_its_best_and_the_best_filter_comes_first() -> None:
    deals = [deal(n, 10 * n) for n in range(1, 8)] + [deal(n, 9 * n, "desks") for n in (11, 7)]

    chosen = choose(deals, of_each_filter=3)

    assert said(chosen) == ["desks-11", "kettles-7", "kettles-6", "kettles-5"]


def test_a_product_two_searches_found_is_said_once_where_it_scores_best() -> None:
    chosen = choose([deal(1, 60), deal(1, 70, "desks"), deal(2, 50)])

    assert said(chosen) == ["desks-1", "kettles-2"]


def test_the_same_asin_at_two_sites_is_two_products() -> None:
    assert len(choose([deal(1, 60), deal(1, 60, "desks", domain="de")])) == 2


def test_of_too_many_the_worst_give_way() -> None:
    deals = [deal(10 * f + n, 10 * f + n, f"filter {f}") for f in range(1, 5) for n in range(5)]

    chosen = choose(deals, in_all=7)

    assert [one.score for one in chosen] == [44, 43, 42, 41, 40, 34, 33]


DEALS = st.lists(
    st.builds(
        deal,
        st.integers(1, 6),
        st.integers(1, 100),
        st.sampled_from(["kettles", "desks", "lamps"]),
        domain=st.sampled_from(["us", "de"]),
    ),
    unique_by=lambda one: one.event_id,
)


@given(deals=DEALS, of_each=st.integers(1, 4), in_all=st.integers(1, 8))
def test_nothing_better_is_left_out_for_something_worse(
    deals: list[ReportedDeal], of_each: int, in_all: int
) -> None:
    chosen = choose(deals, of_each_filter=of_each, in_all=in_all)

    products = {(one.asin, one.domain) for one in deals}
    assert len({(one.asin, one.domain) for one in chosen}) == len(chosen) <= in_all
    assert bool(chosen) is bool(products)
    for found_by in {one.filter for one in chosen}:
        own = [one for one in chosen if one.filter == found_by]
        assert len(own) <= of_each
        assert own == sorted(own, key=lambda one: -one.score)
    left_out = [one for one in deals if (one.asin, one.domain) not in {
        (said.asin, said.domain) for said in chosen
    }]  # fmt: skip
    for one in left_out:
        rivals = [said.filter for said in chosen if said.score >= one.score]
        assert len(rivals) == in_all or rivals.count(one.filter) == of_each
    assert choose(list(reversed(deals)), of_each_filter=of_each, in_all=in_all) == chosen
