"""What prices amount to by the API: statistics, whether it is cheap, and other locales."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from keeper.alerts.compose import alert_message
from keeper.domain.users.access import Scope
from keeper.pipeline.messages.price_verdicts import price_context_of
from keeper.stores.postgres.connection import Connection
from tests.alerts import queued
from tests.console_server import ANN, BOSS, Console
from tests.stored_prices import store_current_price, store_history

ASIN = "B00EXAMPL0"
PATH = f"/api/v1/prices/{ASIN}"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    console.clock.now = NOW
    return console.program(ANN, Scope.PRICES_READ)


@pytest.fixture
def kettle(connection: Connection) -> None:
    """A product of Amazon's that cost 30, then 20, was gone for ten days, and costs 25."""
    points = [(ago(100), 3000), (ago(50), 2000), (ago(20), None), (ago(10), 2500)]
    store_history(connection, ASIN, points, price_type="AMAZON")
    store_history(connection, ASIN, points)
    store_current_price(connection, ASIN, at=ago(10), price=2500)
    connection.execute("UPDATE price_series SET last_checked_at = %s", (NOW,))


@pytest.mark.usefixtures("kettle")
def test_statistics_weigh_prices_by_their_time(ann: httpx.Client) -> None:
    answer = ann.get(f"{PATH}/stats", params={"price_type": "AMAZON"}).json()

    windows = {one["days"]: one for one in answer["windows"]}
    assert list(windows) == [30, 90, 180, 365, None]
    month, quarter, ever = windows[30], windows[90], windows[None]
    assert month["average"]["minor"] == (10 * 2000 + 10 * 2500) / 20
    assert (month["lowest"]["minor"], month["highest"]["minor"]) == (2000, 2500)
    assert (month["changes"], round(month["share_with_offer"], 4)) == (2, 0.6667)
    assert month["lowest_at"] == "2026-04-01T00:00:00Z"
    assert quarter["average"]["minor"] == (40 * 3000 + 30 * 2000 + 10 * 2500) / 80 // 1
    assert (ever["highest"]["minor"], ever["highest_at"]) == (3000, "2026-01-21T00:00:00Z")
    assert ever["known_since"] == "2026-01-21T00:00:00Z"
    assert answer["percentile"] == pytest.approx(100 * 35 / 90, abs=0.1)


@pytest.mark.usefixtures("kettle")
def test_statistics_go_back_as_far_as_prices_mean_the_same(ann: httpx.Client) -> None:
    windows = ann.get(f"{PATH}/stats").json()["windows"]

    assert {one["known_since"] for one in windows if one["days"] != 30} == {"2026-03-12T00:00:00Z"}
    assert {one["highest"]["minor"] for one in windows} == {2500}


def test_statistics_without_any_offer_have_no_amounts(
    ann: httpx.Client, connection: Connection
) -> None:
    store_history(connection, ASIN, [(ago(5), None)])

    (one, *_) = ann.get(f"{PATH}/stats").json()["windows"]

    assert one["share_with_offer"] == 0
    assert [one[name] for name in ("average", "lowest", "lowest_at", "highest")] == [None] * 4


@pytest.mark.usefixtures("kettle")
def test_whether_it_is_cheap_is_said_as_mails_say_it(
    ann: httpx.Client, connection: Connection
) -> None:
    answer = ann.get(f"{PATH}/assessment").json()

    assert answer["sentence"] == "never dearer in 40 days with an offer since February 2026"
    assert {one["name"] for one in answer["facts"]} >= {"How good", "Average"}
    assert (answer["days_dearer"], answer["days_with_offer"]) == (0, 40)
    assert answer["average_90_days"]["minor"] == (30 * 2000 + 10 * 2500) / 40
    assert answer["known_since"] == "2026-03-12T00:00:00Z"
    assert answer["price"]["amount"]["minor"] == 2500
    low = answer["earlier_low"]
    assert (low["amount"]["text"], low["at"]) == ("$20.00", "2026-03-12T00:00:00Z")
    mailed = queued(
        asin=ASIN,
        domain="us",
        price_type="NEW",
        price_minor=2500,
        shipping_minor=None,
        observed_at=ago(10),
        checked_at=NOW,
    )
    (section,) = alert_message(mailed, price_context_of(connection, mailed.alert)).sections
    assert {(one["name"], one["text"]) for one in answer["facts"]} <= set(section.facts)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([(2, 2500)], "too little is known to compare with: a week of prices is needed"),
        ([(50, 2500), (2, None)], "there is no offer now"),
    ],
)
def test_what_cannot_be_compared_says_so(
    ann: httpx.Client,
    connection: Connection,
    points: list[tuple[float, int | None]],
    sentence: str,
) -> None:
    store_history(connection, ASIN, [(ago(days), price) for days, price in points])
    store_current_price(connection, ASIN, at=ago(points[-1][0]), price=points[-1][1])

    answer = ann.get(f"{PATH}/assessment").json()

    assert answer["sentence"] == sentence
    assert (answer["facts"], answer["known_since"]) == ([], None)


@pytest.mark.usefixtures("kettle")
def test_days_are_those_of_the_readers_calendar(ann: httpx.Client, connection: Connection) -> None:
    store_history(connection, ASIN, [(ago(400), 1000), (ago(10), 900)], price_type="LISTPRICE")
    connection.execute(
        "UPDATE price_series SET observed_at = %s, last_checked_at = %s, price_minor = 900,"
        " origin_id = (SELECT min(origin_id) FROM price_origins) WHERE price_type = 'LISTPRICE'",
        (ago(10), NOW),
    )

    def sentence() -> str:
        found: str = ann.get(f"{PATH}/assessment", params={"price_type": "LISTPRICE"}).json()[
            "sentence"
        ]
        return found

    assert sentence() == "cheaper than on 355 of 365 days since 1 May 2025"
    connection.execute("UPDATE users SET time_zone = 'America/New_York' WHERE email = %s", (ANN,))
    assert sentence().endswith("since 30 April 2025")


def test_locales_are_compared_in_euros_the_cheapest_first(
    ann: httpx.Client, connection: Connection
) -> None:
    store_history(connection, ASIN, [(ago(3), 3000)])
    store_history(connection, ASIN, [(ago(2), 2000)], domain="de")
    connection.execute("UPDATE price_series SET currency = 'EUR' WHERE domain = 'de'")
    connection.execute(
        "INSERT INTO exchange_rates (currency, day, per_euro) VALUES ('USD', '2026-04-30', 1.2)"
    )

    items = ann.get(f"{PATH}/locales").json()["items"]

    assert [(one["domain"], one["amount"]["text"]) for one in items] == [
        ("de", "€20.00"),
        ("us", "$30.00"),
    ]
    assert items[1]["in_euros"]["minor"] == 2500
    assert (items[1]["above_cheapest_percent"], items[1]["rate_day"]) == (25, "2026-04-30")


@pytest.mark.parametrize("path", ["stats", "assessment", "locales"])
def test_what_nobody_has_fetched_has_no_figures(ann: httpx.Client, path: str) -> None:
    answer = ann.get(f"{PATH}/{path}")

    assert (answer.status_code, answer.json()["type"]) == (404, "/api/v1/problems#not-found")


def test_the_days_of_the_week_are_compared(ann: httpx.Client, connection: Connection) -> None:
    # Two weeks of 20 on weekends, 30 on other days, and nothing on Wednesdays; 1 May is a Friday.
    prices = {2: None, 5: 2000, 6: 2000}
    days = [NOW - timedelta(days=number) for number in range(14, 0, -1)]
    points = [(day, prices.get(day.weekday(), 3000)) for day in days]
    store_history(connection, ASIN, points)

    answer = ann.get(f"{PATH}/weekdays").json()

    found = {one["weekday"]: one for one in answer["items"]}
    assert list(found) == [1, 2, 3, 4, 5, 6, 7]
    averages = [one["average"] and one["average"]["minor"] for one in found.values()]
    assert averages == [3000, 3000, None, 3000, 3000, 2000, 2000]
    assert found[3]["share_with_offer"] == 0
    assert found[3]["of_average_percent"] is None
    assert found[6]["of_average_percent"] == pytest.approx(100 * 2000 / (16000 / 6), abs=0.1)
    assert ann.get(f"{PATH}/weekdays", params={"price_type": "USED"}).status_code == 404


@pytest.mark.usefixtures("kettle")
def test_where_a_price_is_from_is_said_and_its_run_to_operators(
    console: Console, ann: httpx.Client
) -> None:
    answer = ann.get(f"{PATH}/origin").json()

    assert (answer["source"], answer["run_id"]) == ("simulator", None)
    assert answer["observed_at"] == "2026-04-21T00:00:00Z"
    assert answer["checked_at"] == "2026-05-01T00:00:00Z"
    boss = console.program(BOSS, Scope.PRICES_READ, Scope.OPERATIONS_READ)
    assert boss.get(f"{PATH}/origin").json()["run_id"] == "stored"
    boss = console.program(BOSS, Scope.PRICES_READ)
    assert boss.get(f"{PATH}/origin").json()["run_id"] is None
    assert ann.get(f"{PATH}/origin", params={"price_type": "USED"}).status_code == 404


def test_price_types_say_what_they_cost(ann: httpx.Client) -> None:
    found = {one["name"]: one for one in ann.get("/api/v1/price-types").json()["items"]}

    assert (found["NEW"]["detail"], found["NEW"]["tokens"]) == ("basic", 1)
    assert found["WAREHOUSE"]["tokens"] > found["BUY_BOX_SHIPPING"]["tokens"] > 1
    assert found["NEW"]["comparable_since"] is not None
    assert "SALES" not in found
