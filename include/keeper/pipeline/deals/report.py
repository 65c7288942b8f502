"""The daily deal report: written for each reader, queued for their channels, published."""

import logging
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from keeper.domain.deals.report import DealReport, choose
from keeper.domain.messages.delivery_clock import last_shown
from keeper.errors import TransientError
from keeper.pipeline.deals.history import with_histories
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.reports import (
    FIRST_SPAN,
    Reader,
    ReportsWanted,
    events_of_reports,
    mark_looked,
    mark_published,
    new_deals,
    report_readers,
    save_report,
    unpublished_reports,
)
from keeper.streams.codec import encode_deal_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer
from keeper.streams.topics import DEAL_UPDATES

_LOG: Final = logging.getLogger(__name__)
_WITHOUT_KEY: Final = 0


class ReportsFailedError(TransientError):
    """Some readers' reports could not be written; the others' were."""


@dataclass(frozen=True, slots=True)
class ReportsWritten:
    """What became of the readers: reports queued, none for want of deals, written before."""

    reports: int
    deals: int
    without_deals: int
    done_before: int


def due_readers(
    connection: Connection, *, run_id: str, at: datetime, morning: time | None = None
) -> list[Reader]:
    """Return the readers whose report is to be made now.

    Args:
        connection: Where readers are.
        run_id: The run.
        at: Now.
        morning: Those whose own clocks have shown this time since their deals were last looked
            through, however long ago that was; None for all.
    """
    return [
        reader
        for reader in report_readers(connection, run_id)
        if morning is None or reader.due_from < last_shown(morning, reader.time_zone, at)
    ]


def is_any_due(connection: Connection, *, run_id: str, at: datetime, morning: time | None) -> bool:
    """Return whether a run has anything to do: a report to make, or one to publish."""
    readers = due_readers(connection, run_id=run_id, at=at, morning=morning)
    return bool(readers or unpublished_reports(connection))


def write_reports(
    connection: Connection,
    archive: ReplyArchive,
    *,
    run_id: str,
    at: datetime,
    morning: time | None = None,
) -> ReportsWritten:
    """Write a report for each due reader with new deals, each in its own transaction.

    Called again for the same run it writes those that are missing. A deal is in one report only.

    Args:
        connection: Where deals and reports are.
        archive: Where the replies with the products' histories are.
        run_id: The run.
        at: Now.
        morning: See `due_readers`.

    Raises:
        ReportsFailedError: For some readers it failed; the log says why, the others have theirs.
    """
    reports = deals = without = before = 0
    failed: list[int] = []
    for reader in due_readers(connection, run_id=run_id, at=at, morning=morning):
        if reader.is_done:
            before += 1
            continue
        try:
            with connection.transaction():
                report = write_report(connection, archive, reader, run_id=run_id, at=at)
        except Exception:
            if connection.closed:
                raise
            # Whatever it is, the other readers are to have theirs; it is raised below.
            _LOG.exception("the report of user %d could not be written", reader.user_id)
            failed.append(reader.user_id)
            continue
        if report is None:
            without += 1
        else:
            reports, deals = reports + 1, deals + len(report.deals)
    written = ReportsWritten(reports, deals, without, before)
    _LOG.info("%s", written)
    if failed:
        names = ", ".join(map(str, failed))
        raise ReportsFailedError(
            f"the reports of {len(failed)} user(s) could not be written ({names}); the log says "
            f"why; {reports} others were"
        )
    return written


def write_report(
    connection: Connection, archive: ReplyArchive, reader: Reader, *, run_id: str, at: datetime
) -> DealReport | None:
    """Write and queue one reader's report; None if it is empty and they want no word.

    Args:
        connection: Where deals and reports are.
        archive: Where the replies with the products' histories are.
        reader: Who is to have it.
        run_id: The run.
        at: Now.
    """
    report, considered = draft(connection, archive, reader, at=at)
    mark_looked(connection, reader.user_id, at)
    if not report.deals and reader.wants is not ReportsWanted.ALWAYS:
        return None
    save_report(connection, report, user_id=reader.user_id, run_id=run_id, considered=considered)
    return report


def draft(
    connection: Connection, archive: ReplyArchive | None, reader: Reader, *, at: datetime
) -> tuple[DealReport, list[str]]:
    """Return the report a reader would get now, and the deals it is made of.

    Without an archive its deals have no histories.
    """
    since = reader.since or at - FIRST_SPAN
    found = new_deals(connection, reader.user_id, since=since, at=at)
    chosen = choose(found.deals)
    products = {(deal.asin, deal.domain) for deal in found.deals}
    report = DealReport(
        report_id=_WITHOUT_KEY,
        since=since,
        until=at,
        simulated=found.simulated,
        deals=chosen if archive is None else with_histories(connection, archive, chosen, at=at),
        left_out=len(products) - len(chosen),
    )
    return report, [deal.event_id for deal in found.deals]


def publish_reported_deals(
    connection: Connection, kafka: KafkaConfig, *, at: datetime, topic: str = DEAL_UPDATES
) -> int:
    """Publish the deals of reports to `deal-updates`; return how many.

    What was published before is not published again; if it should be, after a crash in between,
    nothing changes downstream: a deal seen again is the same deal.

    Raises:
        UnacknowledgedError: Kafka did not confirm them all; the next call publishes them.
    """
    reports = unpublished_reports(connection)
    events = events_of_reports(connection, reports)
    if events:
        with EventProducer(kafka) as producer:
            producer.send_all(
                topic, ((event.asin.encode(), encode_deal_event(event)) for event in events)
            )
    mark_published(connection, reports, at)
    return len(events)
