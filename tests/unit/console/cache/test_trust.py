"""How long what is kept is believed."""

from datetime import UTC, datetime, timedelta

from keeper.console.cache.trust import Trust

AT = datetime(2026, 3, 1, tzinfo=UTC)


class Times:
    """A clock and seconds that move together."""

    def __init__(self) -> None:
        self.now = 100.0

    def seconds(self) -> float:
        return self.now

    def clock(self) -> datetime:
        return AT + timedelta(seconds=self.now)


def trust_of(times: Times) -> Trust:
    return Trust(lasts_s=5, clock=times.clock, seconds=times.seconds)


def test_it_begins_with_a_heartbeat_and_lasts_some_seconds() -> None:
    times = Times()
    trust = trust_of(times)
    assert not trust
    trust.renew(times.clock())
    times.now += 4.9
    assert trust
    times.now += 0.2
    assert not trust


def test_what_was_under_way_is_taken_off_and_an_old_heartbeat_takes_nothing_back() -> None:
    times = Times()
    trust = trust_of(times)
    trust.renew(times.clock() - timedelta(seconds=6))
    assert not trust
    trust.renew(times.clock() - timedelta(seconds=4))
    times.now += 0.5
    assert trust
    trust.renew(times.clock() - timedelta(seconds=600))
    assert trust
    times.now += 1
    assert not trust


def test_a_heartbeat_of_the_future_counts_from_now_and_trust_can_be_ended() -> None:
    times = Times()
    trust = trust_of(times)
    trust.renew(times.clock() + timedelta(hours=1))
    times.now += 5.1
    assert not trust
    trust.renew(times.clock())
    trust.end()
    assert not trust
