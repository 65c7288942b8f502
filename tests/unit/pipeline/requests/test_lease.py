"""A lease that can be moved on no more: the work learns of it where it reports."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from keeper.domain.requests import ClaimedRequest, RequestKind
from keeper.domain.users.access import Account, Role
from keeper.errors import TransientError
from keeper.pipeline.requests import lease
from keeper.pipeline.requests.work import BrokenOffError, LeaseLostError, TookTooLongError
from keeper.stores.postgres.connection import PostgresConfig
from tests.waiting import wait_until

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REQUEST = ClaimedRequest(
    request_id=7,
    kind=RequestKind.REBUILD_SEARCH,
    arguments={},
    account=Account(1, "ann@example.org", Role.OPERATOR),
    token_id=None,
    origin=None,
    attempts=1,
    is_cancel_asked=False,
    abandoned_claim=None,
    claim="a word",
)


class Times:
    """A clock that a test moves, and what PostgreSQL does when it is asked."""

    def __init__(self) -> None:
        self.now = START
        self.asked = 0
        self.answer: Callable[[], bool | None] = lambda: False

    def clock(self) -> datetime:
        return self.now


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    times = Times()

    @contextmanager
    def session(config: PostgresConfig) -> Iterator[None]:
        times.asked += 1
        yield

    monkeypatch.setattr(lease, "session", session)
    monkeypatch.setattr(lease, "renew", lambda *_, **__: times.answer())
    return times


def held(
    times: Times, *, longest: timedelta = timedelta(hours=1)
) -> AbstractContextManager[lease.Lease]:
    return lease.Lease(
        REQUEST,
        PostgresConfig("postgresql://"),
        until=START + MINUTE,
        length=MINUTE,
        longest=longest,
        renew_every_s=0.001,
        stopping=lambda: False,
        clock=times.clock,
    )


def asked_anew(times: Times) -> None:
    before = times.asked
    # The second of them was asked after this was called.
    wait_until(lambda: times.asked > before + 1, "PostgreSQL is asked")


def broken_off_by(one: lease.Lease) -> type[BrokenOffError] | None:
    try:
        one.report_progress(0.5)
    except BrokenOffError as error:
        return type(error)
    return None


def test_one_that_is_moved_on_lasts(times: Times) -> None:
    with held(times) as one:
        for _ in range(5):
            times.now += MINUTE * 0.9
            asked_anew(times)
            assert broken_off_by(one) is None


def test_a_worker_cut_off_from_postgres_has_lost_it_once_it_is_over(times: Times) -> None:
    def be_away() -> bool | None:
        raise TransientError("PostgreSQL does not answer")

    with held(times) as one:
        asked_anew(times)
        times.answer = be_away
        asked_anew(times)
        times.now += MINUTE * 0.9
        assert broken_off_by(one) is None
        times.now += MINUTE * 0.1
        assert broken_off_by(one) is LeaseLostError


def test_before_it_is_moved_on_it_lasts_as_long_as_the_claim(times: Times) -> None:
    one = held(times)
    assert isinstance(one, lease.Lease)
    assert broken_off_by(one) is None
    times.now += MINUTE
    assert broken_off_by(one) is LeaseLostError


def test_a_mistake_that_ends_its_thread_loses_it(times: Times) -> None:
    def fail() -> bool | None:
        raise ZeroDivisionError

    times.answer = fail
    with held(times) as one:
        wait_until(lambda: broken_off_by(one) is LeaseLostError, "the work is broken off")
    assert times.asked == 1


def test_another_workers_is_lost(times: Times) -> None:
    times.answer = lambda: None
    with held(times) as one:
        wait_until(lambda: broken_off_by(one) is LeaseLostError, "the work is broken off")


def test_an_attempt_that_takes_longer_than_it_may_says_so(times: Times) -> None:
    with held(times, longest=MINUTE / 2) as one:
        asked_anew(times)
        assert broken_off_by(one) is None
        times.now += MINUTE / 2
        wait_until(lambda: broken_off_by(one) is not None, "the work is broken off")
        with pytest.raises(TookTooLongError, match="longer than 0:00:30 and was given up"):
            one.report_progress(0.5)
