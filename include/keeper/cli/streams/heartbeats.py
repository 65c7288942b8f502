"""How a side worker shows that it lives, waits and what it has done: in a file, to Prometheus."""

import json
import logging
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keeper.metrics import Wait, Waits, WorkerMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client.registry import Collector

    from keeper.pipeline.metrics.workers import WorkerNumbers

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LastHeartbeat:
    """A worker's last heartbeat.

    Attributes:
        age_s: How many seconds ago.
        waits: What it waited for then, the longest first; nothing if it was ready.
        metrics: What it had done, if it counts.
    """

    age_s: float
    waits: tuple[Wait, ...]
    metrics: dict[str, Any] | None

    def says(self) -> list[str]:
        """Return what it waited for and since when, a sentence each."""
        return [
            f"waits since {datetime.fromtimestamp(wait.since, UTC):%Y-%m-%d %H:%M:%S} UTC: "
            f"{wait.why}"
            for wait in self.waits
        ]


class HeartbeatWriter:
    """Leaves a worker's sign in the run directory, at most once a second.

    Where KEEPER_METRICS_LISTEN says, it shows the worker's numbers to Prometheus too. A worker that
    cannot be shown works all the same: Prometheus sees that it is not there.
    """

    def __init__(
        self,
        worker: str,
        waits: Waits,
        metrics: WorkerMetrics | None = None,
        *,
        beside: "Sequence[Collector]" = (),
    ) -> None:
        """Leave the first sign.

        Args:
            worker: The worker's name.
            waits: What it waits for.
            metrics: What it has done, if it counts.
            beside: Shown to Prometheus beside its own numbers; that is this worker's work.

        Raises:
            CannotListenError: `beside` cannot be shown where KEEPER_METRICS_LISTEN says.
        """
        self._path = path_of(worker)
        self._waits = waits
        self._metrics = metrics
        self._last = 0.0
        self._problem: str | None = None
        self._numbers = _shown(worker, waits, metrics, beside)
        self.beat()

    def beat(self) -> None:
        """Leave a sign, unless the last one is younger than a second.

        A full disk ends no work: the worker goes on without a sign and says so once.
        """
        now = time.monotonic()
        if self._last and now - self._last < 1:
            return
        self._last = now
        if self._numbers is not None:
            self._numbers.beat_at = time.time()
        text = json.dumps(
            {
                "waits": [asdict(wait) for wait in self._waits.snapshot()],
                "metrics": None if self._metrics is None else self._metrics.snapshot(),
            }
        )
        # Replaced whole: a reader never sees half of it.
        fresh = self._path.with_suffix(".fresh")
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text)
            fresh.replace(self._path)
        except OSError as error:
            if str(error) != self._problem:
                _LOG.warning("no heartbeat can be left (%s); the work goes on", error)
            self._problem = str(error)
        else:
            self._problem = None


def _shown(
    worker: str, waits: Waits, metrics: WorkerMetrics | None, beside: "Sequence[Collector]"
) -> "WorkerNumbers | None":
    """Show a worker's numbers to Prometheus, if they are asked for."""
    from keeper.settings import load_settings

    address = load_settings().metrics.host_and_port
    if address is None:
        return None
    # Only those pay who want to know.
    from keeper.cli.streams.metrics_server import CannotListenError, show_metrics
    from keeper.pipeline.metrics.workers import WorkerNumbers

    numbers = WorkerNumbers(worker, waits, metrics)
    try:
        show_metrics(address, [numbers, *beside])
    except CannotListenError as error:
        if beside:
            raise
        _LOG.warning("%s; the work goes on", error)
        return None
    return numbers


def path_of(worker: str) -> Path:
    """Return where a worker leaves its sign."""
    from keeper.settings import load_settings

    return Path(load_settings().folders.run_dir) / f"{worker}.alive"


def workers_seen() -> list[str]:
    """Return the workers that ever gave a sign in this run directory."""
    return sorted(path.stem for path in path_of("any").parent.glob("*.alive"))


def last_heartbeat(worker: str) -> LastHeartbeat | None:
    """Return a worker's last heartbeat, None if it never gave one."""
    return heartbeat_in(path_of(worker))


def heartbeat_in(path: Path) -> LastHeartbeat | None:
    """Return the heartbeat a worker has left in a file, None if there is no such file."""
    try:
        left, text = path.stat().st_mtime, path.read_text()
    except FileNotFoundError:
        return None
    try:
        said = json.loads(text)
        waits = tuple(Wait(**wait) for wait in said["waits"])
        metrics = said["metrics"]
    except (ValueError, LookupError, TypeError):
        # A worker of another version left it: that it lives is all it says.
        waits, metrics = (), None
    return LastHeartbeat(time.time() - left, waits, metrics)
