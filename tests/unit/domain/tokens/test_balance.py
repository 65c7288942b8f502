"""How a balance grows and how long a request waits for it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.tokens.balance import (
    REFILL_PERIOD,
    EarlierRequest,
    Outage,
    TokenReading,
    outage_of,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def reading(left: int, *, rate: int = 20, refill_in_s: float = 30) -> TokenReading:
    return TokenReading(left, rate, AT + timedelta(seconds=refill_in_s), AT)


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(0, 5), (29.9, 5), (30, 25), (89.9, 25), (90, 45), (3600, 5 + 60 * 20)],
)
def test_tokens_come_at_once_at_each_refill(seconds: float, left: int) -> None:
    assert reading(5).left_at(AT + timedelta(seconds=seconds)) == min(left, 1200)


def test_trackings_take_from_each_refill_and_leave_the_cap() -> None:
    known = TokenReading(0, 20, AT + timedelta(seconds=30), AT, flow_reduction=15)

    assert known.wait_for(100, AT) == timedelta(seconds=30 + 19 * 60)
    assert (known.left_at(AT + timedelta(seconds=30)), known.cap) == (5, 1200)


def test_a_refill_adds_something_whatever_trackings_take() -> None:
    known = TokenReading(0, 20, AT, AT, flow_reduction=25)

    assert known.refill == 1


def test_a_balance_never_grows_above_sixty_refills() -> None:
    assert reading(1190).left_at(AT + timedelta(days=1)) == 1200


@pytest.mark.parametrize(
    ("left", "wanted", "wait_s"),
    [
        pytest.param(5, 5, 0, id="there already"),
        pytest.param(5, 25, 30, id="one refill"),
        pytest.param(5, 26, 90, id="two refills"),
        pytest.param(-95, 1, 30 + 4 * 60, id="a negative balance"),
        pytest.param(0, 100_000, 30 + 59 * 60, id="more than can gather: until it is full"),
    ],
)
def test_the_wait_ends_at_the_refill_that_brings_enough(
    left: int, wanted: int, wait_s: float
) -> None:
    assert reading(left).wait_for(wanted, AT) == timedelta(seconds=wait_s)


@given(
    left=st.integers(-500, 1200),
    rate=st.integers(1, 500),
    refill_in_s=st.integers(0, 60),
    passed_s=st.integers(0, 10_000),
    wanted=st.integers(1, 2_000),
)
def test_after_the_wait_the_tokens_are_there_and_a_period_earlier_they_are_not(
    left: int, rate: int, refill_in_s: int, passed_s: int, wanted: int
) -> None:
    known = reading(left, rate=rate, refill_in_s=refill_in_s)
    now = AT + timedelta(seconds=passed_s)
    reachable = min(wanted, known.cap)

    wait = known.wait_for(wanted, now)

    assert known.left_at(now + wait) >= reachable
    if wait > timedelta(0):
        assert known.left_at(now + wait - timedelta(microseconds=1)) < reachable


@given(
    left=st.integers(-500, 1200),
    passed_s=st.integers(0, 10_000),
    spent=st.integers(0, 300),
    later_s=st.integers(0, 10_000),
)
def test_spending_keeps_the_phase_of_the_refills(
    left: int, passed_s: int, spent: int, later_s: int
) -> None:
    known = reading(left)
    now = AT + timedelta(seconds=passed_s)

    after = known.after_spending(spent, now)

    assert after.left_at(now) == known.left_at(now) - spent
    assert (after.next_refill_at - known.next_refill_at) % REFILL_PERIOD == timedelta(0)
    later = now + timedelta(seconds=later_s)
    assert after.left_at(later) <= after.cap
    if known.left_at(later) < known.cap:
        assert after.left_at(later) == known.left_at(later) - spent


def past(kinds: str, *, newest_s_ago: float = 0) -> list[EarlierRequest]:
    """Return requests a second apart, the newest first: x failed, . answered, ? still out."""
    return [
        EarlierRequest(
            AT - timedelta(seconds=newest_s_ago + number),
            has_failed=kind == "x",
            has_outcome=kind != "?",
        )
        for number, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "newest_s_ago", "wait_s"),
    [
        ("", 0, None),
        ("x" * 9, 0, None),
        ("x" * 9 + ".", 0, None),
        ("x" * 10, 0, 60),
        ("x" * 10 + ".....", 0, 60),
        ("x" * 10, 45, 15),
        ("x" * 10, 60, None),
        ("?" + "x" * 10, 0, 60),
        ("?" * 8 + "x" * 10, 59, 1),
        ("." + "x" * 12, 0, None),
        ("?." + "x" * 12, 0, None),
    ],
    ids=[
        "none",
        "nine failed",
        "an answer among the ten",
        "ten failed",
        "older answers",
        "a while ago",
        "long enough ago",
        "the trial is out",
        "many are out",
        "the trial was answered",
        "another after it",
    ],
)
def test_keepa_is_left_alone_after_ten_failed_requests(
    kinds: str, newest_s_ago: float, wait_s: float | None
) -> None:
    found = outage_of(past(kinds, newest_s_ago=newest_s_ago), AT)

    assert found == (None if wait_s is None else Outage(wait_s))
