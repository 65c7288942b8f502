"""Runs that ended without a summary, and those that only run beside the one that begins."""

from datetime import UTC, datetime, timedelta

import pytest

from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import start_run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIVE = "track_prices/scheduled__2026-03-01T06:00:00+00:00"
LATER = "track_prices/manual__2026-03-01T12:00:00+00:00"
PAST = "track_prices/backfill__2026-02-01T00:00:00+00:00"
BESIDE = "track_prices/backfill__2026-02-01T06:00:00+00:00"


@pytest.mark.parametrize(
    ("first", "then", "after", "state"),
    [
        (LIVE, LATER, timedelta(hours=6), "FAILED"),
        (LIVE, PAST, timedelta(hours=1), "RUNNING"),
        (PAST, LIVE, timedelta(hours=1), "RUNNING"),
        (PAST, BESIDE, timedelta(minutes=1), "RUNNING"),
        (PAST, BESIDE, timedelta(hours=25), "FAILED"),
        (PAST, LIVE, timedelta(hours=25), "FAILED"),
    ],
    ids=["live", "live beside a backfill", "backfill beside live", "backfills", "old", "old too"],
)
def test_a_run_ends_those_before_it_but_none_that_runs_beside_it(
    connection: Connection, first: str, then: str, after: timedelta, state: str
) -> None:
    for run_id, at in ((first, NOW), (then, NOW + after)):
        start_run(
            connection, run_id=run_id, dag_id="track_prices", source="simulator", started_at=at
        )

    rows = connection.execute("SELECT run_id, state FROM pipeline_runs").fetchall()
    assert {row["run_id"]: row["state"] for row in rows} == {first: state, then: "RUNNING"}
