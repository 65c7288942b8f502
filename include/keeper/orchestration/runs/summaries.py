"""What a run did, in one line for people: in the last task's log and result."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from airflow.sdk import get_current_context

from keeper.orchestration.airflow.task_states import first_cause, unfinished_tasks
from keeper.orchestration.runs.reports import SUMMARY

_LOG: Final = logging.getLogger(__name__)


def report_line(line: str) -> None:
    """Write the running task's line to its log and beside its result."""
    _LOG.info("%s", line)
    get_current_context()["ti"].xcom_push(key=SUMMARY, value=line)


def conclude(ti: Any, line: str) -> str:
    """End a run: return its line, or fail where one of its tasks did.

    Airflow takes a run's state from its last tasks alone; without this one it would pass whatever
    happened before a task that runs in any case.

    Args:
        ti: The last task's instance.
        line: What the run did.

    Raises:
        RunFailedError: Tasks failed or could not run; says which failed first, and why.
    """
    from keeper.pipeline.runs.finish import RunFailedError

    if unfinished := unfinished_tasks(ti):
        cause = first_cause(ti, unfinished) or f"unfinished: {', '.join(unfinished)}"
        line = f"{line}; {cause}"
    report_line(line)
    if unfinished:
        raise RunFailedError(line)
    return line


def delivery_line(outcomes: Mapping[str, int] | None) -> str:
    """Return what became of messages: `3 sent, 1 failed`."""
    counted = [f"{count} {status.lower()}" for status, count in (outcomes or {}).items() if count]
    return ("messages: " + ", ".join(counted)) if counted else "no messages"
