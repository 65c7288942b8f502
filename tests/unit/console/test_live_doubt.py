"""Live events while nobody can say what a reader may see: held, then sent by the new view."""

import logging

import pytest

from keeper.console.live.hub import LiveHub
from keeper.domain.changes import ChangeKind
from keeper.domain.users.access import Role
from keeper.errors import TransientError
from tests.live_changes import AT, Looks, change, feed, in_loop, join, sent, turn, viewer

BOSS = viewer(1, role=Role.OPERATOR)
ANN = viewer(1, "us/B1")
AWAY = TransientError("PostgreSQL does not answer")


def test_what_comes_before_the_new_view_is_known_is_sent_by_the_new_view() -> None:
    async def work(hub: LiveHub) -> None:
        looks = Looks()
        subscription = hub.subscribe(BOSS, looks, None)
        await feed(hub, change(1, ChangeKind.ACCESS), change(2, ChangeKind.PRODUCT, "us/B2"))
        await feed(hub, change(3, ChangeKind.PRODUCT, "us/B1"))
        assert sent(subscription) == []
        await looks.answer(0, ANN)
        assert sent(subscription) == [(3, "product", ("us/B1",))]
        await feed(hub, change(4, ChangeKind.PRODUCT, "us/B1", "us/B2"))
        assert sent(subscription) == [(4, "product", ("us/B1",))]

    in_loop(work)


def test_a_view_from_before_a_further_change_sends_nothing_of_after_it() -> None:
    async def work(hub: LiveHub) -> None:
        looks = Looks()
        subscription = hub.subscribe(BOSS, looks, None)
        await feed(hub, change(1, ChangeKind.ACCESS), change(2, ChangeKind.PRODUCT, "us/B2"))
        await turn()
        await feed(hub, change(3, ChangeKind.ACCESS), change(4, ChangeKind.PRODUCT, "us/B3"))
        await looks.answer(0, BOSS)
        # It goes on however often that changes: what was before the change is sent.
        assert sent(subscription) == [(2, "product", ("us/B2",))]
        await looks.answer(1, ANN)
        await feed(hub, change(5, ChangeKind.PRODUCT, "us/B3"))
        assert sent(subscription) == []
        assert subscription.is_owed(AT)

    in_loop(work)


def test_a_burst_of_changes_costs_each_reader_two_look_ups_and_one_at_a_time() -> None:
    async def work(hub: LiveHub) -> None:
        looks = Looks()
        hub.subscribe(BOSS, looks, None)
        for offset in range(100):
            await feed(hub, change(offset, ChangeKind.ACCESS))
        assert len(looks.begun) == 1
        await looks.answer(0, BOSS)
        assert len(looks.begun) == 2
        await looks.answer(1, BOSS)
        assert len(looks.begun) == 2

    in_loop(work)


def test_one_slow_look_up_does_not_keep_the_others_waiting() -> None:
    async def work(hub: LiveHub) -> None:
        hub.subscribe(BOSS, Looks(), None)
        quick = [join(hub, ANN) for _ in range(20)]
        await feed(hub, change(1, ChangeKind.ACCESS), change(2, ChangeKind.PRODUCT, "us/B1"))
        await turn()
        await turn()
        assert [sent(one) for one in quick] == [[(2, "product", ("us/B1",))]] * 20

    in_loop(work)


def test_while_the_database_is_away_events_wait_and_nobody_is_dropped() -> None:
    async def work(hub: LiveHub) -> None:
        looks = Looks()
        subscription = hub.subscribe(BOSS, looks, None)
        await feed(hub, change(1, ChangeKind.ACCESS), change(2, ChangeKind.PRODUCT, "us/B1"))
        for attempt in range(5):
            await turn()
            await looks.answer(attempt, AWAY)
        await feed(hub, change(3, ChangeKind.PRODUCT, "us/B2"))
        assert subscription.is_owed(AT)
        assert sent(subscription) == []
        await turn()
        await looks.answer(5, ANN)
        assert sent(subscription) == [(2, "product", ("us/B1",))]

    in_loop(work)


@pytest.mark.parametrize("count", [600, 11_000])
def test_who_is_in_doubt_for_too_long_is_sent_to_read_all_again(count: int) -> None:
    async def work(hub: LiveHub) -> None:
        looks = Looks()
        subscription = hub.subscribe(ANN, looks, None)
        await feed(hub, change(0, ChangeKind.ACCESS))
        await feed(hub, *(change(n, ChangeKind.PRODUCT, "us/B1") for n in range(1, count)))
        await looks.answer(0, ANN)
        assert sent(subscription) == [(count - 1, "reset", None)]
        await feed(hub, change(count, ChangeKind.PRODUCT, "us/B1"))
        assert sent(subscription) == [(count, "product", ("us/B1",))]

    in_loop(work)


@pytest.mark.parametrize("is_looked_at_again", [True, False])
def test_a_topic_made_anew_meanwhile_is_a_reset(is_looked_at_again: bool) -> None:
    async def work(hub: LiveHub) -> None:
        looks = Looks()
        subscription = hub.subscribe(ANN, looks, None)
        await feed(hub, change(40, ChangeKind.ACCESS))
        if is_looked_at_again:
            await feed(hub, change(41, ChangeKind.ACCESS))
        hub.begin(3)
        await feed(hub, *(change(n, ChangeKind.PRODUCT, "us/B1") for n in range(50)))
        await looks.answer(0, ANN)
        await looks.answer(1, ANN)
        assert "reset" in {name for _, name, _ in sent(subscription)}
        await feed(hub, change(50, ChangeKind.PRODUCT, "us/B1"))
        assert sent(subscription) == [(50, "product", ("us/B1",))]

    in_loop(work)


def test_missing_messages_may_have_been_of_access() -> None:
    async def work(hub: LiveHub) -> None:
        looks = Looks()
        await feed(hub, change(1, ChangeKind.HEARTBEAT))
        subscription = hub.subscribe(BOSS, looks, None)
        await feed(hub, change(9, ChangeKind.PRODUCT, "us/B2"))
        assert [name for _, name, _ in sent(subscription)] == ["reset"]
        await looks.answer(0, None)
        assert not subscription.is_owed(AT)

    in_loop(work)


def test_who_has_left_is_looked_up_no_more_and_a_mistake_ends_one_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(hub: LiveHub) -> None:
        gone, broken = Looks(), Looks()
        leaving = hub.subscribe(BOSS, gone, None)
        bad = hub.subscribe(BOSS, broken, None)
        good = join(hub, ANN)
        await feed(hub, change(1, ChangeKind.ACCESS), change(2, ChangeKind.ACCESS))
        await turn()
        hub.leave(leaving)
        with caplog.at_level(logging.CRITICAL + 1, "keeper.console.live.hub"):
            await broken.answer(0, ValueError("a mistake"))
        await gone.answer(0, AWAY)
        await feed(hub, change(3, ChangeKind.ACCESS), change(4, ChangeKind.PRODUCT, "us/B1"))
        await turn()
        assert (len(gone.begun), len(broken.begun)) == (1, 1)
        assert not bad.is_owed(AT)
        assert sent(good) == [(4, "product", ("us/B1",))]

    in_loop(work)
