"""What a run did, in one line for people: in the last task's log and result."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from airflow.sdk import get_current_context

from keeper.orchestration.runs.reports import SUMMARY, unfinished_tasks

_LOG: Final = logging.getLogger(__name__)


def tell(line: str) -> None:
    """Write the running task's line to its log and beside its result."""
    _LOG.info("%s", line)
    get_current_context()["ti"].xcom_push(key=SUMMARY, value=line)


def conclude(ti: Any, line: str) -> str:
    """End a run: return its line, or fail where one of its tasks did.

    A run is judged by its last tasks alone; without this one it would pass whatever happened
    before a task that runs in any case.

    Args:
        ti: The last task's instance.
        line: What the run did.

    Raises:
        RunFailedError: Tasks failed or could not run; names them.
    """
    from keeper.pipeline.runs.finish import RunFailedError

    if unfinished := unfinished_tasks(ti):
        line = f"{line}; unfinished: {', '.join(unfinished)}"
    tell(line)
    if unfinished:
        raise RunFailedError(line)
    return line


def results_of(ti: Any, *task_ids: str) -> list[Any]:
    """Return what tasks that are not mapped have returned, None for those that did not."""
    return [ti.xcom_pull(task_ids=task_id) for task_id in task_ids]


def check_line(checked: Sequence[Mapping[str, list[str]] | None], delivered: str) -> str:
    """Return the line of `check_operations`: what is in trouble, and what became of the notices."""
    noted = [found for found in checked if found]
    trouble = [topic for found in noted for topic in found["trouble"]]
    over = [topic for found in noted for topic in found["over"]]
    parts = [f"in trouble: {', '.join(trouble)}" if trouble else "nothing is in trouble"]
    if over:
        parts.append(f"over: {', '.join(over)}")
    return "; ".join([*parts, delivered])


def delivery_line(outcomes: Mapping[str, int] | None) -> str:
    """Return what became of messages: `3 sent, 1 failed`."""
    told = [f"{count} {status.lower()}" for status, count in (outcomes or {}).items() if count]
    return ("messages: " + ", ".join(told)) if told else "no messages"


def report_line(written: Mapping[str, int] | None, delivered: str, published: int | None) -> str:
    """Return the line of `report_deals`."""
    reports, deals = (written["reports"], written["deals"]) if written else (0, 0)
    return f"{reports} reports with {deals} deals; {delivered}; {published or 0} deals published"


def mirror_line(found: Mapping[str, Any] | None, mirror: str) -> str:
    """Return what the comparison of prices or deals found."""
    if found is None:
        return f"{mirror}: not compared"
    wrong = ", ".join(
        f"{found[kind]} {kind}" for kind in ("missing", "outdated", "surplus", "refused")
    )
    return f"{mirror}: {found['different']} of {found['days']} days differ ({wrong})"


def storage_line(
    months: Sequence[str] | None,
    rolled_up: Mapping[str, Any] | None,
    rows: Mapping[str, int] | None,
    files: Mapping[str, Any] | None,
    logs: Sequence[str] | None,
    *,
    apply: bool,
) -> str:
    """Return the line of `maintain_storage`."""
    rolled = ", ".join(f"{count} {name}" for name, count in (rolled_up or {}).items())
    # Of each kind a count and the bytes it takes.
    kinds = list((files or {}).values())
    count = sum(n for kind in kinds for name, n in kind.items() if name != "bytes")
    return (
        f"{len(months or ())} new months; rolled up {rolled or 'nothing'}; "
        f"{sum((rows or {}).values())} rows, {count} replies, runs and folders "
        f"and {len(logs or ())} months of logs in Elasticsearch "
        f"{'dropped' if apply else 'are past their retention and were kept'}"
    )
