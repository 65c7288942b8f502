"""Watches with rules, evaluated by the loader that stores the prices."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.landed import LANDED_SINCE
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.messages.outbox import latest_alert
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.watches.watch_list import (
    list_watches,
    save_watches,
    touch_without_history,
)
from tests.price_events import START, price_event

READER = "reader@example.org"
ASIN = "B000000001"
DAY = 24
BUY_BOX = "BUY_BOX_SHIPPING"


@pytest.fixture
def store(database: PostgresConfig) -> Iterator[Callable[..., int]]:
    writer = PriceWriter(database)

    def write(*events: PriceEvent) -> int:
        return writer.store(list(events)).alerts

    yield write
    writer.close()


def watch(
    connection: Connection,
    rules: str,
    *,
    target: int | None = None,
    with_shipping: bool | None = None,
    user: str = READER,
    price_type: str = "NEW",
) -> None:
    parsed = parse_rules(rules, "USD")
    save_watches(
        connection,
        user,
        [Watch(ASIN, "us", price_type, target, rules=parsed, with_shipping=with_shipping)],
    )


def raised(connection: Connection) -> list[tuple[int | None, str]]:
    rows = connection.execute("SELECT price_minor, reason FROM price_alerts ORDER BY alert_id")
    return [(row["price_minor"], row["reason"]) for row in rows]


def test_sold_out_and_back_in_stock_are_said(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "sold out; back in stock")

    for hour, price in enumerate((1000, None, None, 900)):
        store(price_event(price, hour=6 * hour))

    assert raised(connection) == [(None, "sold out"), (900, "back in stock")]


@pytest.mark.parametrize("rules", ["back in stock; 10% below previous", "any change"])
def test_the_first_offer_there_ever_was_is_back_in_stock(
    connection: Connection, store: Callable[..., int], rules: str
) -> None:
    watch(connection, rules)
    touch_without_history(connection, {(ASIN, "us", "NEW"): START + timedelta(hours=1)})
    # Nobody has looked for this one yet.
    watch(connection, rules, user="later@example.org")

    store(price_event(4999, hour=5, check=6))
    store(price_event(4999, hour=5, check=12))

    assert raised(connection) == [(4999, "back in stock")]


def test_a_first_check_that_finds_an_offer_is_no_event(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "back in stock; any change")
    store(price_event(4999, hour=5))
    # New rules know no state either, but the series had a price.
    watch(connection, "back in stock; any change; above 1")
    watch(connection, "back in stock", user="later@example.org")

    store(price_event(3999, hour=12))

    assert [price for price, reason in raised(connection) if "stock" in reason] == []


def test_a_price_is_compared_with_its_own_past(
    connection: Connection, database: PostgresConfig, store: Callable[..., int]
) -> None:
    watch(
        connection, "20% below 90-day average; lowest in 90 days; lowest ever", price_type="AMAZON"
    )
    past = BackfillWriter(database)
    past.store(
        [
            price_event(700, hour=-200 * DAY, price_type="AMAZON"),
            price_event(1000, hour=-150 * DAY, price_type="AMAZON"),
        ]
    )
    past.close()

    store(price_event(990, price_type="AMAZON"))
    store(price_event(780, hour=6, price_type="AMAZON"))

    assert raised(connection) == [
        (990, "the lowest in 90 days"),
        (
            780,
            "22 % below its 90-day average of $10.00; dropped further since the last alert, "
            "the lowest in 90 days",
        ),
    ]


def test_new_is_compared_with_prices_that_include_shipping(
    connection: Connection, database: PostgresConfig, store: Callable[..., int]
) -> None:
    watch(connection, "lowest ever; 4% below 90-day average; deal score 1")
    began = (LANDED_SINCE - START) // timedelta(hours=1)
    with closing(BackfillWriter(database)) as past:
        # 34.99 until that minute, then 39.98 with its shipping.
        past.store([price_event(3499, hour=began - 400 * DAY), price_event(3998, hour=began)])

    assert store(price_event(3799, hour=began + 60 * DAY)) == 1

    ((_, reason),) = raised(connection)
    lowest, average, score = reason.split("; ")
    assert lowest == "the lowest price since February 2026"
    assert average == "4 % below its average of $39.98 since February 2026"
    assert score.endswith(" of 100 points as a deal by its prices since February 2026")


def test_a_flag_of_before_it_was_refused_counts_no_shipping(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "lowest in 7 days", target=1000)
    connection.execute("UPDATE watched_products SET with_shipping = true")

    assert store(price_event(1005)) == 1
    store(price_event(1000, hour=10 * DAY))
    assert store(price_event(900, hour=20 * DAY)) == 1

    (found,) = list_watches(connection, READER)
    assert found.watch.with_shipping is False
    (queued,) = [latest_alert(connection)]
    assert queued is not None
    assert queued.alert.with_shipping is False


def test_several_rules_that_hold_make_one_alert(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "any change; 10% below previous", target=900)

    store(price_event(1000), price_event(890, hour=6))

    assert raised(connection) == [
        (890, "at or below your target; fell from $10.00; fell by 11 % from $10.00")
    ]
    (row,) = connection.execute("SELECT rules FROM price_alerts").fetchall()
    assert row["rules"] == ["target", "any change", "10% below previous"]


def test_shipping_counts_where_it_is_asked_for(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "", target=1000, with_shipping=True, price_type=BUY_BOX)
    watch(connection, "", target=1000, user="other@example.org", price_type=BUY_BOX)

    store(price_event(900, shipping=200, price_type=BUY_BOX))
    assert raised(connection) == [(900, "at or below your target")]
    store(price_event(800, hour=6, shipping=200, price_type=BUY_BOX))

    assert len(raised(connection)) == 3


def test_a_price_with_shipping_is_compared_with_former_ones_with_shipping(
    connection: Connection, database: PostgresConfig, store: Callable[..., int]
) -> None:
    watch(connection, "lowest in 90 days", with_shipping=True, price_type=BUY_BOX)
    watch(connection, "lowest in 90 days", user="other@example.org", price_type=BUY_BOX)
    with closing(BackfillWriter(database)) as past:
        past.store([price_event(1000, hour=-150 * DAY, shipping=300, price_type=BUY_BOX)])

    store(price_event(1050, shipping=200, price_type=BUY_BOX))
    assert raised(connection) == [(1050, "the lowest in 90 days")]
    store(price_event(990, hour=6, shipping=400, price_type=BUY_BOX))

    assert raised(connection)[1:] == [(990, "the lowest in 90 days")]


def test_however_checks_fall_into_batches_the_alerts_are_the_same(
    connection: Connection, make_database: Callable[[], PostgresConfig], store: Callable[..., int]
) -> None:
    prices = [1000, 850, None, 870, 700, 1000, 990, 690, 690, None, 1200, 650]
    events = [
        price_event(price, hour=6 * check, implausible=check == 7)
        for check, price in enumerate(prices)
    ]
    events.append(price_event(650, hour=6 * 11, check=6 * 12))
    rules = "any change; lowest in 7 days; above 9; back in stock; 10% below previous"
    watch(connection, rules, target=700)

    for event in events:
        store(event)
    one_by_one = raised(connection)
    connection.execute("TRUNCATE price_alerts, alert_states, price_points, price_series CASCADE")
    store(*events)

    assert len(one_by_one) > 8
    assert raised(connection) == one_by_one
    assert store(*events) == 0
    assert raised(connection) == one_by_one


def test_a_changed_rule_is_evaluated_afresh_and_the_others_go_on(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "above 8; lowest in 30 days", target=1500)
    assert store(price_event(1000)) == 1

    watch(connection, "above 9; lowest in 30 days", target=1500)
    store(price_event(1000, check=6))

    assert raised(connection) == [
        (1000, "at or below your target; risen above $8.00"),
        (1000, "risen above $9.00"),
    ]


def test_a_second_glitch_does_not_confirm_one_that_went_away(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "any change; at or below 5")

    for check, price in enumerate((1000, 99, 1000, 99)):
        store(price_event(price, hour=6 * check, implausible=price == 99))
    assert raised(connection) == []

    assert store(price_event(99, hour=18, check=24, implausible=True)) == 1


def test_a_paused_watch_is_silent(connection: Connection, store: Callable[..., int]) -> None:
    watch(connection, "any change")
    connection.execute("UPDATE watched_products SET status = 'PAUSED'")

    assert store(price_event(1000), price_event(900, hour=6)) == 0


def test_the_list_keeps_rules_that_are_not_given_again(connection: Connection) -> None:
    watch(connection, "sold out; lowest ever", with_shipping=True, price_type=BUY_BOX)
    save_watches(connection, READER, [Watch(ASIN, "us", BUY_BOX, 500)])

    (found,) = list_watches(connection, READER)

    assert found.watch.rules == parse_rules("sold out; lowest ever", "USD")
    assert found.watch.with_shipping is True
    save_watches(connection, READER, [Watch(ASIN, "us", BUY_BOX, 500, rules=())])
    (found,) = list_watches(connection, READER)
    assert found.watch.rules == ()


def test_nonsense_in_one_watchs_rules_costs_only_those(
    connection: Connection, store: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    watch(connection, "", target=1000)
    watch(connection, "sold out", target=1000, user="other@example.org")
    connection.execute(
        """UPDATE watched_products SET rules = '[{"all": [{"kind": "magic"}]}]'
        WHERE rules <> '[]'"""
    )

    assert store(price_event(900)) == 2

    assert "magic" in caplog.text
    (found,) = list_watches(connection, "other@example.org")
    assert found.watch.rules == ()


def test_a_price_type_that_vanishes_and_comes_back_is_nothing_new(
    connection: Connection, store: Callable[..., int]
) -> None:
    watch(connection, "sold out; any change", target=1000)
    assert store(price_event(900)) == 1

    for hour in (6, 12):
        assert store(price_event(500, hour=hour, price_type="AMAZON")) == 0
    assert store(price_event(900, hour=0, check=18)) == 0
    assert store(price_event(880, hour=24)) == 1
