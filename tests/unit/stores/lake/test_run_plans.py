"""The plan of a run that is planned again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from keeper.domain.intervals import Interval
from keeper.domain.prices.detail import Detail
from keeper.pipeline.prices.plan import PlannedBatch
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.lake.run_plans import keep_plan, plan_paid_for
from tests.lake_pages import add_page

RUN = "track_prices/manual__2026-03-01T00:00:00+00:00"
DAY = Interval(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
BATCHES = [
    PlannedBatch(RUN, 0, 2, "de 2: B000000001, B000000002", urgent=True, tokens_each=1.5),
    PlannedBatch(RUN, 1, 1, "us 1: B000000003", interval=DAY, detail=Detail.OFFERS, update_h=-1),
]


def test_a_plan_nothing_was_paid_for_is_made_anew(tmp_path: Path) -> None:
    assert plan_paid_for(tmp_path, RUN, PlannedBatch) == []
    keep_plan(tmp_path, RUN, BATCHES)

    assert plan_paid_for(tmp_path, RUN, PlannedBatch) == []


@pytest.mark.parametrize("batch", [0, 1])
def test_a_plan_stands_once_a_reply_of_any_batch_is_stored(tmp_path: Path, batch: int) -> None:
    keep_plan(tmp_path, RUN, BATCHES)
    add_page(BatchFolder.of(tmp_path, RUN, batch), 0, b"{}")

    assert plan_paid_for(tmp_path, RUN, PlannedBatch) == BATCHES


def test_one_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    keep_plan(tmp_path, RUN, BATCHES)
    add_page(BatchFolder.of(tmp_path, RUN, 0), 0, b"{}")
    (file,) = tmp_path.glob("runs/*/plan.json")
    file.write_bytes(b'[{"run":')

    assert plan_paid_for(tmp_path, RUN, PlannedBatch) == []
