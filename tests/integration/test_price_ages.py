"""Keepa's own time of looking and hidden prices, from the reply to list, alert and notice."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import ProductToCheck, Watch
from keeper.pipeline.prices.validate import validate_batch
from keeper.pipeline.services.monitor import monitor_products
from keeper.settings import load_settings
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.outbox import latest_alert
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import list_watches, save_watches
from keeper.streams.codec import decode_price_event
from tests.lake_pages import add_page
from tests.price_events import START, price_event
from tests.price_runs import EVERY_SIX_HOURS

READER = "reader@example.org"
ASIN = "B000000001"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def writer(database: PostgresConfig) -> Iterator[PriceWriter]:
    with closing(PriceWriter(database)) as writer:
        yield writer


def watch(connection: Connection, rules: str = "", target: int | None = None) -> None:
    watched = Watch(ASIN, "us", "NEW", target, rules=parse_rules(rules, "USD"))
    save_watches(connection, READER, [watched])


def minutes_ago(days: float) -> int:
    return to_keepa_minutes(NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("price_type", "index", "seen_days_ago"),
    [("NEW", 1, 1), ("BUY_BOX_SHIPPING", 18, 2), ("WAREHOUSE", 9, 3)],
)
def test_an_event_has_the_time_of_its_own_class(
    connection: Connection, tmp_path: Path, price_type: str, index: int, seen_days_ago: int
) -> None:
    csv: list[Any] = [None] * 36
    csv[index] = [minutes_ago(9), 1999] + ([0] if price_type.endswith("_SHIPPING") else [])
    (event,) = events_of(
        connection,
        tmp_path,
        price_type,
        csv=csv,
        lastUpdate=minutes_ago(1),
        stats={"lastBuyBoxUpdate": minutes_ago(2), "lastOffersUpdate": minutes_ago(3)},
    )
    assert event.seen_at == NOW - timedelta(days=seen_days_ago)
    assert not event.is_price_hidden


def test_a_look_is_never_after_the_check(connection: Connection, tmp_path: Path) -> None:
    csv = [None, [minutes_ago(9), 1999]]
    (event,) = events_of(connection, tmp_path, "NEW", csv=csv, lastUpdate=minutes_ago(-0.1))
    assert event.seen_at == event.checked_at == NOW


@pytest.mark.parametrize("hidden", [True, False])
def test_only_the_newest_point_can_be_a_hidden_price(
    connection: Connection, tmp_path: Path, hidden: bool
) -> None:
    prices = {9: 1999, 8: -1, 7: 999, 1: -1}
    csv = [None, [number for days, cost in prices.items() for number in (minutes_ago(days), cost)]]
    events = events_of(
        connection,
        tmp_path,
        "NEW",
        stored_until=NOW - timedelta(days=9),
        csv=csv,
        newPriceIsMAP=hidden,
    )
    assert [(event.price_minor, event.is_price_hidden) for event in events] == [
        (None, False),
        (999, False),
        (None, hidden),
    ]


def events_of(
    connection: Connection,
    lake: Path,
    price_type: str,
    *,
    stored_until: datetime | None = None,
    **product: Any,
) -> list[Any]:
    folder = BatchFolder.of(lake, "run-1", 0)
    until = {} if stored_until is None else {price_type: stored_until}
    folder.write_plan([ProductToCheck(ASIN, "us", {price_type: 1000}, until)])
    fields = {"asin": ASIN, "domainId": 1, "offersSuccessful": True, **product}
    body = json.dumps({"tokensLeft": 1, "products": [fields]})
    detail = ProductToCheck(ASIN, "us", {price_type: 1000}, {}).detail
    add_page(folder, 0, body.encode(), asked=(ASIN,), received_at=NOW, detail=detail)
    validate_batch(folder, connection, run_id="run-1", batch=0, source="keepa", price_types=())
    return [decode_price_event(message) for _, message in folder.read_messages()]


def test_the_series_and_the_alert_keep_when_keepa_looked(
    connection: Connection, writer: PriceWriter
) -> None:
    watch(connection, target=1000)
    looked = START - timedelta(days=30)
    writer.store([price_event(900, hour=1, seen_at=looked)])

    (item,) = list_watches(connection, READER)
    assert (item.seen_at, item.is_price_hidden) == (looked, False)
    queued = latest_alert(connection)
    assert queued is not None
    assert queued.alert.seen_at == looked

    writer.store([price_event(900, hour=1, check=7, seen_at=START + timedelta(hours=7))])
    (item,) = list_watches(connection, READER)
    assert item.seen_at == START + timedelta(hours=7)


def test_a_hidden_price_is_neither_sold_out_nor_back_in_stock(
    connection: Connection, writer: PriceWriter
) -> None:
    watch(connection, "sold out; back in stock", target=950)
    alerts = [
        writer.store([event]).alerts
        for event in (
            price_event(1000, hour=1),
            price_event(None, hour=7, is_price_hidden=True),
            price_event(None, hour=7, check=13, is_price_hidden=True),
            price_event(980, hour=19),
        )
    ]
    assert alerts == [0, 0, 0, 0]
    # The maker's rule ends, and the very same point says that there is no offer.
    after = (
        price_event(None, hour=25, is_price_hidden=True),
        price_event(None, hour=25, check=31),
        price_event(980, hour=37),
    )
    assert [writer.store([event]).alerts for event in after] == [0, 1, 1]


def test_the_list_shows_hidden_prices_and_old_looks(
    connection: Connection,
    database: PostgresConfig,
    writer: PriceWriter,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    watch(connection)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KEEPER_USER_EMAIL", READER)
    monkeypatch.setattr("keeper.clock.utc_now", lambda: START + timedelta(hours=8))
    load_settings.cache_clear()
    writer.store([price_event(None, hour=7, is_price_hidden=True, seen_at=START)])
    assert "price hidden" in listed()
    assert "Keepa last looked" not in listed()

    writer.store([price_event(900, hour=7, check=8, seen_at=START - timedelta(hours=6))])
    assert "(Keepa last looked on 2026-02-28 18:00 UTC)" in listed()


def listed() -> str:
    result = CliRunner().invoke(app, ["watch", "list"])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_product_keepa_has_not_looked_at_is_stale_though_it_was_checked(
    connection: Connection, writer: PriceWriter
) -> None:
    watch(connection)
    check = START + timedelta(hours=7, minutes=30)

    def trouble(seen_at: datetime | None, hours: float) -> tuple[str, str]:
        writer.store([price_event(900, hour=7, seen_at=seen_at)])
        connection.execute("UPDATE price_series SET seen_at = %s", (seen_at,))
        found = monitor_products(
            connection, policy=EVERY_SIX_HOURS, at=check + timedelta(hours=hours)
        )
        return ("", "") if found.trouble is None else (found.trouble.subject, found.trouble.details)

    assert trouble(None, 1) == ("", "")
    assert trouble(check - timedelta(hours=12), 1) == ("", "")
    subject, details = trouble(check - timedelta(hours=13), 1)
    assert subject == "1 of 1 watched products are stale"
    assert "1 were checked, but Keepa itself had not looked" in details
    assert "12 hours" in details
    # Counted once where both are so.
    subject, details = trouble(check - timedelta(hours=13), 13)
    assert subject == "1 of 1 watched products are stale"
    assert "not checked within two intervals" in details
    assert "Keepa itself" not in details
