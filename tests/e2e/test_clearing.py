"""Whatever is cleared of a run that failed of Keepa: it recovers, and nothing is paid for twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from stack.airflow_api import AirflowApi
from tests.e2e.clearing import Operator
from tests.e2e.conftest import Rows
from tests.e2e.runs import run_dag, trigger, wait_for_end
from tests.services import Stack


@dataclass(frozen=True)
class Undisturbed:
    """What a run of some products gives when nothing goes wrong.

    Attributes:
        conf: Its choice of products.
        products: How many they are.
        events: What it publishes.
        tokens: What it costs.
    """

    conf: dict[str, Any]
    products: int
    events: int
    tokens: int


@pytest.fixture
def operator(stack: Stack, airflow: AirflowApi, rows: Rows) -> Iterator[Operator]:
    simulator = stack["KEEPER_KEEPA_URL"]
    clock = f"{simulator}/simulator/clock"
    # The same products have the same prices however long a test takes.
    httpx.post(clock, json={"mode": "hold"}).raise_for_status()
    home = Path(stack["KEEPER_RUN_DIR"]).parent
    yield Operator(airflow, rows, home / "airflow" / "logs", simulator)
    httpx.post(clock, json={"mode": "run"}).raise_for_status()


@pytest.fixture
def undisturbed(operator: Operator) -> Undisturbed:
    """A run of two batches: plain prices, and prices of the buy box."""
    asins = [
        row["asin"]
        for kind in ("NEW", "BUY_BOX_SHIPPING")
        for row in operator.rows(
            f"SELECT asin FROM watched_products WHERE domain = 'us' AND price_type = '{kind}'"
            " AND last_checked_at IS NOT NULL ORDER BY asin LIMIT 2"
        )
    ]
    conf = {"asins": asins, "domains": ["us"]}
    # The first may find prices that have changed since the demo.
    run_dag(operator.airflow, "track_prices", conf)
    run = run_dag(operator.airflow, "track_prices", conf)
    row = operator.row(run)
    assert (row["products_fetched"], row["tokens_spent"]) == (4, operator.paid(run))
    return Undisturbed(conf, 4, row["events_published"], row["tokens_spent"])


def refused(operator: Operator, undisturbed: Undisturbed) -> str:
    """Let the key be revoked after the plan and one batch, and return the run that fails of it."""
    with operator.fault(kind="revoke_key", after=2):
        run_id = trigger(operator.airflow, "track_prices", undisturbed.conf)
        assert wait_for_end(operator.airflow, "track_prices", run_id) == "failed"
    return f"track_prices/{run_id}"


def assert_whole(operator: Operator, run: str, undisturbed: Undisturbed) -> None:
    row = operator.row(run)
    assert (row["state"], row["problem"]) == ("SUCCESS", None)
    assert row["products_fetched"] == undisturbed.products
    assert row["events_published"] == undisturbed.events
    assert row["tokens_spent"] == operator.paid(run) == undisturbed.tokens
    assert set(operator.states(run).values()) == {"success"}


def test_clearing_the_failed_tasks_after_a_revoked_key_recovers(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)

    assert 0 < operator.paid(run) < undisturbed.tokens
    # What was paid for is published before anybody looks.
    assert 0 < operator.row(run)["events_published"] < undisturbed.events
    assert operator.clear_run(run, only_failed=True) == "success"
    assert_whole(operator, run, undisturbed)


def test_clearing_the_whole_run_pays_for_nothing_again(
    operator: Operator, undisturbed: Undisturbed
) -> None:
    run = refused(operator, undisturbed)

    assert operator.clear_run(run, only_failed=False) == "success"
    assert_whole(operator, run, undisturbed)
    # Of a run that ended well too.
    assert operator.clear_run(run, only_failed=False) == "success"
    assert_whole(operator, run, undisturbed)
