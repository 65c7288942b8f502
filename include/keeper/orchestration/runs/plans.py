"""A run that may be a dry one: its first task plans it, or only says what it would do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from keeper.clock import utc_now
from keeper.orchestration.runs.names import run_name
from keeper.orchestration.runs.summaries import tell


def plan_or_tell(
    dag_run: Any,
    params: Mapping[str, Any],
    *,
    preview: Callable[..., str],
    plan: Callable[..., Sequence[Any]],
) -> list[dict[str, Any]]:
    """Plan a run and return its batches as plain values; none in a dry run, which only says.

    Args:
        dag_run: The run.
        params: `dry_run`, and what the caller makes of the others.
        preview: Says in one line what `plan` would do `at` a time, and changes nothing.
        plan: Plans a `run` of a `dag_id` that has `started_at` a time.
    """
    if params["dry_run"]:
        tell(f"dry run: {preview(at=utc_now())}")
        return []
    run = run_name(dag_run.dag_id, dag_run.run_id)
    batches = plan(run=run, dag_id=dag_run.dag_id, started_at=utc_now())
    return [asdict(batch) for batch in batches]
