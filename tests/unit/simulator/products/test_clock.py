from datetime import UTC, datetime, timedelta

from keeper.simulator.products.clock import CatalogueClock, ClockMode
from tests.unit.simulator.hand_clock import HandClock

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def test_held_time_stands_still(hand_clock: HandClock) -> None:
    clock = CatalogueClock(ClockMode.HOLD, MARCH, hand_clock)
    hand_clock.pass_seconds(3_600)
    assert clock.now() == MARCH


def test_running_time_passes_with_the_real_one(hand_clock: HandClock) -> None:
    clock = CatalogueClock(ClockMode.RUN, MARCH, hand_clock)
    hand_clock.pass_seconds(90)
    assert clock.now() == MARCH + timedelta(seconds=90)


def test_time_starts_now_unless_asked(hand_clock: HandClock) -> None:
    assert CatalogueClock(real=hand_clock).now() == hand_clock()


def test_time_jumps_in_either_mode(hand_clock: HandClock) -> None:
    clock = CatalogueClock(ClockMode.RUN, MARCH, hand_clock)
    hand_clock.pass_seconds(60)
    clock.change(jump=timedelta(hours=6))
    assert clock.now() == MARCH + timedelta(hours=6, minutes=1)
    clock.change(mode=ClockMode.HOLD)
    hand_clock.pass_seconds(60)
    clock.change(jump=timedelta(days=1))
    assert clock.now() == MARCH + timedelta(days=1, hours=6, minutes=1)
    clock.change(mode=ClockMode.RUN, at=MARCH)
    hand_clock.pass_seconds(1)
    assert clock.now() == MARCH + timedelta(seconds=1)
