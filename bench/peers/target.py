"""The table the peers load, and how fast it fills."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.registry import SkippedError
from keeper.stores.postgres.connection import PostgresConfig, session

TABLE = "peer_prices"
MAKE_TABLE = """
CREATE TABLE peer_prices (
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    "timestamp" timestamptz NOT NULL,
    price_minor bigint,
    shipping_minor bigint,
    currency text NOT NULL,
    implausible boolean NOT NULL,
    source text NOT NULL,
    run_id text NOT NULL,
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (asin, domain, price_type, "timestamp")
)
"""
_GIVEN_UP_S = 300
_LOOK_S = 0.25


def jdbc_url(config: PostgresConfig) -> tuple[str, str, str]:
    """Return a database's address for JDBC, and its user and password."""
    url = urlsplit(config.url)
    address = f"jdbc:postgresql://{url.hostname}:{url.port}{url.path}?reWriteBatchedInserts=true"
    return address, url.username or "", url.password or ""


def seconds_to_fill(
    config: PostgresConfig, rows: int, running: subprocess.Popen[bytes], log: Path
) -> float:
    """Return how long a peer takes for so many rows at the pace it has once rows come.

    What it does before its first rows are there (its start, its first poll) does not count.

    Raises:
        SkippedError: The peer ended or fell silent; says where its log is.
    """
    first: tuple[float, int] | None = None
    last, changed_at = 0, time.perf_counter()
    with session(config) as connection:
        while True:
            found = connection.execute("SELECT count(*) AS n FROM peer_prices").fetchone()
            now, count = time.perf_counter(), found["n"] if found else 0
            if count != last:
                last, changed_at = count, now
            if count and first is None:
                first = now, count
            if first is not None and count >= rows:
                return (now - first[0]) * rows / max(rows - first[1], 1)
            if now - changed_at > _GIVEN_UP_S or (running.poll() is not None and not count):
                raise SkippedError(f"no more rows come, see {log}")
            time.sleep(_LOOK_S)  # between two counts, which cost PostgreSQL something too


@contextmanager
def process(
    command: list[str], *, cwd: Path, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the block, and end it and all it started."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield running
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(running.pid, number)
                running.wait(20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
