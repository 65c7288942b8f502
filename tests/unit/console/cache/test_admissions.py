"""Who need not be looked up again."""

from datetime import timedelta

from keeper.console.cache.reads import Admissions
from tests.console_server import Clock

ANN = b"ann"


def test_a_minute_at_most_and_no_longer_than_the_token() -> None:
    clock = Clock()
    admissions = Admissions(clock=clock)
    admissions.add(ANN, "get", expires_at=clock.now + timedelta(days=1), mark=admissions.mark())
    assert admissions.holds(ANN, "get")
    assert not admissions.holds(ANN, "list")
    assert not admissions.holds(b"ben", "get")
    clock.move(seconds=60)
    assert not admissions.holds(ANN, "get")
    admissions.add(ANN, "get", expires_at=clock.now + timedelta(seconds=5), mark=admissions.mark())
    clock.move(seconds=4.9)
    assert admissions.holds(ANN, "get")
    clock.move(seconds=0.1)
    assert not admissions.holds(ANN, "get")


def test_nobody_examined_before_a_change_is_admitted_after_it() -> None:
    clock = Clock()
    admissions = Admissions(clock=clock)
    mark = admissions.mark()
    admissions.end()
    admissions.add(ANN, "get", expires_at=clock.now + timedelta(days=1), mark=mark)
    assert not admissions.holds(ANN, "get")


def test_a_clock_that_is_set_back_admits_nobody_for_longer() -> None:
    clock = Clock()
    admissions = Admissions(clock=clock)
    admissions.add(ANN, "get", expires_at=clock.now + timedelta(days=1), mark=admissions.mark())
    clock.move(hours=-1)
    assert not admissions.holds(ANN, "get")
