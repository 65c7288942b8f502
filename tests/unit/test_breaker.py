"""The circuit breaker, by a clock in the test's hand."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from keeper.breaker import Breaker

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NONE = timedelta(0)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def seconds(*numbers: float) -> list[timedelta]:
    return [timedelta(seconds=number) for number in numbers]


@pytest.fixture
def breaker() -> Breaker:
    (first, last) = seconds(5, 30)
    return Breaker(first_pause=first, last_pause=last, break_after=3)


def fail(breaker: Breaker, times: int, at: datetime = NOW) -> None:
    for _ in range(times):
        assert breaker.admit(at) == NONE
        breaker.failed(at)


def test_a_few_failures_change_nothing(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert breaker.admit(NOW) == NONE
    breaker.worked()
    fail(breaker, 2)

    assert breaker.admit(NOW) == NONE


def test_it_opens_and_says_how_long(breaker: Breaker) -> None:
    assert [breaker.failed(NOW) for _ in range(3)] == seconds(0, 0, 5)

    assert [breaker.admit(after(s)) for s in (0, 2, 4.5)] == seconds(5, 3, 0.5)


def test_one_caller_tries_for_all(breaker: Breaker) -> None:
    fail(breaker, 3)

    assert [breaker.admit(after(5)) for _ in range(3)] == seconds(0, 5, 5)
    breaker.worked()

    assert [breaker.admit(after(6)) for _ in range(3)] == seconds(0, 0, 0)


def test_each_vain_trial_doubles_the_pause_up_to_the_last(breaker: Breaker) -> None:
    fail(breaker, 3)
    now, pauses = NOW, []
    for _ in range(40):
        pause = breaker.wait(now)
        pauses.append(pause.total_seconds())
        now += pause
        fail(breaker, 1, now)

    assert pauses[:6] == [5, 10, 20, 30, 30, 30]
    assert pauses[-1] == 30


def test_after_a_success_the_next_trouble_is_new(breaker: Breaker) -> None:
    fail(breaker, 3)
    fail(breaker, 1, after(5))
    assert breaker.admit(after(15)) == NONE
    breaker.worked()

    fail(breaker, 3, after(20))

    assert breaker.wait(after(20)) == timedelta(seconds=5)


def test_what_was_asked_before_it_opened_is_nothing_new(breaker: Breaker) -> None:
    admitted = [breaker.admit(NOW) for _ in range(10)]
    assert admitted == [NONE] * 10
    assert [breaker.failed(after(3)) for _ in admitted] == seconds(0, 0, 5, *[0] * 7)

    assert breaker.wait(after(3)) == timedelta(seconds=5)


def test_who_tries_and_never_says_is_replaced(breaker: Breaker) -> None:
    fail(breaker, 3)
    assert breaker.admit(after(5)) == NONE

    assert [breaker.admit(after(s)) for s in (9, 10, 11)] == seconds(1, 0, 4)


def test_a_clock_set_back_does_not_keep_it_open(breaker: Breaker) -> None:
    fail(breaker, 3)

    assert breaker.admit(NOW - timedelta(hours=1)) == NONE


def test_of_many_threads_one_tries(breaker: Breaker) -> None:
    fail(breaker, 3)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: breaker.admit(after(5)), range(200)))

    assert waits.count(NONE) == 1
