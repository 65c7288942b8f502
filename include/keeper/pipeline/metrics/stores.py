"""Numbers that PostgreSQL and Kafka hold: read at most so often, whoever asks."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from threading import Lock
from typing import Final

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from keeper.errors import KeeperError
from keeper.pipeline.metrics import definitions as of

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Source:
    """Where numbers are read from.

    Attributes:
        name: Its name, as the label `source`.
        read: Reads all of them.
    """

    name: str
    read: Callable[[], Iterable[Metric]]
    problem: str | None = field(default=None, init=False)

    def numbers(self) -> list[Metric] | None:
        """Read them; None if it does not answer, which is logged when it begins."""
        try:
            found = list(self.read())
        except KeeperError as error:
            if str(error) != self.problem:
                _LOG.warning("no numbers of %s: %s", self.name, error)
            self.problem = str(error)
            return None
        self.problem = None
        return found


class StoreNumbers(Collector):
    """Numbers of several sources, of which one that is away leaves out its own alone."""

    def __init__(
        self,
        sources: Iterable[Source],
        *,
        every_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the sources when somebody asks, not more often than every so many seconds."""
        self._sources = tuple(sources)
        self._every_s = every_s
        self._clock = clock
        self._read_at: float | None = None
        self._numbers: list[Metric] = []
        # Prometheus and a person may ask at once.
        self._lock = Lock()

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        # Before the lock: who waits for another's reading takes what it has read.
        asked_at = self._clock()
        with self._lock:
            if self._read_at is None or asked_at - self._read_at >= self._every_s:
                self._numbers = list(self._read())
                self._read_at = self._clock()
            numbers = self._numbers
        yield from numbers

    def _read(self) -> Iterator[Metric]:
        yield of.BUILD.of([((version("keeper"),), 1)])
        up: list[tuple[tuple[str, ...], float]] = []
        took: list[tuple[tuple[str, ...], float]] = []
        for source in self._sources:
            began = self._clock()
            numbers = source.numbers()
            took.append(((source.name,), self._clock() - began))
            up.append(((source.name,), float(numbers is not None)))
            yield from numbers or ()
        yield of.SOURCE_UP.of(up)
        yield of.SOURCE_READ_SECONDS.of(took)
