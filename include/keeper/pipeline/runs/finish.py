"""The last step of a run: what it did, what it cost, and whether it counts as failed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.checks.quota import share_exceeded
from keeper.domain.runs.states import RunState
from keeper.errors import TerminalError
from keeper.pipeline.runs.events import PublishEvent, events_of_run, publish_nothing
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import RunCounts, finish_run

_LOG: Final = logging.getLogger(__name__)


class RunFailedError(TerminalError):
    """The run ended with less than it should have done; its row in pipeline_runs says what."""


@dataclass(frozen=True, slots=True)
class BatchReports:
    """The counts every task of a run returned, one mapping a batch that got so far.

    `lost` has the labels of the batches that were not published, if the tasks named them.
    """

    planned: int
    fetched: Sequence[Mapping[str, int]]
    checked: Sequence[Mapping[str, int]]
    published: Sequence[Mapping[str, int]]
    lost: Sequence[str] = ()

    def total(self, stage: str, name: str) -> int:
        """Return the sum of a count over the batches."""
        reports: Sequence[Mapping[str, int]] = getattr(self, stage)
        return sum(report.get(name, 0) for report in reports)


def summarise_run(
    connection: Connection,
    reports: BatchReports,
    *,
    run_id: str,
    max_quarantine_share: float,
    unfinished: Sequence[str],
    cause: str | None = None,
    finished_at: datetime,
    publish: PublishEvent = publish_nothing,
    on_summary: Callable[[str], None] = lambda line: None,
) -> dict[str, object]:
    """Write the run's row and return it.

    Args:
        connection: Where `pipeline_runs` is.
        reports: What the tasks counted.
        run_id: The run.
        max_quarantine_share: Above this share of quarantined records the run fails.
        unfinished: Names of tasks of the run that failed or never ran.
        cause: Which of them failed first and why, in one sentence.
        finished_at: Now.
        publish: Receives the events of a good run, once its row is written.
        on_summary: Receives what the run did, in one line.

    Raises:
        RunFailedError: After the row is written, if batches were lost or too much was quarantined;
            with the cause alone if the run has no row.
        TerminalError: The run has no row, and no cause is known.
    """
    checked = reports.total("checked", "checked")
    quarantined = reports.total("checked", "quarantined")
    counts = RunCounts(
        products_fetched=reports.total("checked", "products"),
        products_missing=reports.total("checked", "missing"),
        records_checked=checked,
        records_quarantined=quarantined,
        events_published=reports.total("published", "events"),
        history_published=reports.total("published", "history"),
        series_undelivered=reports.total("checked", "series_undelivered"),
        series_unreadable=reports.total("checked", "series_unreadable"),
    )
    problems = [cause] if cause else []
    if lost := reports.planned - len(reports.published):
        which = f" ({', '.join(reports.lost)})" if reports.lost else ""
        problems.append(f"{lost} of {reports.planned} batches were not published{which}")
    if unfinished and not cause:
        problems.append("unfinished: " + ", ".join(unfinished))
    if unreadable := reports.total("checked", "unreadable"):
        problems.append(f"{unreadable} replies could not be read; see the logs of the check tasks")
    if counts.products_missing and not counts.products_fetched and not lost:
        problems.append("none of the products could be read; see the logs of the check tasks")
    if message := share_exceeded(checked=checked, failed=quarantined, limit=max_quarantine_share):
        problems.append(message)
    problem = "; ".join(problems) or None
    try:
        row = finish_run(
            connection,
            run_id=run_id,
            state=RunState.FAILED if problem else RunState.SUCCESS,
            finished_at=finished_at,
            counts=counts,
            problem=problem,
        )
    except TerminalError:
        # No row: the run ended before it was planned, and the cause says more than that.
        if cause is None:
            raise
        on_summary(f"FAILED: {cause}")
        raise RunFailedError(f"run {run_id}: {cause}") from None
    line = (
        f"{counts.products_fetched} products for {row['tokens_spent']} tokens "
        f"({row['tokens_estimated']} planned, {row['tokens_left']} left), "
        f"{row['products_postponed']} left for the next run: {counts.events_published} events, "
        f"{counts.history_published} older points, {row['points_stored']} new points, "
        f"{row['alerts_raised']} alerts, {quarantined} quarantined"
    )
    if unchecked := counts.series_undelivered + counts.series_unreadable:
        line += f", {unchecked} price series not checked"
    line = f"{line}; FAILED: {problem}" if problem else line
    _LOG.info("%s", line)
    on_summary(line)
    if problem:
        raise RunFailedError(f"run {run_id}: {problem}")
    for event in events_of_run(run_id, counts, row, at=finished_at):
        publish(event)
    return row
