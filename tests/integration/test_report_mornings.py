"""The daily report is made in the morning of each reader's own time zone, of what there is then."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.pipeline.deals.report import ReportsWritten, is_any_due, write_reports
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.reports import (
    ReportsWanted,
    mark_published,
    report_readers,
    set_reports_wanted,
    unpublished_reports,
)
from keeper.stores.postgres.messages.channels import save_delivery_rules
from tests.deals import CHECKED_AT
from tests.found_deals import Found
from tests.outbox import READER

HOUR = timedelta(hours=1)
HALF_HOUR = timedelta(minutes=30)
NOTHING = ReportsWritten(0, 0, 0, 0)
MORNING = datetime(2026, 3, 2, 7, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> ReplyArchive:
    return ReplyArchive(tmp_path)


def live_in(connection: Connection, zone: str, user: str = READER) -> None:
    save_delivery_rules(connection, user, DeliveryRules(zone))
    connection.execute("UPDATE users SET report_due_from = %s", (CHECKED_AT,))


def write(connection: Connection, archive: ReplyArchive, at: datetime) -> ReportsWritten:
    """Write reports as a run of the schedule does."""
    run = f"scheduled-{at.isoformat()}"
    written = write_reports(connection, archive, run_id=run, at=at, morning=time(7))
    mark_published(connection, unpublished_reports(connection), at)
    return written


def made_at(
    connection: Connection, archive: ReplyArchive, since: datetime, hours: int
) -> list[str]:
    """Return when reports were made by runs of every half hour."""
    for number in range(2 * hours + 1):
        write(connection, archive, since + number * HALF_HOUR)
    rows = connection.execute("SELECT until FROM deal_reports ORDER BY until, report_id")
    return [f"{row['until'].astimezone(UTC):%d %H:%M}" for row in rows]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "02 07:00"),
        ("Europe/Berlin", "02 06:00"),
        ("America/Los_Angeles", "01 15:00"),
        ("Asia/Tokyo", "01 22:00"),
        ("Asia/Kolkata", "02 01:30"),
        # 07:00 is 01:15 UTC there; runs are half an hour apart.
        ("Asia/Kathmandu", "02 01:30"),
        ("Nowhere/Atlantis", "02 07:00"),
    ],
)
def test_a_report_is_made_at_its_readers_seven(
    connection: Connection, archive: ReplyArchive, found: Found, zone: str, expected: str
) -> None:
    found("B000000001")
    live_in(connection, zone)
    assert made_at(connection, archive, CHECKED_AT, 23) == [expected]


def test_readers_have_their_own_mornings_and_each_one_report_a_day(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    found("B000000001", user="far@example.org")
    live_in(connection, "Europe/Berlin")
    live_in(connection, "Asia/Tokyo", "far@example.org")
    for user in (READER, "far@example.org"):
        set_reports_wanted(connection, user, ReportsWanted.ALWAYS)

    times = made_at(connection, archive, CHECKED_AT, 45)
    assert times == ["01 22:00", "02 06:00", "02 22:00", "03 06:00"]


def test_a_report_has_the_deals_of_its_morning_and_later_ones_wait(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001", "B000000002", hours=1)
    live_in(connection, "UTC")
    assert write(connection, archive, MORNING - HALF_HOUR) == NOTHING
    # Until then the first is gone. What is found at eight waits.
    connection.execute("UPDATE collected_deals SET price_minor = NULL WHERE asin = 'B000000001'")
    assert write(connection, archive, MORNING) == ReportsWritten(1, 1, 0, 0)
    found("B000000003", hours=20)
    for number in range(1, 48):
        assert write(connection, archive, MORNING + number * HALF_HOUR) == NOTHING
    assert write(connection, archive, MORNING + 24 * HOUR) == ReportsWritten(1, 1, 0, 0)


def test_a_day_without_deals_is_over_once_it_was_looked_at(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001", score=5)
    live_in(connection, "UTC")
    assert write(connection, archive, MORNING) == ReportsWritten(0, 0, 1, 0)
    found("B000000002", hours=20)
    assert write(connection, archive, MORNING + 2 * HOUR) == NOTHING
    assert write(connection, archive, MORNING + 24 * HOUR) == ReportsWritten(1, 1, 0, 0)


def test_missed_mornings_are_made_up_for_by_one_report(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    live_in(connection, "UTC")
    late = MORNING + 3 * HOUR
    assert write(connection, archive, late) == ReportsWritten(1, 1, 0, 0)
    assert write(connection, archive, late + HALF_HOUR) == NOTHING


def test_a_new_reader_waits_for_the_next_morning(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    at = datetime.now(UTC)
    found("B000000001", at=at)
    (reader,) = report_readers(connection, "run")
    assert at - HOUR < reader.due_from < at + HOUR
    assert write(connection, archive, reader.due_from) == NOTHING


def test_a_run_that_somebody_starts_is_for_everybody(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    live_in(connection, "Asia/Tokyo")
    at = CHECKED_AT + HOUR
    assert not is_any_due(connection, run_id="run", at=at, morning=time(7))
    assert is_any_due(connection, run_id="run", at=at, morning=None)
    written = write_reports(connection, archive, run_id="run", at=at)
    assert written == ReportsWritten(1, 1, 0, 0)


def test_a_report_that_is_not_published_gives_a_run_work(
    connection: Connection, archive: ReplyArchive, found: Found
) -> None:
    found("B000000001")
    live_in(connection, "UTC")
    written = write_reports(connection, archive, run_id="run", at=MORNING, morning=time(7))
    assert written == ReportsWritten(1, 1, 0, 0)
    later = MORNING + HALF_HOUR
    assert is_any_due(connection, run_id="next", at=later, morning=time(7))
    mark_published(connection, unpublished_reports(connection), later)
    assert not is_any_due(connection, run_id="next", at=later, morning=time(7))
