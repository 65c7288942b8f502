"""What a run plans to check, on a real watch list and the simulator's balance."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.domain.intervals import Interval
from keeper.domain.runs.events import KeeperEvent
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.domain.watches.product_choice import EVERYTHING, InvalidChoiceError, ProductChoice
from keeper.domain.watches.watch import Priority, Watch
from keeper.pipeline.prices.backfill import plan_backfill, preview_backfill
from keeper.pipeline.prices.plan import PlannedBatch, plan_run, preview_run
from keeper.pipeline.runs.events import PublishEvent, publish_nothing
from keeper.pipeline.runs.keepa_account import keepa_account
from keeper.settings import load_settings
from keeper.sources.keepa.errors import KeepaKeyRejectedError
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.keepa_simulator import Simulator
from tests.lake_pages import add_page
from tests.stored_prices import store_current_price

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def watch(
    connection: Connection,
    number: int,
    *,
    checked: datetime | None,
    price: int,
    user: str = "reader@example.org",
) -> str:
    """Add a watch with a target of 10.00 and what is known of its price."""
    asin = f"B{number:09d}"
    save_watches(connection, user, [Watch(asin, "us", "NEW", 1000)])
    connection.execute(
        "UPDATE watched_products SET last_checked_at = %s WHERE asin = %s", (checked, asin)
    )
    if checked is not None:
        store_current_price(connection, asin, at=checked, price=price)
    return asin


def plan(
    connection: Connection,
    database: PostgresConfig,
    keepa: Simulator,
    lake: Path,
    *,
    key: str = "simulator",
    publish: PublishEvent = publish_nothing,
    only: ProductChoice = EVERYTHING,
) -> list[PlannedBatch]:
    with session(database) as own, keepa_account(keepa.config(key), own, "run") as account:
        return plan_run(
            connection,
            lake,
            account,
            run="run",
            dag_id="track_prices",
            batch_products=2,
            # The horizon is 0.75 of it: three refills at most.
            policy=RequestPolicy(timedelta(minutes=4)),
            reserve_share=0.5,
            started_at=datetime.now(UTC),
            publish=publish,
            only=only,
        )


def planned_asins(lake: Path, batches: list[PlannedBatch]) -> list[list[str]]:
    return [
        [product.asin for product in BatchFolder.of(lake, "run", batch.batch).read_plan()]
        for batch in batches
    ]


def test_when_tokens_do_not_reach_the_most_valuable_are_checked_and_the_row_says_so(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    far = watch(connection, 1, checked=now - HOUR, price=5000)
    near = watch(connection, 2, checked=now - HOUR, price=1040)
    new = watch(connection, 3, checked=None, price=0)
    stale = watch(connection, 4, checked=now - 9 * HOUR, price=5000)
    keepa = simulate(refill_rate=1)
    keepa.post("tokens", {"left": 1})
    rung: list[KeeperEvent] = []

    batches = plan(connection, database, keepa, tmp_path, publish=rung.append)

    # One token now and three refills of one: four tokens, one of them kept for `near`.
    assert planned_asins(tmp_path, batches) == [[near], [new, stale]]
    assert [(batch.urgent, batch.page_products) for batch in batches] == [(True, 60), (False, 60)]
    row = connection.execute(
        "SELECT products_planned, products_postponed, tokens_estimated FROM pipeline_runs"
    ).fetchone()
    assert row == {"products_planned": 3, "products_postponed": 1, "tokens_estimated": 3}
    assert far not in {asin for batch in planned_asins(tmp_path, batches) for asin in batch}
    assert [(e.event_type, e.count, e.run_id) for e in rung] == [("tokens_short", 1, "run")]


def test_a_long_list_leaves_another_user_a_share_and_what_keeper_records_has_none(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    many = [watch(connection, number, checked=None, price=0) for number in range(1, 21)]
    few = [
        watch(connection, number, checked=now - HOUR, price=5000, user="ben@example.org")
        for number in (51, 52, 53)
    ]
    # Both watch this one, and it counts for both.
    watch(connection, 1, checked=None, price=0, user="ben@example.org")
    recorded = watch(connection, 99, checked=now - HOUR, price=5000)
    connection.execute(
        "UPDATE watched_products SET user_id = (SELECT user_id FROM users WHERE is_system),"
        " priority = -1, target_minor = NULL WHERE asin = %s",
        (recorded,),
    )
    keepa = simulate(refill_rate=1)
    keepa.post("tokens", {"left": 2})

    batches = plan(connection, database, keepa, tmp_path)

    # Two tokens now and three refills of one.
    chosen = [asin for batch in planned_asins(tmp_path, batches) for asin in batch]
    assert chosen == [*many[:3], *few[:2]]


def test_a_user_says_what_matters_most(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    for number in (1, 2, 3):
        watch(connection, number, checked=now - HOUR, price=5000)
    dear = Watch("B000000003", "us", "NEW", 1000, priority=Priority.HIGH)
    save_watches(connection, "reader@example.org", [dear])

    batches = plan(connection, database, simulate(), tmp_path)

    assert planned_asins(tmp_path, batches)[0][0] == "B000000003"


def test_a_wrong_key_stops_the_run_with_its_row_there(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    with pytest.raises(KeepaKeyRejectedError):
        plan(connection, database, simulate(), tmp_path, key="nobodys-key")

    row = connection.execute("SELECT count(*) AS runs FROM pipeline_runs").fetchone()
    assert row is not None


def test_the_plan_and_the_tokens_are_printed(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    keepa = simulate()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KEEPER_KEEPA_URL", keepa.url)
    monkeypatch.setenv("KEEPER_PRICE_TYPES", "NEW,BUY_BOX_SHIPPING")
    load_settings.cache_clear()
    try:
        nothing = CliRunner().invoke(app, ["keepa", "plan"])
        watch(connection, 1, checked=datetime.now(UTC) - HOUR, price=1040)
        printed = CliRunner().invoke(app, ["keepa", "plan"])
        tokens = CliRunner().invoke(app, ["keepa", "tokens"])
    finally:
        load_settings.cache_clear()

    assert "Nothing is watched yet" in nothing.stdout
    assert "B000000001" in printed.stdout
    assert "+4.0 %" in printed.stdout
    assert "1 tokens of 1200" in printed.stdout
    assert "KEEPER_PRICE_TYPES has BUY_BOX_SHIPPING: recorded of products" in printed.stdout
    assert "1200 tokens left of at most 1200, 20 more each minute" in tokens.stdout


def test_a_run_may_be_about_some_products_only_and_leaves_the_reserve_as_it_is(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    watch(connection, 1, checked=now - HOUR, price=1040)
    other = watch(connection, 2, checked=now - HOUR, price=5000)
    keepa = simulate()
    plan(connection, database, keepa, tmp_path)
    reserve = "SELECT reserve FROM token_accounts"
    before = connection.execute(reserve).fetchall()
    assert before == [{"reserve": 1}], "kept for the one that is about to alert"

    batches = plan(connection, database, keepa, tmp_path, only=ProductChoice.of(["us"], [other]))

    assert planned_asins(tmp_path, batches) == [[other]]
    assert [batch.label for batch in batches] == [f"us 1: {other}"]
    assert connection.execute(reserve).fetchall() == before


def test_a_run_about_what_nobody_watches_is_refused(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    watch(connection, 1, checked=None, price=0)

    with pytest.raises(InvalidChoiceError, match="nobody watches B00EXAMPLE"):
        plan(connection, database, simulate(), tmp_path, only=ProductChoice.of([], ["B00EXAMPLE"]))


def test_a_preview_says_what_a_run_would_cost_and_spends_and_notes_nothing(
    connection: Connection, database: PostgresConfig, simulate: Callable[..., Simulator]
) -> None:
    for number in (1, 2, 3):
        watch(connection, number, checked=None, price=0)
    keepa = simulate(refill_rate=1)
    keepa.post("tokens", {"left": 50})

    with session(database) as own, keepa_account(keepa.config(), own, "run") as account:
        answered = preview_run(
            connection,
            account,
            batch_products=2,
            policy=RequestPolicy(timedelta(hours=6)),
            reserve_share=0.1,
            at=datetime.now(UTC),
        )
        left = account.client.token_status().tokens_left

    assert answered.startswith(
        "3 products (us 3: B000000001, B000000002, B000000003) in 2 batches; "
    )
    assert "3 tokens of 50" in answered
    assert left >= 50
    for table in ("pipeline_runs", "token_ledger"):
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == []


def test_a_real_key_never_pays_for_what_the_simulator_made_up(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    made_up = [watch(connection, number, checked=now - HOUR, price=5000) for number in (1, 2)]
    own = watch(connection, 3, checked=None, price=0)
    keepa = simulate()
    plan(connection, database, keepa, tmp_path / "simulated")
    real = replace(keepa.config("simulator"), source="keepa")

    def planned(run: str, *, only: ProductChoice = EVERYTHING) -> list[str]:
        with session(database) as session_, keepa_account(real, session_, run) as account:
            batches = plan_run(
                connection,
                tmp_path / run,
                account,
                run=run,
                dag_id="track_prices",
                batch_products=10,
                policy=RequestPolicy(6 * HOUR),
                reserve_share=0.5,
                started_at=datetime.now(UTC),
                only=only,
                operator="operator@example.org",
            )
        return [
            product.asin
            for batch in batches
            for product in BatchFolder.of(tmp_path / run, run, batch.batch).read_plan()
        ]

    with session(database) as session_, keepa_account(real, session_, "preview") as account:
        said = preview_run(
            connection,
            account,
            batch_products=10,
            policy=RequestPolicy(6 * HOUR),
            reserve_share=0.5,
            at=datetime.now(UTC),
        )
    assert said.endswith("; 2 products that the simulator made up are left out")
    # A run of chosen products is none that could have paused the others.
    assert planned("chosen", only=ProductChoice.of(asins=[own])) == [own]
    assert planned("first") == [own]
    states = connection.execute("SELECT asin, status FROM watched_products ORDER BY asin")
    assert [tuple(row.values()) for row in states] == [
        (made_up[0], "PAUSED"),
        (made_up[1], "PAUSED"),
        (own, "ACTIVE"),
    ]
    notices = connection.execute("SELECT topic, details FROM operator_notices").fetchall()
    assert [row["topic"] for row in notices] == ["simulated-watches"]
    assert "keeper watch remove --simulated" in notices[0]["details"]
    # Who resumes one of them means it.
    connection.execute("UPDATE watched_products SET status = 'ACTIVE' WHERE asin = %s", made_up[:1])
    assert sorted(planned("second")) == [made_up[0], own]


@pytest.mark.parametrize("by_name", [False, True], ids=["all", "by name"])
def test_nor_does_a_backfill_unless_it_is_asked_to(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
    by_name: bool,
) -> None:
    now = datetime.now(UTC)
    made_up = watch(connection, 1, checked=now - HOUR, price=5000)
    own = watch(connection, 2, checked=None, price=0)
    plan(connection, database, simulate(), tmp_path / "simulated")
    only = ProductChoice.of(asins=[made_up]) if by_name else EVERYTHING
    chosen: dict[str, Any] = {
        "source": "keepa",
        "batch_products": 10,
        "interval": Interval(now - 2 * HOUR, now - HOUR),
        "only": only,
    }

    assert f"us 1: {made_up if by_name else own})" in preview_backfill(connection, **chosen, at=now)
    # The second run of a backfill comes after one that has asked Keepa.
    for run in ("first", "second"):
        (batch,) = plan_backfill(
            connection,
            tmp_path,
            run=run,
            dag_id="track_prices",
            started_at=datetime.now(UTC),
            **chosen,
        )
        assert batch.label == f"us 1: {made_up if by_name else own}"


def test_a_run_that_paid_for_something_keeps_its_plan_when_it_is_planned_again(
    connection: Connection,
    database: PostgresConfig,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
) -> None:
    """Else some of it would be paid for again, and what tokens do not reach for never published."""
    now = datetime.now(UTC)
    watch(connection, 1, checked=now - HOUR, price=5000)
    keepa = simulate()
    first = plan(connection, database, keepa, tmp_path)
    add_page(BatchFolder.of(tmp_path, "run", 0), 0, b"{}")
    connection.execute("UPDATE pipeline_runs SET state = 'FAILED', problem = 'the key'")
    watch(connection, 2, checked=None, price=0)
    keepa.post("tokens", {"left": -100})

    again = plan(connection, database, keepa, tmp_path)

    assert again == first
    row = connection.execute("SELECT state, problem, products_planned FROM pipeline_runs")
    assert row.fetchone() == {"state": "RUNNING", "problem": None, "products_planned": 1}
