"""Who begins to watch live: looked up once, unless what they may see changes meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import HTTPConnection, Request
from starlette.types import Message

from keeper.console.api.live.access import proof_of, subscribe
from keeper.console.api.live.stream import stream
from keeper.console.context import ConsoleContext
from keeper.console.database import ConsoleDatabase
from keeper.console.live.hub import LiveHub
from keeper.domain.changes import ChangeKind
from keeper.pipeline.watches.live import Proof, ProofKind, Viewer
from tests.live_changes import change, feed, in_loop, join, sent, turn, viewer

ANN = viewer(1, "us/B1")
TOKEN = Proof(ProofKind.TOKEN, "keeper_pat_x")
HOST = (b"host", b"127.0.0.1")
COOKIE = (b"cookie", b"keeper_session=abc")
ORIGIN = (b"origin", b"http://127.0.0.1")


class _Database(ConsoleDatabase):
    """Finds ever the same; a change comes during each of the first look-ups."""

    def __init__(self, hub: LiveHub, kind: ChangeKind, *ids: str) -> None:
        self._hub = hub
        self._kind, self._ids = kind, ids
        self.looks = 0

    async def run(self, work: Callable[..., Any], *, answer_s: float | None = None) -> Any:
        self.looks += 1
        if self.looks < 5:
            await feed(self._hub, change(self.looks, self._kind, *self._ids))
        return ANN


def context_of(hub: LiveHub, database: ConsoleDatabase) -> ConsoleContext:
    return ConsoleContext(
        database=database,
        operators=frozenset(),
        public_url=None,
        allows_insecure_cookie=False,
        old_after=lambda price_type: timedelta(hours=12),
        live=hub,
    )


async def _begin_under(hub: LiveHub, kind: ChangeKind, *ids: str) -> tuple[int, int]:
    """Subscribe while such changes come; return how often it looked, and with the hub."""
    await feed(hub, change(0, ChangeKind.HEARTBEAT))
    database = _Database(hub, kind, *ids)
    subscription = await subscribe(TOKEN, context_of(hub, database), None)
    assert subscription is not None
    looks = database.looks
    await turn()
    await turn()
    subscription.waiting.clear()
    following = hub.mark.position + 1
    await feed(hub, change(following, ChangeKind.PRODUCT, "us/B1"))
    assert sent(subscription) == [(following, "product", ("us/B1",))]
    return looks, database.looks


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        (ChangeKind.HEARTBEAT, ()),
        (ChangeKind.PRODUCT, ("us/B1",)),
        (ChangeKind.WATCH, ("2:7",)),
    ],
)
def test_a_change_that_alters_nobodys_view_has_nobody_looked_up_again(
    kind: ChangeKind, ids: tuple[str, ...]
) -> None:
    async def work(hub: LiveHub) -> None:
        assert await _begin_under(hub, kind, *ids) == (1, 1)

    in_loop(work)


@pytest.mark.parametrize(
    ("kind", "ids"),
    [(ChangeKind.WATCH, ("1:7",)), (ChangeKind.ACCESS, ()), (ChangeKind.ANYTHING, ())],
)
def test_a_view_that_changes_without_end_is_looked_up_by_the_hub_from_the_fourth_time_on(
    kind: ChangeKind, ids: tuple[str, ...]
) -> None:
    async def work(hub: LiveHub) -> None:
        assert await _begin_under(hub, kind, *ids) == (3, 5)

    in_loop(work)


def test_who_has_gone_before_the_stream_begins_is_forgotten() -> None:
    async def work(hub: LiveHub) -> None:
        await feed(hub, change(0, ChangeKind.HEARTBEAT))
        database = _Database(hub, ChangeKind.HEARTBEAT)
        context = context_of(hub, database)
        token = (b"authorization", b"Bearer keeper_pat_x")
        request = Request(scope_of("http", HOST, token))
        answer = await stream(ANN.identity, context, request)

        async def gone() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            pass

        await answer(request.scope, gone, send)
        await feed(hub, change(9, ChangeKind.ACCESS))
        await turn()
        assert database.looks == 1

    in_loop(work)


def test_who_is_in_doubt_from_the_beginning_is_sent_what_came_meanwhile() -> None:
    async def work(hub: LiveHub) -> None:
        await feed(hub, *(change(n, ChangeKind.PRODUCT, "us/B1") for n in (3, 4, 5)))
        since = hub.mark
        await feed(hub, change(6, ChangeKind.ACCESS), change(7, ChangeKind.PRODUCT, "us/B2"))

        async def look() -> Viewer:
            return viewer(1, "us/B2")

        subscription = hub.subscribe(ANN, look, 4, since)
        assert (subscription.place, sent(subscription)) == (4, [])
        await turn()
        assert sent(subscription) == [(7, "product", ("us/B2",))]

    in_loop(work)


def test_who_is_cut_off_when_just_greeted_goes_on_from_where_they_were() -> None:
    async def work(hub: LiveHub) -> None:
        await feed(hub, *(change(n, ChangeKind.PRODUCT, "us/B1") for n in (3, 4, 5)))
        assert join(hub, ANN).place == 5
        first = join(hub, ANN, 3)
        assert first.place == 3
        assert [position for position, *_ in sent(join(hub, ANN, first.place))] == [4, 5]
        # A reset that was not sent is owed again.
        lost = join(hub, ANN, 1)
        assert sent(join(hub, ANN, lost.place)) == [(5, "reset", None)]
        # Nothing waits: what others were sent need not be remembered for them.
        assert join(hub, viewer(2), 3).place == 5

    in_loop(work)


def scope_of(kind: str, *headers: tuple[bytes, bytes], user: str | None = None) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"spec_version": "2.3"},
        "method": "GET",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": "/",
        "query_string": b"",
        "server": ("127.0.0.1", 80),
        "headers": list(headers),
        "state": {} if user is None else {"proxied_user": user},
    }


def proof(kind: str, *headers: tuple[bytes, bytes], user: str | None = None) -> Proof | None:
    hub = LiveHub()
    context = context_of(hub, _Database(hub, ChangeKind.HEARTBEAT))
    return proof_of(HTTPConnection(scope_of(kind, HOST, *headers, user=user)), context)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_token_counts_before_the_proxy_and_the_proxy_before_a_cookie(kind: str) -> None:
    token = (b"authorization", b"Bearer keeper_pat_x")
    user = "ann@example.org"
    address, session = Proof(ProofKind.ADDRESS, user), Proof(ProofKind.SESSION, "abc")
    assert proof(kind, token, COOKIE, user=user) == TOKEN
    assert proof(kind, (b"authorization", b"Basic x"), COOKIE, ORIGIN, user=user) is None
    assert proof(kind, COOKIE, ORIGIN, user=user) == address
    assert proof(kind, ORIGIN, user=user) == address
    assert proof(kind, COOKIE, ORIGIN) == session
    assert proof(kind, ORIGIN) is None


@pytest.mark.parametrize("headers", [(), ((b"origin", b"https://evil.example"),)])
def test_another_site_opens_no_websocket_with_what_the_browser_has(
    headers: tuple[tuple[bytes, bytes], ...],
) -> None:
    assert proof("websocket", COOKIE, *headers) is None
    assert proof("websocket", *headers, user="ann@example.org") is None
