"""Corrections and replays: the same outcome however checks fall into batches."""

import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from keeper.domain.prices.events import PriceEvent
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.price_events import START, price_event

USER = "reader@example.org"
WATCH = Watch("B000000001", "us", "NEW", 1000)
CHECKS = range(0, 30, 6)

Load = Callable[[Sequence[Sequence[PriceEvent]]], list[list[dict[str, object]]]]


@pytest.fixture
def load(database: PostgresConfig) -> Iterator[Load]:
    """Loads batches into emptied tables and returns all that loading writes."""
    writer = PriceWriter(database)
    tables = (
        "SELECT * FROM price_history ORDER BY asin, domain, price_type, observed_at",
        "SELECT * FROM current_prices ORDER BY asin, domain, price_type",
        "SELECT asin, observed_at, former_price_minor, former_checked_at, price_minor, checked_at"
        " FROM price_corrections ORDER BY asin, observed_at, checked_at",
        "SELECT asin, domain, title, image_url, source FROM products ORDER BY asin, domain",
        "SELECT run_id, points_stored FROM pipeline_runs ORDER BY run_id",
        "SELECT watch_id, price_minor, observed_at, checked_at, reason, run_id FROM price_alerts"
        " ORDER BY watch_id, checked_at",
    )
    with session(database) as connection:
        save_watches(connection, USER, [WATCH])

        def load_them(batches: Sequence[Sequence[PriceEvent]]) -> list[list[dict[str, object]]]:
            connection.execute(
                "TRUNCATE products, price_points, price_corrections, price_series,"
                " alert_states, price_alerts, pipeline_runs CASCADE"
            )
            for check in CHECKS:
                start_run(
                    connection,
                    run_id=f"run-{check}",
                    dag_id="track_prices",
                    source="simulator",
                    started_at=START,
                    products_planned=1,
                )
            for batch in batches:
                writer.store(batch)
            return [connection.execute(table).fetchall() for table in tables]

        yield load_them
    writer.close()


def one_point(*checks: tuple[int, int, bool]) -> list[PriceEvent]:
    """Return the events of one point, each check as (hour, price, implausible)."""
    return [
        price_event(price, check=check, implausible=implausible, run_id=f"run-{check}")
        for check, price, implausible in checks
    ]


@pytest.mark.parametrize(
    ("events", "run_id", "implausible"),
    [
        (one_point((0, 1999, False), (6, 1999, False)), "run-0", False),
        (one_point((0, 1999, False), (6, 99, True)), "run-6", True),
        (one_point((0, 99, True), (6, 99, False)), "run-0", False),
        (one_point((0, 99, False), (6, 99, True)), "run-0", False),
        (one_point((0, 1999, False), (6, 1899, False), (12, 1999, True)), "run-12", True),
    ],
    ids=["unchanged", "corrected to a doubtful one", "confirmed", "doubted later", "and back"],
)
@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch a check"])
def test_a_value_is_credited_to_the_first_check_that_has_had_it_since(
    load: Load, events: list[PriceEvent], run_id: str, implausible: bool, together: bool
) -> None:
    (row,) = load([events] if together else [[event] for event in events])[0]

    assert (row["run_id"], row["implausible"]) == (run_id, implausible)
    assert row["price_minor"] == events[-1].price_minor
    assert row["last_checked_at"] == events[-1].checked_at


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch a check"])
def test_a_title_keepa_no_longer_says_is_kept(load: Load, together: bool) -> None:
    events = [price_event(1999, title="A kettle"), price_event(1999, check=6, title=None)]

    (product,) = load([events] if together else [[event] for event in events])[3]

    assert product["title"] == "A kettle"


@pytest.mark.parametrize("seed", range(12))
def test_corrections_give_the_same_in_any_batches(load: Load, seed: int) -> None:
    chance = random.Random(seed)
    events = [
        price_event(
            chance.choice([None, 900, 940, 1500]),
            hour=chance.choice([0, 1]),
            check=check,
            asin=asin,
            implausible=chance.random() < 0.4,
            title=chance.choice([None, "A kettle", "A kettle, red"]),
            run_id=f"run-{check}",
        )
        for check in CHECKS
        for asin in (WATCH.asin, "B000000002")
    ]
    expected = load([[event] for event in events])

    for size in (2, 3, 5, len(events)):
        batches = [events[start : start + size] for start in range(0, len(events), size)]
        assert load(batches) == expected, f"batches of {size} gave something else"
        assert load([*batches, *batches]) == expected, f"replaying batches of {size} changed it"


def test_a_replay_does_not_alert_a_watch_that_is_younger(
    database: PostgresConfig, load: Load
) -> None:
    week = [price_event(900, hour=0), price_event(1500, hour=6), price_event(1500, hour=12)]
    load([[event] for event in week])
    writer = PriceWriter(database)
    with session(database) as connection:
        save_watches(connection, "late@example.org", [WATCH])

        assert writer.store(week).alerts == 0
        assert alerts_of(connection, "late@example.org") == 0
        assert writer.store([price_event(950, hour=18)]).alerts == 2
        assert alerts_of(connection, "late@example.org") == 1
    writer.close()


def test_a_replay_does_not_evaluate_old_prices_by_a_new_target(
    database: PostgresConfig, load: Load
) -> None:
    week = [price_event(1200, hour=0), price_event(1500, hour=6)]
    load([[event] for event in week])
    writer = PriceWriter(database)
    with session(database) as connection:
        save_watches(connection, USER, [Watch("B000000001", "us", "NEW", 1300)])

        assert writer.store(week).alerts == 0
        assert writer.store([price_event(1250, hour=12)]).alerts == 1
    writer.close()


def alerts_of(connection: Connection, email: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM price_alerts JOIN users USING (user_id) WHERE email = %s", [email]
    ).fetchone()
    assert row is not None
    return int(str(row["count"]))
