"""Waiting for a worker that carries out a request, without a worker of Airflow's."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection
from airflow.triggers.base import BaseTrigger, TriggerEvent

from keeper.errors import TransientError
from keeper.orchestration.airflow.connections import POSTGRES_CONN, postgres_config

if TYPE_CHECKING:
    from keeper.stores.postgres.connection import PostgresConfig
    from keeper.stores.postgres.requests.queue import Standing


class RequestEndedTrigger(BaseTrigger):
    """Fires once a worker has ended a request, or the time is up.

    The event is `{"state": str | None, "attempts": int, "was_taken": bool, "result": … | None,
    "problem": str | None}` with the request's own state then, None if it is not there.
    """

    def __init__(
        self,
        request_id: int,
        claimed_before: float,
        ended_before: float,
        poll_interval_s: float = 5.0,
    ) -> None:
        """Wait for a worker, and its end, until these moments, in seconds since the epoch."""
        super().__init__()  # type: ignore[no-untyped-call]  # BaseTrigger is not annotated
        self.request_id = request_id
        self.claimed_before = claimed_before
        self.ended_before = ended_before
        self.poll_interval_s = poll_interval_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "request_id": self.request_id,
                "claimed_before": self.claimed_before,
                "ended_before": self.ended_before,
                "poll_interval_s": self.poll_interval_s,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until the request has ended or a moment has passed."""
        config = postgres_config(await Connection.async_get(POSTGRES_CONN))
        while True:
            problem, found = None, None
            try:
                found = await asyncio.to_thread(self._standing, config)
            except TransientError as error:
                problem = str(error)
            if (found is None and problem is None) or self._is_over(found):
                yield TriggerEvent(
                    {
                        "state": found and found.state.value,
                        "attempts": found.attempts if found else 0,
                        "was_taken": found is not None and found.was_taken,
                        "result": found and found.result,
                        "problem": found.problem if found else problem,
                    }
                )
                return
            # Between two looks: the worker that carries it out gives no sign of it.
            await asyncio.sleep(self.poll_interval_s)

    def _standing(self, config: "PostgresConfig") -> "Standing | None":
        # Who reads the DAGs, which name this trigger, needs no client of PostgreSQL.
        from keeper.stores.postgres.connection import session
        from keeper.stores.postgres.requests.queue import standing_of

        with session(config) as connection:
            return standing_of(connection, self.request_id)

    def _is_over(self, found: "Standing | None") -> bool:
        now = time.time()
        if now >= self.ended_before or (found is not None and found.state.has_ended):
            return True
        return found is not None and not found.was_taken and now >= self.claimed_before
