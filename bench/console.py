"""`keeper console` in a process of its own, as benchmarks of the API ask it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from keeper.domain.users.access import Role, Scope
from keeper.pipeline.users.accounts import add_user
from keeper.pipeline.users.api_tokens import make_token
from keeper.pipeline.users.audit import COMMAND
from keeper.stores.postgres.connection import Connection, PostgresConfig

_STARTS_WITHIN_S: Final = 60
_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_CLOCKS: Final = slice(11, 13)
"""User's and system's time of a process, after its name in /proc/…/stat."""


@dataclass(frozen=True, slots=True)
class ServedConsole:
    """A console that serves on this machine.

    Attributes:
        port: Where.
        pid: Its one process.
        token: An API token that may read prices.
    """

    port: int
    pid: int
    token: str

    def cpu_s(self) -> float:
        """Return how much processor time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return sum(map(int, fields[_CLOCKS])) / _TICKS_A_SECOND

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Give a client with the token."""
        with httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
            timeout=30,
        ) as client:
            yield client


@contextmanager
def served_console(
    database: PostgresConfig, connection: Connection, environment: Mapping[str, str]
) -> Iterator[ServedConsole]:
    """Serve a database for the block.

    Args:
        database: Which.
        connection: To it, for a user and a token.
        environment: Where the other systems are, as settings.
    """
    token = _token(connection)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = "from keeper.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", start, "console", "--port", str(port)],
        env={**os.environ, **environment, "DATABASE_URL": database.url},
    )
    try:
        console = ServedConsole(port, process.pid, token)
        with console.client() as client:
            _wait_for(client)
        yield console
    finally:
        process.terminate()
        process.wait()


def _token(connection: Connection) -> str:
    at = datetime.now(UTC)
    account = add_user(
        connection, "bench@example.org", Role.READER, COMMAND, at=at, operators=frozenset()
    )
    made = make_token(
        connection,
        account,
        name="bench",
        scopes=(Scope.PRICES_READ,),
        days=1,
        doer=COMMAND,
        at=at,
    )
    return made.text


def _wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            client.get("/health/live").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
