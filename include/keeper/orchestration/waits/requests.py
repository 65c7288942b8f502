"""Waiting until a worker has carried out a request."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseSensorOperator, Context

from keeper.errors import TerminalError
from keeper.orchestration.airflow.operators import KeeperTask
from keeper.orchestration.triggers.requests import RequestEndedTrigger


class RequestFailedError(TerminalError):
    """A request failed, was cancelled, or nobody took it in time."""


class _RequestSensor(BaseSensorOperator):
    """Waits, deferred, until a request has ended, and returns what came of it.

    Args:
        request_id: Its number.
        worker: The command that carries it out, for the error's remedy.
        claimed_within_s: How long until a worker must have taken it.
        ended_within_s: How long it may take.
    """

    template_fields: Sequence[str] = ("request_id",)

    def __init__(
        self,
        *,
        request_id: Any,
        worker: str,
        claimed_within_s: float,
        ended_within_s: float,
        **kwargs: Any,
    ) -> None:
        """Prepare; see the class."""
        super().__init__(**kwargs)
        self.request_id = request_id
        self.worker = worker
        self.claimed_within_s = claimed_within_s
        self.ended_within_s = ended_within_s

    def execute(self, context: Context) -> None:
        """Defer to the trigger."""
        now = time.time()
        self.defer(
            trigger=RequestEndedTrigger(
                int(self.request_id),
                claimed_before=now + self.claimed_within_s,
                ended_before=now + self.ended_within_s,
            ),
            method_name="resume",
        )

    def resume(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return what came of the request.

        Raises:
            RequestFailedError: Nothing did; says why.
        """
        if event["state"] == "done":
            result: dict[str, Any] = event["result"]
            return result
        raise RequestFailedError(
            f"request {self.request_id} {self._why(event)}; clear the task that asked to ask again"
        )

    def _why(self, event: Mapping[str, Any]) -> str:
        problem = f": {event['problem']}" if event["problem"] else ""
        if event["state"] is None:
            return f"is not known{problem}"
        if event["state"] in ("failed", "cancelled"):
            return f"has {event['state'].replace('cancelled', 'been cancelled')}{problem}"
        if not event["was_taken"]:
            return f"was taken by nobody; see that `{self.worker}` runs, and what its log says"
        if not event["attempts"]:
            return f"was begun and broken off, and has not ended{problem}"
        return f"has not ended after {event['attempts']} attempts{problem}"


class WaitForRequest(KeeperTask, _RequestSensor):
    """The wait as a task of Keeper's; see _RequestSensor for its arguments."""
