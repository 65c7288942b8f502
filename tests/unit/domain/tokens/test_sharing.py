"""Whose watch list the tokens go to when they do not reach for all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.balance import TokenReading
from keeper.domain.tokens.plan import Candidate, TokenPlan, plan_tokens
from keeper.domain.tokens.prices import USUAL_PRICES
from keeper.domain.tokens.sharing import TokenShares, Wish

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
INTERVAL = timedelta(hours=6)
ANN, BEN, CAT = 1, 2, 3


def products(
    count: int, *owners: int, begin: int = 0, priority: int = 0, distance: float | None = None
) -> list[Candidate]:
    return [
        Candidate(
            f"B{begin + number:09d}",
            "us",
            AT - INTERVAL,
            distance,
            priority=priority,
            owners=frozenset(owners),
        )
        for number in range(count)
    ]


def plan(
    candidates: Sequence[Candidate], left: int, *, rate: int = 20, reserve_share: float = 0.0
) -> TokenPlan:
    return plan_tokens(
        candidates,
        TokenReading(left, rate, AT + timedelta(seconds=30), AT),
        at=AT,
        interval=INTERVAL,
        horizon=timedelta(0),
        reserve_share=reserve_share,
    )


def count(planned: Sequence[Candidate], owner: int) -> int:
    return sum(owner in product.owners for product in planned)


def test_a_list_gets_its_share_however_long_and_dear_to_its_owner_another_is() -> None:
    many = products(1000, ANN, priority=1, distance=0.1)
    never = [replace(one, last_checked_at=None) for one in many]
    few = products(30, BEN, begin=5000, priority=-1)

    for greedy in (many, never):
        assert count(plan([*greedy, *few], 100).now, BEN) == 30
        planned = plan([*greedy, *few], 40)
        assert (count(planned.now, ANN), count(planned.now, BEN)) == (20, 20)
        assert planned.summary(AT) == (
            "40 tokens of 40; 990 products wait for the next run, "
            "the tokens are shared among 2 users' watch lists"
        )


def test_within_a_list_and_in_what_is_checked_first_worth_decides() -> None:
    high, low = products(1, ANN, begin=1, priority=1), products(9, ANN, begin=2)
    other = products(5, BEN, begin=50)

    planned = plan([*low, *other, *high], 4)

    assert planned.now == (high[0], low[0], other[0], other[1])


def test_a_product_on_several_lists_counts_for_each() -> None:
    shared, own = products(4, ANN, BEN), products(10, CAT, begin=50)

    planned = plan([*shared, *own, *products(10, BEN, begin=80)], 6)

    assert [count(planned.now, owner) for owner in (ANN, BEN, CAT)] == [3, 3, 3]


def test_what_is_about_to_alert_has_the_reserve_whosever_it_is() -> None:
    near, far = products(5, ANN, distance=0.03), products(50, BEN, begin=100)

    planned = plan([*far, *near], 12, reserve_share=0.5)

    # As many tokens are kept for those that will be about to alert before the next run.
    assert planned.reserve == 5
    assert planned.now == (*near, *far[:2])


def test_who_has_everything_about_to_alert_has_no_more_than_the_reserve_and_a_share() -> None:
    near, far = products(500, ANN, distance=0.03), products(500, BEN, begin=1000)

    planned = plan([*near, *far], 100, rate=1, reserve_share=0.5)

    assert planned.reserve == 30
    assert (count(planned.now, ANN), count(planned.now, BEN)) == (65, 35)


def test_what_keepa_does_not_know_waits_for_what_it_knows_on_all_lists() -> None:
    unknown = [replace(one, is_unknown=True) for one in products(5, ANN)]
    known = products(8, BEN, begin=100)

    assert plan([*unknown, *known], 8).now == tuple(known)
    assert count(plan([*unknown, *known], 10).now, ANN) == 2


def test_what_keeper_itself_records_has_what_its_worth_gives_it() -> None:
    recorded = products(50, priority=-1)
    lists = [*products(10, ANN, begin=100), *products(50, BEN, begin=200)]

    assert count(plan([*recorded, *lists], 30).now, BEN) == 20
    assert sum(not one.owners for one in plan([*recorded, *lists], 30).now) == 0
    waited = [replace(one, last_checked_at=AT - 9 * INTERVAL) for one in recorded[:6]]
    planned = plan([*waited, *lists], 30)
    assert (sum(not one.owners for one in planned.now), count(planned.now, ANN)) == (6, 10)


def test_every_product_comes_in_its_turn_even_if_a_run_pays_for_fewer_than_there_are_lists() -> (
    None
):
    watched = {
        f"{one.asin}": one for owner in range(5) for one in products(3, owner, begin=owner * 10)
    }
    at, done = AT, set[str]()
    for _ in range(12):
        (first, second) = plan(list(watched.values()), 2).now
        done |= {first.asin, second.asin}
        watched = {
            asin: replace(
                one,
                last_checked_at=at if one in (first, second) else _earlier(one.last_checked_at),
            )
            for asin, one in watched.items()
        }
    assert done == set(watched)


def _earlier(time: datetime | None) -> datetime | None:
    return None if time is None else time - INTERVAL


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        asin=st.integers(0, 10**6).map("B{:09d}".format),
        domain=st.just("us"),
        last_checked_at=st.sampled_from([None, AT - INTERVAL, AT - 5 * INTERVAL]),
        distance=st.sampled_from([None, 0.01, 0.1]),
        priority=st.integers(-1, 1),
        detail=st.sampled_from(Detail),
        is_unknown=st.booleans(),
        owners=st.frozensets(st.integers(1, 4), max_size=2),
    ),
    max_size=16,
    unique_by=lambda one: one.asin,
)


@given(CANDIDATES, st.integers(0, 150), st.sampled_from([0.0, 0.1, 0.5]))
def test_no_plan_loses_a_product_or_spends_what_is_not_there(
    candidates: list[Candidate], left: int, reserve_share: float
) -> None:
    planned = plan(candidates, left, reserve_share=reserve_share)

    assert sorted([*planned.now, *planned.later], key=id) == sorted(candidates, key=id)
    assert _price(planned.now) <= left
    ordinary = [one for one in planned.now if not one.is_about_to_alert]
    assert not ordinary or _price(ordinary) <= left - planned.reserve


@given(CANDIDATES, st.sampled_from([0.0, 0.5]))
def test_nothing_changes_when_the_tokens_suffice_or_there_is_one_list(
    candidates: list[Candidate], reserve_share: float
) -> None:
    nobodys = [replace(one, owners=frozenset()) for one in candidates]
    enough = 10_000
    shared = plan(candidates, enough, rate=500, reserve_share=reserve_share)
    assert (shared.later, shared.sharers) == ((), 0)
    assert _asins(shared) == _asins(plan(nobodys, enough, rate=500, reserve_share=reserve_share))

    anns = [replace(one, owners=frozenset([ANN])) for one in candidates]
    assert _asins(plan(anns, 20)) == _asins(plan(nobodys, 20))


@given(
    st.lists(
        st.tuples(st.frozensets(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 12)),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 200),
)
def test_a_list_that_goes_without_has_the_mean_of_all_less_two_checks(
    wanted: list[tuple[frozenset[int], int]], tokens: int
) -> None:
    wishes = [Wish(owners, price, tokens) for owners, price in wanted]
    shares = TokenShares()

    paid = shares.give(wishes)

    assert shares.spent == sum(w.price for w, is_paid in zip(wishes, paid, strict=True) if is_paid)
    assert shares.spent <= tokens
    left = [wish for wish, is_paid in zip(wishes, paid, strict=True) if not is_paid]
    assert all(shares.spent + wish.price > tokens for wish in left)
    lists = len(frozenset[int]().union(*(wish.owners for wish in wishes)))
    dearest = max(wish.price for wish in wishes)
    for owner in frozenset[int]().union(*(wish.owners for wish in left)):
        assert shares.received[owner] >= (shares.spent - dearest) / lists - dearest


def _price(planned: Sequence[Candidate]) -> float:
    return sum(USUAL_PRICES.each(one.detail) for one in planned)


def _asins(planned: TokenPlan) -> tuple[list[str], list[str]]:
    return [one.asin for one in planned.now], [one.asin for one in planned.later]
