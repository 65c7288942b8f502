"""Notices to the operator about runs that fail or are late, by Airflow's callbacks.

A run's callbacks run where DAG files are read, a missed deadline's in the executor; both may ask
for connections.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from airflow.sdk import (  # type: ignore[attr-defined]  # public, but not in its stub
    DeadlineAlert,
    DeadlineReference,
    SyncCallback,
)
from airflow.sdk.exceptions import AirflowRuntimeError

from keeper.clock import utc_now
from keeper.domain.messages.notices import Trouble
from keeper.errors import KeeperError
from keeper.orchestration.airflow.task_states import first_cause, unfinished_tasks
from keeper.settings import load_settings

_LOG: Final = logging.getLogger(__name__)
_BACKFILL: Final = "backfill"
_REASONS: Final = {
    "None": "a task failed",
    "task_failure": "a task failed",
    "timed_out": "it ran longer than it may",
    "all_tasks_deadlocked": "none of its tasks can run any more",
}
"""Why Airflow fails a run, for people."""
_TASKS: Final = "airflow tasks states-for-dag-run"


def deadline_after(late_after: timedelta) -> DeadlineAlert:
    """Return the deadline of a DAG whose operator is notified of late runs.

    Args:
        late_after: A run that has not ended so long after it was queued is late.
    """
    minutes = int(late_after.total_seconds() // 60)
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        # In seconds, as Airflow once stored it and still reads it: of a timedelta 3.3.2 makes a
        # dict, at which clearing a task of a run that is not late yet ends with HTTP 500.
        interval=late_after.total_seconds(),
        callback=SyncCallback(tell_of_late_run, kwargs={"minutes": minutes}),
    )


def notify_of_failed_run(context: Mapping[str, Any]) -> None:
    """Raise a notice of a failed run; it is resolved by the next good one."""
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    _notify(
        Trouble(
            f"run:{dag_id}",
            f"{dag_id} failed",
            f"Run {run_id}: {_why(context).rstrip('.')}.\n"
            f"Which: {_TASKS} {dag_id} {run_id}\n"
            'The head "If it fails" of the DAG\'s documentation says what to do; clear the failed '
            "tasks once it is mended.",
        )
    )


def _why(context: Mapping[str, Any]) -> str:
    """Return which task failed first and why, or what Airflow says of the run."""
    reason = str(context.get("reason"))
    try:
        ti = context.get("ti")
        cause = ti and first_cause(ti, unfinished_tasks(ti, with_own=True))
    except (AirflowRuntimeError, OSError):
        # Whatever Airflow does not answer, the operator is notified.
        _LOG.exception("the notice will not say which task failed first")
        cause = None
    return cause or _REASONS.get(reason, reason)


def tell_of_late_run(context: Mapping[str, Any], *, minutes: int) -> None:
    """Raise a notice of a run that has not ended in time; it is resolved by the next good one."""
    run = context["dag_run"]
    if run["run_type"] == _BACKFILL:
        # Most of them wait for others, and no one waits for them.
        return
    dag_id = run["dag_id"]
    queued_at = datetime.fromisoformat(run["queued_at"])
    after = f"{minutes // 60} h" if minutes >= 60 and not minutes % 60 else f"{minutes} min"
    _notify(
        Trouble(
            f"late:{dag_id}",
            f"{dag_id} is late",
            f"Run {run['dag_run_id']} was queued at {_by_operators_clock(queued_at)} and is "
            f"{run['state']} after {after}.\n"
            f"What it waits for: {_TASKS} {dag_id} {run['dag_run_id']}",
        )
    )


def record_good_run(context: Mapping[str, Any]) -> None:
    """Resolve the notices of a DAG's former runs.

    A run of Airflow's backfills resolves none: it says nothing of today's, and of a backfill that
    is refused all runs but the first end well, with every task skipped.
    """
    run_type = getattr(context.get("dag_run"), "run_type", None)
    if (run_type or context["run_id"].partition("__")[0]) == _BACKFILL:
        return
    from keeper.orchestration.airflow.connections import database
    from keeper.stores.postgres.messages.notices import resolve_notices

    dag_id = context["dag"].dag_id
    try:
        with database() as connection:
            resolve_notices(connection, f"run:{dag_id}", f"late:{dag_id}", at=utc_now())
    except KeeperError as error:
        _LOG.warning("notices of %s stay open: %s", dag_id, error)


def _by_operators_clock(at: datetime) -> str:
    """Write a time by the clock of the operator, by UTC while Keeper's database is away."""
    from keeper.alerts.formats import moment
    from keeper.orchestration.airflow.connections import database
    from keeper.stores.postgres.messages.channels import zone_of

    zone = "UTC"
    with suppress(KeeperError), database() as connection:
        zone = zone_of(connection, load_settings().people.operator_email)
    return moment(at, zone)


def _notify(trouble: Trouble) -> None:
    from keeper.orchestration.airflow.connections import database
    from keeper.pipeline.messages.operator import notify_operator
    from keeper.pipeline.services.configuration import channels

    settings = load_settings()
    notify_operator(
        trouble,
        database,
        lambda: channels(settings),
        operator=settings.people.operator_email,
        at=utc_now(),
    )
