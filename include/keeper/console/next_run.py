"""When prices are checked next: Airflow's answer, asked at most once a minute for everybody."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.clock import Clock
from keeper.console.operations import Operations
from keeper.errors import KeeperError
from keeper.pipeline.prices.ask_check import next_checks_at
from keeper.sources.airflow.api import AirflowApi

_LOG: Final = logging.getLogger(__name__)
_KEPT_FOR: Final = timedelta(seconds=60)
_WAIT_S: Final = 1.0


@dataclass(slots=True)
class NextRun:
    """Knows when prices are checked next.

    What is known is kept for a minute. Who asks waits a second at most: while Airflow is asked they
    get what was known before.
    """

    _at: datetime | None = None
    _asked_at: datetime | None = None
    _asking: asyncio.Task[None] | None = None

    async def find(
        self, airflow: AirflowApi | None, operations: Operations, clock: Clock
    ) -> datetime | None:
        """Return when that is; None if it is paused, or nobody knows."""
        if airflow is None:
            return None
        now = clock()
        is_known = self._asked_at is not None and self._asked_at <= now < self._asked_at + _KEPT_FOR
        if not is_known and self._asking is None:
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask(airflow, operations))
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=_WAIT_S)
        # One that should have begun says nothing of the next.
        return self._at if self._at is not None and self._at > now else None

    async def _ask(self, airflow: AirflowApi, operations: Operations) -> None:
        try:
            self._at = await operations.of_runs(lambda: next_checks_at(airflow))
        except KeeperError as error:
            _LOG.info("it is not known when prices are checked next: %s", error)
            self._at = None
        finally:
            self._asking = None
