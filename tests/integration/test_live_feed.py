"""What changes, live: by the stream and by the WebSocket, on a real console."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from keeper.console.cache.reads import ReadCache
from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from tests.console_server import ANN, BEN, BOSS, Console
from tests.relaying import caching_console, quick, relaying, trusted
from tests.stored_prices import store_current_price
from tests.waiting import HUNG_AFTER_S

pytestmark = pytest.mark.services
AT = datetime(2026, 3, 1, tzinfo=UTC)
PROXIED = "Remote-Email"
MINE, OTHERS = "B000000001", "B000000002"
READS = (Scope.PRICES_READ, Scope.WATCHES_READ)


@pytest.fixture
def console(
    database: PostgresConfig, connection: Connection, kafka: KafkaConfig, topic: str
) -> Iterator[Console]:
    for asin in (MINE, OTHERS):
        store_current_price(connection, asin, at=AT, price=100)
    with ExitStack() as running:
        running.enter_context(relaying(quick(database, kafka, topic)))
        served: tuple[Console, ReadCache] = running.enter_context(
            caching_console(database, connection, kafka, topic, proxy_user_header=PROXIED)
        )
        trusted(served[1])
        console = served[0]
        for email in (ANN, BEN):
            console.user(email)
        save_watches(connection, ANN, [Watch(MINE, "us", "NEW", 1000)])
        yield console


def set_price(connection: Connection, asin: str, price: int) -> None:
    connection.execute("UPDATE price_series SET price_minor = %s WHERE asin = %s", (price, asin))


def frames(text: str) -> list[dict[str, str]]:
    """Return the events of a stream."""
    blocks = [block.splitlines() for block in text.split("\n\n") if "event: " in block]
    return [dict(line.split(": ", 1) for line in block if line[0] != ":") for block in blocks]


def streamed(client: httpx.Client, **parameters: int) -> list[tuple[str, Any]]:
    answer = client.get("/api/v1/events", params={"seconds": 0, **parameters})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    return [(one["event"], json.loads(one["data"]).get("ids")) for one in frames(answer.text)]


def position(client: httpx.Client, **parameters: int) -> int:
    """Return the id that a stream begins with."""
    text = client.get("/api/v1/events", params={"seconds": 0, **parameters}).text
    line = next(line for line in text.splitlines() if line.startswith("id: "))
    return int(line.removeprefix("id: "))


def url(console: Console) -> str:
    return console.url.replace("http", "ws", 1) + "/api/v1/feed"


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(work(), HUNG_AFTER_S)

    asyncio.run(limited())


async def received(socket: ClientConnection, event: str) -> dict[str, Any]:
    """Return the next message of a kind."""
    while True:
        said: dict[str, Any] = json.loads(await socket.recv())
        if said["event"] == event:
            return said


def test_a_stream_that_comes_again_gets_what_came_meanwhile_of_ones_own(
    console: Console, connection: Connection
) -> None:
    ann, ben, boss = (console.program(one, Scope.PRICES_READ) for one in (ANN, BEN, BOSS))
    began = position(ann)
    set_price(connection, OTHERS, 200)
    set_price(connection, MINE, 300)

    async def until_mine() -> None:
        async with (
            httpx.AsyncClient(base_url=console.url, headers=ann.headers) as client,
            client.stream("GET", "/api/v1/events", params={"after": began}) as answer,
        ):
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and f"us/{MINE}" in line:
                    return

    run(until_mine)
    # Who is cut off before the first event goes on from where they were.
    assert position(ann, after=began) == began
    product = ("product", [f"us/{MINE}"])
    assert streamed(ann, after=began) == [product, ("reconnect", None)]
    assert streamed(ben, after=began) == [("reconnect", None)]
    assert {one for _, ids in streamed(boss, after=began) for one in ids or ()} == {
        f"us/{MINE}",
        f"us/{OTHERS}",
    }
    # The browser's own header says the same; a token without the scope is sent nothing of it.
    again = ann.get("/api/v1/events?seconds=0", headers={"Last-Event-ID": str(began)})
    assert f"us/{MINE}" in again.text
    poor = console.program(ANN, Scope.DEALS_READ)
    assert streamed(poor, after=began) == [("reconnect", None)]
    assert streamed(ann, after=2**40) == [("reset", None), ("reconnect", None)]
    farthest = position(ann, after=2**63 - 1)
    again = ann.get("/api/v1/events?seconds=0", headers={"Last-Event-ID": str(farthest)})
    assert "event: reset" in again.text
    assert console.nobody().get("/api/v1/events").status_code == 401


def test_a_websocket_sends_ones_own_changes_and_ends_with_the_token(
    console: Console, connection: Connection
) -> None:
    token = console.token(ANN, *READS)

    async def work() -> None:
        header = {"Authorization": f"Bearer {token}"}
        async with connect(url(console), additional_headers=header, proxy=None) as socket:
            ready = await received(socket, "ready")
            set_price(connection, OTHERS, 400)
            set_price(connection, MINE, 500)
            product = await received(socket, "product")
            assert product["ids"] == [f"us/{MINE}"]
            async with connect(url(console), proxy=None) as later:
                await later.send(json.dumps({"token": token, "after": ready["id"]}))
                assert await received(later, "ready") == ready
                assert await received(later, "product") == product
            save_watches(connection, ANN, [Watch(OTHERS, "us", "NEW", 1000)])
            await received(socket, "watch")
            # From when the console has read the list again, the new product is seen.
            for price in range(600, 10_000):
                set_price(connection, OTHERS, price)
                try:
                    said = await asyncio.wait_for(received(socket, "product"), 0.2)
                except TimeoutError:
                    continue
                assert said["ids"] == [f"us/{OTHERS}"]
                break
            connection.execute("UPDATE api_tokens SET revoked_at = created_at")
            with pytest.raises(ConnectionClosed):
                await received(socket, "never")
            assert socket.close_code == 4408

    run(work)


def test_a_websocket_is_refused_without_a_proof_and_to_other_sites(console: Console) -> None:
    browser = console.browser(ANN)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    async def code(first: str | None, **headers: str) -> int:
        async with connect(url(console), additional_headers=headers, proxy=None) as socket:
            if first is not None:
                await socket.send(first)
            try:
                await received(socket, "ready")
            except ConnectionClosed:
                return socket.close_code or 0
        return 0

    async def work() -> None:
        assert await code(None, Cookie=cookie, Origin=console.url) == 0
        assert await code("{}", Cookie=cookie, Origin="https://evil.example") == 4400
        assert await code("{}", Cookie=cookie) == 4400
        assert await code('{"token": "keeper_pat_x"}') == 4401
        assert await code("no json") == 4400
        assert await code('{"token": 7}') == 4400
        assert await code('["token"]') == 4400
        assert await code("{}", Authorization="Basic x") == 4400

    run(work)


async def opened(console: Console, address: str, **headers: str) -> list[str] | int:
    """Return what is sent of a change to both products, or the code of the refusal."""
    connection = console.connection
    async with connect(address, additional_headers=headers, proxy=None) as socket:
        try:
            await received(socket, "ready")
            for asin in (OTHERS, MINE):
                connection.execute(
                    "UPDATE price_series SET price_minor = price_minor + 1 WHERE asin = %s", (asin,)
                )
            said: dict[str, Any] = await received(socket, "product")
        except ConnectionClosed:
            return socket.close_code or 0
        else:
            return sorted(said["ids"])


def ticket(client: httpx.Client) -> str:
    answer = client.post("/api/v1/feed/tickets", headers={"Idempotency-Key": "the same"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.json()["ticket"])


def test_a_ticket_opens_once_what_its_maker_may_see(
    console: Console, connection: Connection
) -> None:
    ann = console.program(ANN, *READS)
    browser = console.browser(BEN)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    first, late, poor, again = (
        *(ticket(ann), ticket(ann)),
        *(ticket(console.program(ANN, Scope.DEALS_READ)), ticket(browser)),
    )
    digests = connection.execute("SELECT digest FROM feed_tickets").fetchall()
    assert len({first, late, poor, again}) == len(digests) == 4
    assert first.encode() not in {bytes(row["digest"]) for row in digests}

    async def work() -> None:
        begin = f"{url(console)}?ticket="
        # From whatever page, and whoever else has signed in in that browser.
        elsewhere = {"Origin": "https://elsewhere.example", "Cookie": cookie}
        assert await opened(console, begin + first, **elsewhere) == [f"us/{MINE}"]
        assert await opened(console, begin + first) == 4401
        assert await opened(console, begin + "0" * 40, **elsewhere) == 4401
        assert await opened(console, begin + "x") == 4401
        # Its token sees no prices; nor does Ben watch anything.
        for one in (poor, again):
            async with connect(begin + one, proxy=None) as socket:
                ready = await received(socket, "ready")
                set_price(connection, MINE, 900 + len(one))
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(received(socket, "product"), 0.5)
                assert ready["ids"] is None
        console.clock.move(seconds=31)
        assert await opened(console, begin + late) == 4401
        revoked = ticket(ann)
        connection.execute("UPDATE api_tokens SET revoked_at = created_at")
        assert await opened(console, begin + revoked) == 4401

    run(work)
    left = connection.execute("SELECT count(*)::int AS n FROM feed_tickets").fetchone()
    # The one that expired went when another was made; each other by its use.
    assert left == {"n": 0}
    assert console.nobody().post("/api/v1/feed/tickets").status_code == 401


def test_what_a_ticket_has_opened_ends_with_its_session(
    console: Console, connection: Connection
) -> None:
    browser = console.browser(ANN)
    by_session = ticket(browser)
    by_proxy = ticket(console.nobody({PROXIED: ANN, "Origin": console.url}))

    async def work() -> None:
        assert await opened(console, f"{url(console)}?ticket={by_proxy}") == [f"us/{MINE}"]
        async with connect(f"{url(console)}?ticket={by_session}", proxy=None) as socket:
            await received(socket, "ready")
            connection.execute("DELETE FROM sessions")
            with pytest.raises(ConnectionClosed):
                await received(socket, "never")
            assert socket.close_code == 4408

    run(work)


def test_who_has_signed_in_at_a_trusted_proxy_watches_as_themselves(
    console: Console, connection: Connection
) -> None:
    began = position(console.nobody({PROXIED: ANN}))
    set_price(connection, MINE, 700)
    # The browser still has the cookie of somebody who used it before.
    shared = console.browser(BEN)
    cookie = "; ".join(f"{name}={value}" for name, value in shared.cookies.items())

    async def first(**headers: str) -> dict[str, Any]:
        address = f"{url(console)}?after={began}"
        async with connect(address, additional_headers=headers, proxy=None) as socket:
            return await received(socket, "product")

    async def refused(**headers: str) -> int:
        async with connect(url(console), additional_headers=headers, proxy=None) as socket:
            await socket.send("{}")
            with pytest.raises(ConnectionClosed):
                await received(socket, "ready")
            return socket.close_code or 0

    async def work() -> None:
        here = {"Origin": console.url, "Cookie": cookie}
        said = await first(**here, **{PROXIED: ANN})
        assert said["ids"] == [f"us/{MINE}"]
        assert await refused(**{PROXIED: ANN, "Origin": "https://evil.example"}) == 4400
        assert await refused(**here, **{PROXIED: "stranger@example.org"}) == 4401

    run(work)
    product = ("product", [f"us/{MINE}"])
    for client in (console.nobody({PROXIED: ANN}), shared):
        client.headers[PROXIED] = ANN
        events = streamed(client, after=began)
        # The relay may publish the watch that this test began with after the place was read.
        assert [one for one in events if one[0] != "watch"] == [product, ("reconnect", None)]
    shared.headers[PROXIED] = "stranger@example.org"
    assert shared.get("/api/v1/events").status_code == 401
