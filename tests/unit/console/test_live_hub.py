"""The hub of live events: who is sent what, and what who comes again is sent."""

import asyncio

from keeper.console.live.events import event_for
from keeper.console.live.hub import LiveHub
from keeper.domain.changes import ChangeKind
from keeper.domain.users.access import Role, Scope
from keeper.pipeline.watches.live import Viewer
from keeper.streams.changes.subscriber import NumberedChange
from tests.live_changes import AT, change, feed, in_loop, join, sent, viewer


def test_each_sees_their_own_products_and_rows_an_operator_all() -> None:
    ann = viewer(1, "us/B1")
    boss = viewer(9, role=Role.OPERATOR)
    product = change(5, ChangeKind.PRODUCT, "us/B1", "us/B2")
    alert = change(6, ChangeKind.ALERT, "1:10", "2:20", "11:30")

    def ids(who: Viewer, what: NumberedChange) -> tuple[str, ...] | None:
        event = event_for(who, what)
        return event.ids if event else ()

    assert ids(ann, product) == ("us/B1",)
    assert ids(ann, alert) == ("10",)
    assert ids(boss, product) == ("us/B1", "us/B2")
    assert ids(boss, alert) == ("10", "20", "30")
    assert event_for(viewer(3), product) is None
    assert event_for(viewer(3), alert) is None


def test_a_token_sees_the_kinds_of_its_scopes() -> None:
    kinds = {
        ChangeKind.PRODUCT: Scope.PRICES_READ,
        ChangeKind.WATCH: Scope.WATCHES_READ,
        ChangeKind.ALERT: Scope.MESSAGES_READ,
        ChangeKind.DEAL: Scope.DEALS_READ,
    }
    for kind in ChangeKind:
        for scope in Scope:
            who = viewer(1, scopes=frozenset({scope}))
            is_seen = event_for(who, change(1, kind)) is not None
            assert is_seen == (kind is ChangeKind.ANYTHING or kinds.get(kind) is scope)


def test_who_comes_again_is_sent_exactly_what_came_meanwhile() -> None:
    async def work(hub: LiveHub) -> None:
        await feed(hub, *(change(n, ChangeKind.PRODUCT, "us/B1") for n in (10, 11)))
        first = join(hub, viewer(1, "us/B1"))
        assert sent(first) == []
        await feed(hub, change(12, ChangeKind.HEARTBEAT), change(13, ChangeKind.PRODUCT, "us/B1"))
        assert sent(first) == [(13, "product", ("us/B1",))]
        late = join(hub, viewer(1, "us/B1"), 10)
        assert [position for position, *_ in sent(late)] == [11, 13]
        # A feed that begins anew brings some again.
        hub.begin(14)
        await feed(hub, *(change(n, ChangeKind.PRODUCT, "us/B1") for n in (12, 13, 14)))
        assert [position for position, *_ in sent(first)] == [14]

    in_loop(work)


def test_who_asks_for_more_than_is_remembered_is_sent_to_read_all_again() -> None:
    async def work(hub: LiveHub) -> None:
        await feed(hub, change(10, ChangeKind.PRODUCT, "us/B1"))
        assert sent(join(hub, viewer(1, "us/B1"), 9)) == [(10, "product", ("us/B1",))]
        for unknown in (8, 11):
            assert sent(join(hub, viewer(1, "us/B1"), unknown)) == [(10, "reset", None)]
        # Messages that are missing, and a topic that was made anew.
        watching = join(hub, viewer(1))
        await feed(hub, change(90, ChangeKind.ACCESS))
        assert [name for _, name, _ in sent(watching)] == ["reset"]
        hub.begin(3)
        await feed(hub, change(2, ChangeKind.PRODUCT, "us/B1"))
        assert [name for _, name, _ in sent(watching)] == ["reset"]
        assert hub.mark.position == 2

    in_loop(work)


def test_who_reads_too_slowly_is_dropped_and_the_others_are_not() -> None:
    async def work(hub: LiveHub) -> None:
        slow, quick = join(hub, viewer(1, "us/B1")), join(hub, viewer(1, "us/B1"))
        for offset in range(600):
            await feed(hub, change(offset, ChangeKind.PRODUCT, "us/B1"))
            quick.waiting.clear()
        assert not slow.is_owed(AT)
        assert not slow.waiting
        assert quick.is_owed(AT)

    in_loop(work)


def test_a_change_of_the_list_or_of_access_has_who_watches_examined_again() -> None:
    async def work(hub: LiveHub) -> None:
        views: list[Viewer | None] = [viewer(1, "us/B1", "us/B2")]

        async def look() -> Viewer | None:
            return views[-1]

        subscription = hub.subscribe(viewer(1, "us/B1"), look, None)
        await feed(hub, change(1, ChangeKind.WATCH, "2:7"))
        assert "us/B2" not in (subscription.viewer.products or ())
        await feed(hub, change(2, ChangeKind.WATCH, "1:7"))
        await asyncio.sleep(0)
        assert "us/B2" in (subscription.viewer.products or ())
        views.append(None)
        await feed(hub, change(3, ChangeKind.ACCESS))
        await asyncio.sleep(0)
        assert not subscription.is_owed(AT)

    in_loop(work)
