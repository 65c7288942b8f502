"""The Keepa simulator on a port of this machine, for tests of what talks to it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from keeper.clock import Clock, utc_now
from keeper.domain.locales import locale_of
from keeper.domain.watches.watch import Watch
from keeper.pipeline.watches.csv_file import RowError, WatchRow, read_watches
from keeper.settings import SIMULATOR_KEY
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.api.recordings import Recordings
from keeper.simulator.api.server import build_app
from keeper.simulator.api.token_bucket import TokenBucket
from keeper.simulator.faults.plan import FaultPlan
from keeper.simulator.products import catalogue
from keeper.simulator.products.catalogue import Catalogue, SuggestedWatch
from keeper.simulator.products.clock import CatalogueClock, ClockMode
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig
from tests.asgi_server import PLAIN, serving

AT = datetime(2026, 3, 1, tzinfo=UTC)
"""Where the simulator's clock is held."""
SEED = 1
PRODUCTS = 2_000
CATALOGUE = Catalogue(SEED, PRODUCTS)
"""Everybody's: it follows from its seed, and remembers what it has made."""


@dataclass(frozen=True)
class Simulator:
    """A running simulator."""

    url: str

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Set something by the admin endpoints."""
        with httpx.Client(timeout=10, trust_env=False, verify=PLAIN) as client:
            client.post(f"{self.url}/simulator/{path}", json=body).raise_for_status()

    def config(self, key: str = "simulator") -> KeepaConfig:
        """Return the configuration of a client that asks this simulator."""
        return KeepaConfig(SecretStr(key), self.url, "simulator", timeout_s=20, max_attempts=2)

    def client(self, key: str = "simulator") -> KeepaClient:
        """Return a Keepa client that asks this simulator and never waits between attempts."""
        return KeepaClient(self.config(key), sleep=lambda _: None)


def keeper_command(*words: str) -> list[str]:
    """Return the product's command as a test can start it."""
    return [sys.executable, "-c", "from keeper.cli import main; main()", *words]


@contextmanager
def simulators() -> Iterator[Callable[..., Simulator]]:
    """Give what starts simulators as `keeper simulate-keepa` does, their clocks held.

    Tokens are refilled by a clock of their own, which runs unless another is given.
    """
    with ExitStack() as running:

        def start(
            *,
            refill_rate: int = 20,
            recordings: Path | None = None,
            key: str = SIMULATOR_KEY,
            at: datetime = AT,
            clock: Clock = utc_now,
        ) -> Simulator:
            api = KeepaApi(
                catalogue=CATALOGUE,
                clock=CatalogueClock(ClockMode.HOLD, at),
                bucket=TokenBucket(refill_rate, clock),
                keys=(key,),
                recordings=Recordings(recordings),
                faults=FaultPlan(SEED),
            )
            return Simulator(running.enter_context(serving(build_app(api))))

        yield start


@pytest.fixture
def simulate() -> Iterator[Callable[..., Simulator]]:
    """Starts simulators for the test."""
    with simulators() as start:
        yield start


def watch_list(products: int) -> list[Watch]:
    """Return watches of the simulator's own catalogue."""
    return list(_watches(products))


@cache
def _watches(products: int) -> tuple[Watch, ...]:
    locales = [locale_of(name) for name in ("us", "de", "jp")]
    suggested = catalogue.watch_list(SEED, PRODUCTS, locales, products, AT)
    lines = [",".join(SuggestedWatch._fields)] + [",".join(map(str, one)) for one in suggested]
    rows = list(read_watches("\n".join(lines).encode()))
    assert not [row for row in rows if isinstance(row, RowError)]
    return tuple(row.watch for row in rows if isinstance(row, WatchRow))
