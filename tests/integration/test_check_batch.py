"""Checking replies that hold bad records, and what that does to the run."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.tokens.balance import Reservation, TokenRequest
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.validate import CheckResult, validate_batch
from keeper.pipeline.runs.finish import BatchReports, RunFailedError, summarise_run
from keeper.stores.lake.paths import MissingFileError
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.tokens.ledger import TokenLedger
from keeper.streams.codec import decode_price_event
from tests.lake_pages import add_page

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = "run-1"
ASINS = ("B000000001", "B000000002", "B000000003")


def product(asin: str, *prices: int) -> dict[str, object]:
    """Return a product whose NEW price was each of `prices` for an hour, the last until now."""
    minute = to_keepa_minutes(NOW - timedelta(hours=len(prices)))
    series: list[int] = []
    for hour, price in enumerate(prices):
        series += [minute + 60 * hour, price]
    return {"asin": asin, "domainId": 1, "title": f"Product {asin}", "csv": [None, series]}


def folder_with(
    path: Path, *products: dict[str, object], stored_until: datetime | None = None
) -> BatchFolder:
    folder = BatchFolder.of(path, RUN, 0)
    until = {} if stored_until is None else {"NEW": stored_until}
    folder.write_plan([ProductToCheck(asin, "us", {"NEW": 1000}, until) for asin in ASINS])
    body = json.dumps({"tokensLeft": 1, "products": products}).encode()
    add_page(folder, 0, body, asked=ASINS, received_at=NOW)
    return folder


def begin_run(connection: Connection, run_id: str = RUN) -> None:
    start_run(
        connection,
        run_id=run_id,
        dag_id="track_prices",
        source="keepa",
        started_at=NOW,
        products_planned=100,
    )


def check(
    folder: BatchFolder,
    connection: Connection,
    docs: Path | None = None,
    *,
    is_complete: bool = True,
) -> CheckResult:
    return validate_batch(
        folder,
        connection,
        run_id=RUN,
        batch=0,
        source="keepa",
        price_types=(),
        is_complete=is_complete,
        docs_dir=docs,
    )


def test_a_zero_price_is_quarantined_and_its_neighbours_are_published(
    connection: Connection, tmp_path: Path
) -> None:
    good, bad, sold_out = product(ASINS[0], 999), product(ASINS[1], 0), product(ASINS[2], 999, -1)
    folder = folder_with(tmp_path, good, bad, sold_out)

    result = check(folder, connection, tmp_path / "docs")
    check(folder, connection)

    assert (result.products, result.checked, result.quarantined, result.events) == (3, 3, 1, 2)
    events = [decode_price_event(value) for _, value in folder.read_messages()]
    assert [(event.asin, event.price_minor) for event in events] == [
        (ASINS[0], 999),
        (ASINS[2], None),
    ]
    (row,) = connection.execute("SELECT * FROM quarantined_records").fetchall()
    assert row["asin"] == ASINS[1]
    assert row["expectation"] == "expect_column_values_to_be_between"
    assert row["column_name"] == "price_minor"
    assert row["record"]["price_minor"] == 0
    assert list((tmp_path / "docs").rglob("index.html"))


def test_a_first_check_reports_the_newest_point_only(
    connection: Connection, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path, product(ASINS[0], 1100, 1200, 1300))

    check(folder, connection)

    (event,) = [decode_price_event(value) for _, value in folder.read_messages()]
    assert event.price_minor == 1300
    assert str(event.previous_price) == "12.00"
    assert event.checked_at == NOW


def test_a_later_check_reports_every_change_since_and_always_the_newest(
    connection: Connection, tmp_path: Path
) -> None:
    history = product(ASINS[0], 1100, 1200, 1300)

    changed = folder_with(tmp_path / "a", history, stored_until=NOW - timedelta(hours=3))
    check(changed, connection)
    unchanged = folder_with(tmp_path / "b", history, stored_until=NOW - timedelta(hours=1))
    check(unchanged, connection)

    def reported(folder: BatchFolder) -> list[int | None]:
        return [decode_price_event(value).price_minor for _, value in folder.read_messages()]

    assert reported(changed) == [1200, 1300]
    assert reported(unchanged) == [1300]


def test_a_price_far_outside_its_past_is_published_and_marked(
    connection: Connection, tmp_path: Path
) -> None:
    crash, sale = product(ASINS[0], 5000, 5100, 99), product(ASINS[1], 5000, 4000)
    crash_after_a_zero = product(ASINS[2], 0, 5000, 99)
    folder = folder_with(tmp_path, crash, sale, crash_after_a_zero)

    check(folder, connection)

    events = [decode_price_event(value) for _, value in folder.read_messages()]
    assert [event.implausible for event in events] == [True, False, True]


def test_an_unreadable_product_is_missing_and_the_others_are_checked(
    connection: Connection, tmp_path: Path
) -> None:
    broken = {"asin": ASINS[1], "domainId": 99, "csv": "what"}
    folder = folder_with(tmp_path, product(ASINS[0], 999), broken)

    result = check(folder, connection)

    assert (result.products, result.missing, result.events) == (1, 2, 1)


def test_lost_replies_are_an_error_that_names_the_remedy(
    connection: Connection, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path, product(ASINS[0], 999))
    (file,) = tmp_path.rglob("replies/**/*.json.gz")
    file.write_bytes(file.read_bytes()[:20])

    for _ in ("found damaged", "found gone"):
        with pytest.raises(MissingFileError, match="clear the fetch task"):
            check(folder, connection)
        assert folder.pages() == []


def test_after_a_failed_fetch_what_was_paid_for_is_published_and_the_rest_is_missing(
    connection: Connection, tmp_path: Path
) -> None:
    folder = BatchFolder.of(tmp_path, RUN, 0)
    folder.write_plan([ProductToCheck(asin, "us", {"NEW": 1000}, {}) for asin in ASINS])
    body = json.dumps({"tokensLeft": 1, "products": [product(ASINS[0], 999)]}).encode()
    add_page(folder, 0, body, asked=ASINS[:1], received_at=NOW)

    result = check(folder, connection, is_complete=False)

    assert (result.products, result.missing, result.events) == (1, 2, 1)
    with pytest.raises(MissingFileError, match="replies of 2 products"):
        check(folder, connection)


def test_a_run_that_read_nothing_has_failed(connection: Connection) -> None:
    begin_run(connection)
    reports = BatchReports(1, [{"tokens": 100}], [{"products": 0, "missing": 100}], [{"events": 0}])

    with pytest.raises(RunFailedError, match="none of the products"):
        summarise_run(
            connection,
            reports,
            run_id=RUN,
            max_quarantine_share=0.05,
            unfinished=[],
            finished_at=NOW,
        )


def test_a_run_that_was_stopped_is_recorded_when_the_next_begins(connection: Connection) -> None:
    for run_id in ("stopped", "next"):
        begin_run(connection, run_id)

    rows = connection.execute("SELECT run_id, state FROM pipeline_runs ORDER BY run_id").fetchall()
    assert [tuple(row.values()) for row in rows] == [("next", "RUNNING"), ("stopped", "FAILED")]


@pytest.mark.parametrize(
    ("quarantined", "state"), [(5, "SUCCESS"), (6, "FAILED")], ids=["at the limit", "above it"]
)
def test_too_many_bad_records_fail_the_run_after_its_row_is_written(
    connection: Connection, quarantined: int, state: str
) -> None:
    begin_run(connection)
    reports = BatchReports(
        planned=1,
        fetched=[{"tokens": 100}],
        checked=[{"products": 100, "checked": 100, "quarantined": quarantined}],
        published=[{"events": 100 - quarantined}],
    )
    ledger = TokenLedger(connection, account="simulator:test", run=RUN)
    reservation = ledger.reserve(TokenRequest("product", 100))
    assert isinstance(reservation, Reservation)
    ledger.record_outcome(reservation, charged=100, reading=None, refused=False, status=200)

    def summarise() -> None:
        summarise_run(
            connection,
            reports,
            run_id=RUN,
            max_quarantine_share=0.05,
            unfinished=[],
            finished_at=NOW,
        )

    if state == "FAILED":
        with pytest.raises(RunFailedError, match=r"6 of 100 records"):
            summarise()
    else:
        summarise()
    (row,) = connection.execute("SELECT * FROM pipeline_runs").fetchall()
    assert (row["state"], row["tokens_spent"], row["events_published"]) == (
        state,
        100,
        100 - quarantined,
    )


def test_a_lost_batch_fails_the_run_and_is_named(connection: Connection) -> None:
    begin_run(connection)
    reports = BatchReports(2, [{"tokens": 100}], [{"products": 100}], [{"events": 100}])

    with pytest.raises(RunFailedError, match="1 of 2 batches were not published"):
        summarise_run(
            connection,
            reports,
            run_id=RUN,
            max_quarantine_share=0.05,
            unfinished=["prices.fetch_1"],
            finished_at=NOW,
        )
