"""Refuses a backfill of many intervals, which may be a slip: 01.03.2026 is read as 3 January."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.types import DagRunProtocol

from keeper.errors import TerminalError
from keeper.settings import load_settings

LARGE: Final = "large"
"""In the conf of a backfill that is meant to have many runs."""
_REFUSED: Final = "refused_backfill"
"""The XCom with the intervals of a refused backfill, which each run of it leaves."""
_CLEARS: Final = "clears_when_refused"
"""The XCom with how often runs of a refused backfill had been cleared, by the starts of intervals.
The first run that refuses leaves it, and the others name that run."""
_ENDED: Final = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


class LargeBackfillError(TerminalError):
    """A backfill has more runs than KEEPER_BACKFILL_RUNS."""


@dataclass(frozen=True, slots=True)
class Span:
    """Intervals without a gap.

    Attributes:
        first: When the first of them begins.
        last: When the last of them begins.
        runs: How many they are.
    """

    first: datetime
    last: datetime
    runs: int

    def __str__(self) -> str:
        """Return it in words."""
        return f"from {_day(self.first)} to {_day(self.last)}: {self.runs} runs"

    def __contains__(self, start: datetime) -> bool:
        """Return whether an interval that begins then is one of them."""
        return self.first <= start <= self.last


@dataclass(frozen=True, slots=True)
class Refused:
    """A backfill that was refused: its intervals, and the id of the run that refused it first."""

    span: Span
    by: str


def refuse_large_backfill(ti: Any, dag_run: DagRunProtocol) -> None:
    """End a run of a backfill of too many intervals before it asks Keepa for anything.

    The run of the first interval fails, so that the operator is notified once; its last task runs
    and says why. All other tasks, of it and of the other runs, are skipped. Runs that have not got
    here yet are taken for the same backfill; one that has was refused with this one only if it
    says so. A run that was cleared since, as by another backfill that reprocesses it, is none of
    it.

    Args:
        ti: The instance of the run's first task, which may read the states of other runs.
        dag_run: The run.

    Raises:
        LargeBackfillError: This is the first of too many intervals.
        AirflowSkipException: It is one of the others.
    """
    most = load_settings().runs.backfill_runs
    since: Any = dag_run.data_interval_start
    until: Any = dag_run.data_interval_end
    if (dag_run.conf or {}).get(LARGE) is True:
        return
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[ti.task_id])
    step = until - since
    runs = {
        end - step: (run_id, tasks.get(ti.task_id) in _ENDED)
        for run_id, tasks in states.items()
        if (end := _end(run_id)) is not None
    }
    refused = _refused_with(ti, dag_run, runs, step)
    if refused is None:
        open_ones = (start for start, (_, ended) in runs.items() if not ended)
        refused = Refused(span_around(since, open_ones, step), dag_run.run_id)
    span = refused.span
    if span.runs <= most:
        return
    if refused.by == dag_run.run_id:
        ti.xcom_push(key=_CLEARS, value=_clears_of(ti, span, runs))
    left = {"first": span.first.isoformat(), "last": span.last.isoformat(), "runs": span.runs}
    ti.xcom_push(key=_REFUSED, value=left | {"by": refused.by})
    if since != span.first:
        _skip_after(ti, with_last=True)
        raise AirflowSkipException(f"The backfill is {span}; its first run says why it is refused")
    _skip_after(ti, with_last=False)
    raise LargeBackfillError(
        f"This backfill is {span}, and KEEPER_BACKFILL_RUNS allows {most}; nothing was fetched or "
        f'published. If it is meant, create it with the conf {{"{LARGE}": true}} and '
        "--reprocess-behavior completed, or run backfill_history for the whole span at once."
    )


def span_around(own: datetime, starts: Iterable[datetime], step: timedelta) -> Span:
    """Return the intervals around `own` that follow one another by `step` without a gap."""
    known = {own, *starts}
    first = last = own
    while first - step in known:
        first -= step
    while last + step in known:
        last += step
    return Span(first, last, (last - first) // step + 1)


def _refused_with(
    ti: Any, dag_run: DagRunProtocol, runs: Mapping[datetime, tuple[str, bool]], step: timedelta
) -> Refused | None:
    """Return the refused backfill this run belongs to; None if it does to none.

    Runs of one backfill have no gap: the nearest run that has ended on either side is of this
    one's, if any is. A run that has been cleared more often than when that one was refused is
    reprocessed since.
    """
    since: Any = dag_run.data_interval_start
    for forth in (-step, step):
        at = since + forth
        while at in runs and not runs[at][1]:
            at += forth
        left = at in runs and ti.xcom_pull(task_ids=ti.task_id, key=_REFUSED, run_id=runs[at][0])
        if not left:
            continue
        first, last = map(datetime.fromisoformat, (left["first"], left["last"]))
        refused = Refused(Span(first, last, left["runs"]), left["by"])
        if since not in refused.span:
            continue
        # Gone once the run that left it is reprocessed itself.
        clears = ti.xcom_pull(task_ids=ti.task_id, key=_CLEARS, run_id=refused.by)
        if clears is None or (dag_run.clear_number or 0) > clears.get(since.isoformat(), 0):
            continue
        return refused
    return None


def _clears_of(ti: Any, span: Span, runs: Mapping[datetime, tuple[str, bool]]) -> dict[str, int]:
    """Return how often the runs of some intervals have been cleared, if they have."""
    from airflow.sdk.execution_time.comms import GetDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    clears = {}
    for start, (run_id, _) in runs.items():
        if start in span:
            found: Any = SUPERVISOR_COMMS.send(GetDagRun(dag_id=ti.dag_id, run_id=run_id))
            if found.clear_number:
                clears[start.isoformat()] = found.clear_number
    return clears


def _end(run_id: str) -> datetime | None:
    """Return when the interval of a run ends, by the id Airflow has given it."""
    try:
        end = datetime.fromisoformat(run_id.partition("__")[2])
    except ValueError:
        return None
    return end if end.tzinfo else None


def _skip_after(ti: Any, *, with_last: bool) -> None:
    """Skip the tasks after this one, whatever their trigger rules; the last one too if asked to."""
    from airflow.sdk.execution_time.comms import SkipDownstreamTasks
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    after = ti.task.get_flat_relatives(upstream=False)
    skipped = {task.task_id for task in after if with_last or task.downstream_task_ids}
    SUPERVISOR_COMMS.send(SkipDownstreamTasks(tasks=sorted(skipped)))


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
