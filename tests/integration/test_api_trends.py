"""Trends and movers by the API: what rests on enough, and of movers only what is one's own."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from keeper.domain.prices.listing import Labels
from keeper.domain.product_kinds import ProductKind
from keeper.domain.users.access import Scope
from keeper.domain.watches.watch import Watch
from keeper.pipeline.trends.update import update_trends
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.product_kinds import SeenKind, save_labels
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.console_server import ANN, BOSS, Console
from tests.price_events import START, price_event

KITCHEN = 284507
NOW = datetime(2026, 5, 31, 12, tzinfo=UTC)
MOVED = NOW.replace(hour=3)


@pytest.fixture
def counted(connection: Connection, database: PostgresConfig, console: Console) -> None:
    """Twelve products of a category; one falls by a half today, ten did by a tenth in April."""
    console.clock.now = NOW
    asins = [f"B{number:09d}" for number in range(1, 13)]
    seen = [
        SeenKind(asin, "us", ProductKind.STANDARD, START - timedelta(days=1), labels=label)
        for asin, label in zip(
            asins, [Labels(KITCHEN, "Acme")] * 10 + [Labels(KITCHEN, "Élan")] * 2, strict=True
        )
    ]
    save_labels(connection, seen)
    today = (MOVED - START) // timedelta(hours=1)
    with closing(PriceWriter(database)) as writer:
        writer.store(
            [
                *(price_event(1000, asin=asin) for asin in asins),
                *(price_event(900, hour=1000, asin=asin) for asin in asins[:10]),
                price_event(500, hour=today, asin=asins[0]),
                price_event(300, hour=today, asin=asins[11]),
            ]
        )
    update_trends(connection, at=NOW)
    save_watches(connection, ANN, [Watch(asins[0], "us", "NEW", None)])


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    return console.program(ANN, Scope.PRICES_READ)


@pytest.mark.usefixtures("counted")
def test_groups_are_shown_with_what_they_rest_on_and_not_below_the_floor(ann: httpx.Client) -> None:
    asked: dict[str, str | int] = {"domain": "us", "limit": 1}
    answer = ann.get("/api/v1/trends", params=asked).json()
    (newest,) = answer["items"]
    assert (newest["root_category"], newest["brand"], newest["products"]) == (KITCHEN, None, 10)
    assert (newest["drop_share"], newest["median_drop_percent"]) == (1, 10)
    assert newest["ended_at"] == "2026-04-12T00:00:00Z"
    assert answer["floor"] == 10
    asked["cursor"] = answer["next_cursor"]
    last = ann.get("/api/v1/trends", params=asked).json()
    assert ([one["products"] for one in last["items"]], last["next_cursor"]) == ([12], None)

    brands = ann.get("/api/v1/trends", params={"domain": "us", "scope": "brand"}).json()["items"]
    assert {one["brand"] for one in brands} == {"Acme"}, "two products say nothing of Élan"
    assert {one["deals"] for one in brands} == {None}
    elsewhere = ann.get("/api/v1/trends", params={"domain": "de"}).json()["items"]
    assert elsewhere == []
    wrong = ann.get("/api/v1/trends", params={"domain": "us", "cursor": "WyJ4IiwiYSIsMV0"})
    assert wrong.status_code == 400


@pytest.mark.usefixtures("counted")
def test_the_index_counts_products_that_stood_still(ann: httpx.Client) -> None:
    asked: dict[str, str | int] = {"domain": "us", "root_category": KITCHEN, "days": 60}
    answer = ann.get("/api/v1/trends/index", params=asked).json()

    assert answer["items"] == [
        {
            "day": "2026-04-11",
            "products": 12,
            "moved": 10,
            "step_percent": f"{100 * (0.9 ** (10 / 12) - 1):.4f}",
            "price_index": f"{100 * 0.9 ** (10 / 12):.4f}",
        }
    ]
    asked["brand"] = "Élan"
    assert ann.get("/api/v1/trends/index", params=asked).json()["items"] == []


@pytest.mark.usefixtures("counted")
def test_movers_are_of_the_products_one_may_see(console: Console, ann: httpx.Client) -> None:
    answer = ann.get("/api/v1/movers").json()
    (own,) = answer["items"]
    assert (own["asin"], answer["day"]) == ("B000000001", "2026-05-31")
    assert (own["price"]["minor"], own["usual"]["minor"], own["days"]) == (500, 900, 90)
    assert float(own["z_score"]) < -3.5
    everybody = console.program(BOSS, Scope.PRICES_READ).get("/api/v1/movers").json()["items"]
    assert [one["asin"] for one in everybody] == ["B000000012", "B000000001"]
    assert ann.get("/api/v1/movers", params={"least_z": 500}).json()["items"] == []
