"""The Keepa simulator as a process of its own, for tests of what talks to it."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from keeper.domain.watches import Watch
from keeper.pipeline.watch_csv import RowError, read_watches
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig
from tests.services import free_port

AT = datetime(2026, 3, 1, tzinfo=UTC)
"""Where the simulator's clock is held."""


@dataclass(frozen=True)
class Simulator:
    """A running simulator."""

    url: str

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Set something by the admin endpoints."""
        httpx.post(f"{self.url}/simulator/{path}", json=body, timeout=10).raise_for_status()

    def config(self, key: str = "simulator") -> KeepaConfig:
        """Return the configuration of a client that asks this simulator."""
        return KeepaConfig(SecretStr(key), self.url, "simulator", timeout_s=20, max_attempts=2)

    def client(self, key: str = "simulator") -> KeepaClient:
        """Return a Keepa client that asks this simulator and never waits between attempts."""
        return KeepaClient(self.config(key), sleep=lambda _: None)


def keeper_command(*words: str) -> list[str]:
    """Return the product's command as a test can start it."""
    return [sys.executable, "-c", "from keeper.cli import main; main()", *words]


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Callable[..., Simulator]]:
    """Starts simulators with the given options, their clocks held at AT."""
    started = []

    def start(*options: str) -> Simulator:
        port = free_port()
        words = ("simulate-keepa", "--host", "127.0.0.1", "--port", str(port))
        clock = ("--clock", "hold", "--at", AT.isoformat())
        with (tmp_path / "simulator.log").open("wb") as log:
            process = subprocess.Popen(
                keeper_command(*words, *clock, *options), stdout=log, stderr=subprocess.STDOUT
            )
        started.append(process)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (tmp_path / "simulator.log").read_text()
            try:
                httpx.get(f"{url}/simulator/health", timeout=2).raise_for_status()
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the simulator does not answer"
                time.sleep(0.1)  # between two looks at a starting process; nothing to wait on
            else:
                return Simulator(url)

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=20)


def watch_list(products: int) -> list[Watch]:
    """Return watches of the simulator's own catalogue."""
    printed = subprocess.run(
        keeper_command("simulate-keepa", "--watch-list", str(products), "--at", AT.isoformat()),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = list(read_watches(iter(printed.splitlines(keepends=True))))  # type: ignore[arg-type]  # csv takes any iterable of lines
    assert not [row for row in rows if isinstance(row, RowError)]
    return [row for row in rows if isinstance(row, Watch)]
