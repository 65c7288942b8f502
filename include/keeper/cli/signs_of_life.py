"""The file by which a side worker shows that it is alive and what it has done."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keeper.metrics import WorkerMetrics


@dataclass(frozen=True, slots=True)
class LastSign:
    """A worker's last sign of life: how many seconds ago, and its metrics if it has any."""

    age_s: float
    metrics: dict[str, Any] | None


class SignOfLife:
    """Leaves a worker's sign in the run directory, at most once a second."""

    def __init__(self, worker: str, metrics: WorkerMetrics | None = None) -> None:
        """Leave the first sign."""
        self._path = path_of(worker)
        self._metrics = metrics
        self._last = 0.0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.beat()

    def beat(self) -> None:
        """Leave a sign, unless the last one is younger than a second."""
        now = time.monotonic()
        if self._last and now - self._last < 1:
            return
        self._last = now
        text = "" if self._metrics is None else json.dumps(self._metrics.snapshot())
        # Replaced whole: a reader never sees half of it.
        fresh = self._path.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self._path)


def path_of(worker: str) -> Path:
    """Return where a worker leaves its sign."""
    from keeper.settings import load_settings

    return Path(load_settings().keeper_run_dir) / f"{worker}.alive"


def last_sign(worker: str) -> LastSign | None:
    """Return a worker's last sign of life, None if it never gave one."""
    path = path_of(worker)
    try:
        left, text = path.stat().st_mtime, path.read_text()
    except FileNotFoundError:
        return None
    return LastSign(time.time() - left, json.loads(text) if text else None)
