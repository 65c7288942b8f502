"""What the tasks of a run returned, gathered for its summary."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from keeper.clock import utc_now
from keeper.orchestration.airflow.connections import database
from keeper.orchestration.airflow.task_states import first_cause, states_of, unfinished_tasks
from keeper.orchestration.runs.events import publish
from keeper.orchestration.runs.names import run_name

if TYPE_CHECKING:
    from keeper.pipeline.runs.finish import BatchReports

SUMMARY: Final = "summary"
"""The XCom with what a run did, in one line for people."""


def finish_batch_run(ti: Any, group: str, *, max_quarantine_share: float) -> dict[str, Any]:
    """Write the row of a run whose batches are fetched, checked and published in a task group.

    Args:
        ti: The summarising task's instance.
        group: Name of the group; its tasks are `fetch`, `check` and `publish`.
        max_quarantine_share: Above this share of quarantined records the run fails.

    Raises:
        RunFailedError: The run lost batches, tasks or too many records; the row is written.
    """
    from keeper.pipeline.runs.finish import summarise_run

    def push_summary(line: str) -> None:
        ti.xcom_push(key=SUMMARY, value=line)

    fetch, states = f"{group}.fetch", states_of(ti)
    reports = batch_reports(
        ti,
        "plan",
        fetch,
        f"{group}.check",
        f"{group}.publish",
        left_out={task for task, state in states.items() if state == "skipped"},
    )
    unfinished = unfinished_tasks(ti)
    with database() as connection:
        row = summarise_run(
            connection,
            reports,
            run_id=run_name(ti.dag_id, ti.run_id),
            max_quarantine_share=max_quarantine_share,
            unfinished=unfinished,
            cause=first_cause(ti, unfinished),
            finished_at=utc_now(),
            publish=publish,
            on_summary=push_summary,
        )
    return plain_row(row)


def batch_reports(
    ti: Any,
    plan: str,
    fetch: str,
    check: str,
    publish: str,
    *,
    left_out: Collection[str] = (),
) -> "BatchReports":
    """Return the counts the mapped tasks of this run left, whichever of them got so far.

    Args:
        ti: The summarising task's instance, which may read the others' XComs.
        plan: Task id of the planning task.
        fetch: Task id of the mapped fetch task; so on for `check` and `publish`.
        left_out: The tasks that were skipped, as Airflow's states call them; a batch whose fetch
            was skipped turned out to be none of the run's.
    """
    from keeper.pipeline.runs.finish import BatchReports

    found = ti.xcom_pull(task_ids=plan) or ()
    planned = [batch for index, batch in enumerate(found) if f"{fetch}_{index}" not in left_out]
    published = _results(ti, publish)
    there = {result["batch"] for result in published}
    return BatchReports(
        planned=len(planned),
        fetched=_results(ti, fetch),
        checked=_results(ti, check),
        published=published,
        lost=[batch["label"] for batch in planned if batch["batch"] not in there],
    )


def plain_row(row: Mapping[str, object]) -> dict[str, Any]:
    """Return a database row as an asset event can hold it: times as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _results(ti: Any, task_id: str) -> list[Mapping[str, Any]]:
    """Return what the instances of a mapped task returned, without those that returned nothing."""
    pulled: Iterable[Mapping[str, Any] | None] = ti.xcom_pull(task_ids=[task_id]) or ()
    return [result for result in pulled if result]
