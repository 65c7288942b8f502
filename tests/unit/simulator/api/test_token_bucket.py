from datetime import UTC, datetime

import pytest

from keeper.simulator.api.token_bucket import Balance, TokenBucket
from tests.unit.simulator.hand_clock import HandClock


def test_a_new_bucket_is_full(hand_clock: HandClock) -> None:
    assert TokenBucket(5, hand_clock).balance() == Balance(300, 60_000)


def test_refills_come_at_once_at_a_fixed_phase(hand_clock: HandClock) -> None:
    bucket = TokenBucket(5, hand_clock)
    hand_clock.pass_seconds(20)
    bucket.spend(100)
    hand_clock.pass_seconds(39)
    assert bucket.balance() == Balance(200, 1_000)
    hand_clock.pass_seconds(1)
    assert bucket.balance() == Balance(205, 60_000)
    hand_clock.pass_seconds(150)
    assert bucket.balance() == Balance(215, 30_000)


def test_the_balance_may_be_negative_and_comes_back(hand_clock: HandClock) -> None:
    bucket = TokenBucket(5, hand_clock)
    assert bucket.spend(312).left == -12
    hand_clock.pass_seconds(60)
    assert bucket.balance().left == -7
    hand_clock.pass_seconds(120)
    assert bucket.balance().left == 3


def test_tokens_gather_up_to_sixty_refills(hand_clock: HandClock) -> None:
    bucket = TokenBucket(5, hand_clock)
    bucket.spend(3)
    hand_clock.pass_seconds(3_600)
    assert bucket.balance().left == 300


def test_refills_missed_while_full_are_not_made_up(hand_clock: HandClock) -> None:
    bucket = TokenBucket(5, hand_clock)
    hand_clock.pass_seconds(600)
    bucket.spend(50)
    assert bucket.balance().left == 250


@pytest.mark.parametrize("left", [-40, 0, 7, 1_000])
def test_the_balance_can_be_set(hand_clock: HandClock, left: int) -> None:
    bucket = TokenBucket(5, hand_clock)
    bucket.set_left(left)
    assert bucket.balance().left == left
    hand_clock.pass_seconds(60)
    assert bucket.balance().left == max(left, min(left + 5, 300))


def test_a_clock_set_back_neither_adds_nor_takes(hand_clock: HandClock) -> None:
    bucket = TokenBucket(5, hand_clock)
    bucket.spend(100)
    hand_clock.moment = datetime(2020, 1, 1, tzinfo=UTC)
    assert bucket.balance().left == 200
