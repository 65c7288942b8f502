"""What people may choose when they trigger track_prices, collect_deals and backfill_history."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from keeper.domain.watches.watch import Watch
from keeper.orchestration.airflow.defaults import Rank
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.filters import save_filter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.dags.conftest import RunDag
from tests.deals import FILTER
from tests.keepa_simulator import Simulator

USER = "reader@example.org"


@pytest.mark.parametrize(
    ("dag_id", "name", "value"),
    [
        ("track_prices", "asins", ["B00000001"]),
        ("track_prices", "asins", ["b000000001"]),
        ("track_prices", "asins", "B000000001"),
        ("track_prices", "asins", ["B000000001", "B000000001"]),
        ("track_prices", "domains", ["nl"]),
        ("track_prices", "dry_run", "yes"),
        ("collect_deals", "filters", [""]),
        ("collect_deals", "filters", "drops"),
        ("collect_deals", "dry_run", 1),
        ("backfill_history", "asins", ["x"]),
    ],
)
def test_airflow_refuses_a_wrong_value(
    dags: dict[str, DAG], dag_id: str, name: str, value: object
) -> None:
    with pytest.raises(ParamValidationError):
        dags[dag_id].params.get_param(name).resolve(value)


def test_what_is_wrong_is_named(dags: dict[str, DAG]) -> None:
    with pytest.raises(ParamValidationError, match=r"'x' does not match .*0-9A-Z"):
        dags["track_prices"].params.get_param("asins").resolve(["x"])


@pytest.mark.parametrize("dag_id", ["track_prices", "collect_deals"])
def test_a_run_nobody_chose_for_is_about_everything(dags: dict[str, DAG], dag_id: str) -> None:
    params = dags[dag_id].params

    assert params.dump() == {name: False if name == "dry_run" else [] for name in params}
    for name in params:
        schema = params.get_param(name).schema
        assert schema["title"]
        assert params.get_param(name).description


def test_only_what_must_be_filled_in_carries_a_star(dags: dict[str, DAG]) -> None:
    """Airflow's form puts a red star on each field whose schema does not take null."""
    starred = {
        f"{dag_id}.{name}"
        for dag_id, dag in dags.items()
        for name in dag.params
        if "null" not in dag.params.get_param(name).schema["type"]
    }

    assert starred == {
        "backfill_history.since",
        "backfill_history.until",
        "discover_products.answer_within_h",
        "discover_products.max_proposals",
    }


def test_prices_go_before_deals_and_past_ones_last(dags: dict[str, DAG]) -> None:
    ranks = {dag_id: {task.priority_weight for task in dag.tasks} for dag_id, dag in dags.items()}

    assert ranks["track_prices"] == {Rank.PRICES}
    assert ranks["collect_deals"] == ranks["report_deals"] == {Rank.DEALS}
    assert ranks["backfill_history"] == {Rank.BACKFILL}
    assert Rank.PRICES > Rank.DEALS > Rank.UPKEEP > Rank.BACKFILL
    for dag in dags.values():
        assert {task.weight_rule for task in dag.tasks} == {"absolute"}, "the rank alone counts"


@pytest.fixture
def keepa(simulate: Callable[..., Simulator]) -> dict[str, str]:
    """The environment of a run that asks a simulator of the test's own."""
    connection = {"conn_type": "http", "host": simulate().url, "password": "simulator"}
    return {"AIRFLOW_CONN_KEEPER_KEEPA": json.dumps(connection)}


def nothing_was_done(connection: Connection) -> bool:
    tables = ("pipeline_runs", "token_ledger", "alert_deliveries", "collected_deals")
    return not any(connection.execute(f"SELECT 1 FROM {table}").fetchone() for table in tables)


def test_a_dry_run_of_track_prices_says_what_it_would_do_and_does_nothing(
    connection: Connection, run_dag: RunDag, keepa: dict[str, str], tmp_path: Path
) -> None:
    watches = [Watch(f"B{n:09d}", domain, "NEW", 1) for n in (1, 2) for domain in ("us", "de")]
    save_watches(connection, USER, watches)

    run = run_dag(
        "track_prices", {"asins": ["B000000002"], "domains": ["us"], "dry_run": True}, **keepa
    )

    assert run.state == "success", run.log
    assert run.summaries["plan"].startswith(
        "dry run: 1 products (us 1: B000000002) in 1 batches; 1 tokens of "
    )
    assert (run.states["deliver_alerts"], run.states["summarise"]) == ("skipped", "skipped")
    assert nothing_was_done(connection)
    assert not (tmp_path / "lake").exists()


def test_emptied_fields_choose_everything(
    connection: Connection, run_dag: RunDag, keepa: dict[str, str]
) -> None:
    save_watches(connection, USER, [Watch("B000000001", "us", "NEW", 1)])

    run = run_dag("track_prices", {"asins": None, "domains": None, "dry_run": True}, **keepa)

    assert run.state == "success", run.log
    assert run.summaries["plan"].startswith("dry run: 1 products (us 1: B000000001) in 1 batches")


def test_a_product_nobody_watches_fails_the_run_and_is_named(
    connection: Connection, run_dag: RunDag, keepa: dict[str, str]
) -> None:
    save_watches(connection, USER, [Watch("B000000001", "us", "NEW", 1)])

    run = run_dag("track_prices", {"asins": ["B00EXAMPLE"]}, **keepa)

    assert (run.state, run.states["plan"]) == ("failed", "failed")
    assert "nobody watches B00EXAMPLE; see keeper watch list" in run.log
    (row,) = connection.execute("SELECT state, tokens_spent FROM pipeline_runs").fetchall()
    assert row["state"] == "FAILED"
    assert "FAILED: plan failed: nobody watches B00EXAMPLE; see" in run.summaries["summarise"]


def test_a_dry_run_of_collect_deals_says_what_it_would_do_and_does_nothing(
    connection: Connection, run_dag: RunDag, keepa: dict[str, str]
) -> None:
    save_filter(connection, USER, FILTER)

    conf: dict[str, Any] = {"filters": [FILTER.name], "dry_run": True}
    run = run_dag("collect_deals", conf, **keepa)

    assert run.state == "success", run.log
    assert run.summaries["plan"].startswith(f"dry run: 1 filters ({FILTER.name}) for at most 200")
    assert nothing_was_done(connection)
