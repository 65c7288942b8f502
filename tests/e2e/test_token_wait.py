"""A real Airflow run that is out of tokens: it waits without a worker and completes by itself."""

import time
from collections import defaultdict
from datetime import datetime

import httpx
import pytest

from stack.airflow_api import AirflowApi
from tests.e2e.conftest import Rows
from tests.services import Stack

pytestmark = pytest.mark.timeout(300)


def test_a_run_without_tokens_defers_resumes_and_completes(
    stack: Stack, airflow: AirflowApi, rows: Rows
) -> None:
    simulator = stack["KEEPER_KEEPA_URL"]
    # The next refill, within a minute, brings 1,000.
    httpx.post(f"{simulator}/simulator/tokens", json={"left": -100}).raise_for_status()
    run_id = f"tokens__{datetime.now():%Y%m%dT%H%M%S%f}"  # noqa: DTZ005  # a name, not a time
    airflow.trigger("track_prices", run_id, None)
    states: defaultdict[str, set[str | None]] = defaultdict(set)
    deadline = time.monotonic() + 240

    while (state := airflow.run_state("track_prices", run_id)) not in {"success", "failed"}:
        assert time.monotonic() < deadline, states
        for task in airflow.task_instances("track_prices", run_id):
            states[task.task_id].add(task.state)
        time.sleep(1)  # between two looks at a run of Airflow's, which tells nobody of its end

    assert state == "success", states
    assert "deferred" in states["prices.fetch"]
    fetches = [
        task
        for task in airflow.task_instances("track_prices", run_id)
        if task.task_id == "prices.fetch"
    ]
    assert all(task.tries == 1 for task in fetches), "a deferral is no retry"
    (run,) = rows(f"SELECT * FROM pipeline_runs WHERE run_id = 'track_prices/{run_id}'")
    assert run["products_fetched"] == run["tokens_spent"] == 300
    (ledger,) = rows(
        "SELECT sum(tokens_charged) AS charged, min(tokens_left) AS lowest,"
        " count(*) FILTER (WHERE state <> 'CHARGED') AS others"
        f" FROM token_ledger WHERE run_id = 'track_prices/{run_id}'"
    )
    assert (ledger["charged"], ledger["others"]) == (300, 0)
    assert ledger["lowest"] >= 0, "more was spent than there was"
