"""How many reads one console answers from its cache, and how soon a commit is in an answer."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from statistics import quantiles
from typing import Final

from bench.console import served_console
from bench.fresh import fresh_database
from bench.registry import Run, Values, benchmark
from keeper.pipeline.changes.relay import Relay
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import KEEPER_CHANGES

_ASIN: Final = "B000000001"
_CONNECTIONS: Final = 8
_PROCESSES: Final = get_context("spawn")
_PREPARE: Final = """
INSERT INTO price_origins (run_id, source) VALUES ('bench', 'simulator');
INSERT INTO price_series (asin, domain, price_type, currency, observed_at, last_checked_at,
    price_minor, origin_id)
SELECT 'B000000001', 'us', t, 'USD', now(), now(), 1, origin_id
FROM price_origins, unnest('{NEW,AMAZON,USED,BUY_BOX_SHIPPING}'::text[]) AS t;
INSERT INTO products (asin, domain, title, source, described_at)
VALUES ('B000000001', 'us', 'A kettle', 'keepa', now());
"""


@benchmark
def cached_reads(run: Run) -> Values:
    """Cached product reads a second of processor time, and from a COMMIT to the first new read."""
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    make_topics(kafka.admin(), (KEEPER_CHANGES,))
    reads, updates = run.size(60_000, 500), run.size(500, 20)
    with fresh_database(environment["DATABASE_URL"]) as database, session(database) as connection:
        connection.execute(_PREPARE)
        with (
            _relaying(database, kafka),
            served_console(database, connection, environment) as console,
        ):
            port, request = console.port, _request(console.port, console.token)
            while asyncio.run(_is_slow(port, request)):
                time.sleep(0.2)
            before, started = console.cpu_s(), time.perf_counter()
            waited = asyncio.run(_read(port, request, reads))
            took, used = time.perf_counter() - started, console.cpu_s() - before
            run.say(f"{reads / took:,.0f} reads a second, {used / took:.2f} of a core")
            fresh = asyncio.run(_update(connection, port, request, updates))
    return {
        "api_hot_reads_per_s": reads / used,
        "api_hot_reads_p99_ms": quantiles(waited, n=100)[98] * 1000,
        "invalidation_p50_ms": quantiles(fresh, n=100)[49] * 1000,
        "invalidation_p99_ms": quantiles(fresh, n=100)[98] * 1000,
    }


@contextmanager
def _relaying(database: PostgresConfig, kafka: KafkaConfig) -> Iterator[None]:
    """Run a relay in a process of its own."""
    relay = _PROCESSES.Process(target=_relay, args=(database, kafka), daemon=True)
    relay.start()
    try:
        yield
    finally:
        relay.terminate()
        relay.join()


def _relay(database: PostgresConfig, kafka: KafkaConfig) -> None:
    Relay(database, kafka).run(stopped=lambda: False, wait=time.sleep)


def _request(port: int, token: str) -> bytes:
    return (
        f"GET /api/v1/prices/{_ASIN} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """Return the body of an answer."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length))


async def _is_slow(port: int, request: bytes) -> bool:
    """Return whether answers do not come from the cache yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(20):
        await _ask(reader, writer, request)
    started = time.perf_counter()
    for _ in range(20):
        await _ask(reader, writer, request)
    took = time.perf_counter() - started
    writer.close()
    # A read of the database takes more than a millisecond.
    return took > 0.05


async def _read(port: int, request: bytes, reads: int) -> list[float]:
    """Read over a few connections at once; return how long each read took."""
    waited: list[float] = []

    async def read(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            started = time.perf_counter()
            await _ask(reader, writer, request)
            waited.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(read(reads // _CONNECTIONS) for _ in range(_CONNECTIONS)))
    return waited


async def _update(connection: Connection, port: int, request: bytes, updates: int) -> list[float]:
    """Change the price again and again; return how long after each commit an answer had it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waited = []
    for price in range(10_001, 10_001 + updates):
        connection.execute("UPDATE price_series SET price_minor = %s", (price,))
        committed = time.perf_counter()
        wanted = f'"minor":{price}'.encode()
        while wanted not in await _ask(reader, writer, request):
            pass
        waited.append(time.perf_counter() - committed)
    writer.close()
    return waited
