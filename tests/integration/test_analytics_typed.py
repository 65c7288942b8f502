"""What analysts type into the functions, and what they see before a night has passed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from keeper.domain.locales import LOCALES
from keeper.domain.prices.types import PRICE_TYPES
from keeper.stores.postgres.analytics.views import analyses
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.roll_ups import roll_up
from tests.stored_prices import store_current_price, store_history

ASIN = "B000000001"
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
Ask = Callable[..., list[tuple[Any, ...]]]
OF_ONE_PRODUCT = sorted(
    one.name for one in analyses() if one.parameters.startswith("asin text, domain text")
)


@pytest.fixture
def ask(connection: Connection) -> Ask:
    """Runs a query and returns its rows."""

    def run(query: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in connection.execute(query, values)]

    return run


@pytest.mark.parametrize("name", OF_ONE_PRODUCT)
def test_any_letters_give_the_same_answer(connection: Connection, ask: Ask, name: str) -> None:
    store_history(connection, ASIN, [(MONDAY, 1000), (MONDAY + DAY, 800)], domain="de")

    exact = ask(f"SELECT * FROM {name}('{ASIN}', 'de', 'NEW')")
    typed = ask(f"SELECT * FROM {name}(' b000000001', 'DE ', 'new')")

    assert len(exact) > 0
    assert exact[0][0] is not None
    assert [row[:1] for row in typed] == [row[:1] for row in exact]


@pytest.mark.parametrize("name", OF_ONE_PRODUCT)
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (("B00000001", "de", "NEW"), "'B00000001' is not an ASIN"),
        ((ASIN, "deutschland", "NEW"), "Keepa has no Amazon locale 'deutschland'"),
        ((ASIN, "de", "NEWER"), "Keepa has no price type 'NEWER'"),
    ],
)
def test_what_cannot_be_is_an_error_that_names_the_choices(
    ask: Ask, name: str, typed: tuple[str, str, str], says: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=says) as refused:
        ask(f"SELECT * FROM {name}(%s, %s, %s)", *typed)

    assert refused.value.diag.message_hint is not None


def test_every_locale_and_price_type_is_known(ask: Ask) -> None:
    for locale in LOCALES:
        assert ask("SELECT analytics.locale(%s)", locale.domain.upper()) == [(locale.domain,)]
    for price_type in PRICE_TYPES:
        query = "SELECT analytics.price_type(%s)"
        if price_type.is_price:
            assert ask(query, price_type.name.lower()) == [(price_type.name,)]
        else:
            with pytest.raises(psycopg.errors.InvalidParameterValue):
                ask(query, price_type.name)


def test_prices_stand_beside_minor_units_as_people_write_them(
    connection: Connection, ask: Ask
) -> None:
    store_history(connection, ASIN, [(MONDAY, 2499), (MONDAY + DAY, None)])
    store_current_price(connection, ASIN, at=MONDAY, price=2499)
    store_history(connection, ASIN, [(MONDAY, 1980)], domain="jp")
    connection.execute("UPDATE price_series SET currency = 'JPY' WHERE domain = 'jp'")

    written = ask("SELECT domain, price::text FROM price_history ORDER BY domain, observed_at")
    current = ask("SELECT price::text, shipping FROM current_prices")

    assert written == [("jp", "1980"), ("us", "24.99"), ("us", None)]
    assert current == [("24.99", None)]


def test_drops_are_there_before_a_night_has_passed(connection: Connection, ask: Ask) -> None:
    now = datetime.now(UTC)
    store_history(connection, ASIN, [(now - 40 * DAY, 1000), (now - HOUR, 500)])
    store_current_price(connection, ASIN, at=now - HOUR, price=500)
    query = (
        "SELECT landed_minor, landed::text, average_90_minor, below_90_percent, lowest_minor,"
        " is_lowest FROM analytics.drops"
    )

    at_once = ask(query)
    roll_up(connection, at=now)
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")
    roll_up(connection, at=now)

    assert at_once == [(500, "5.00", 999, Decimal("49.9"), 500, True)]
    assert ask(query) == at_once
    assert ask("SELECT reckoned_at FROM analytics.drops") == [(now,)]


def test_days_not_rolled_up_yet_count_like_those_that_are(connection: Connection, ask: Ask) -> None:
    for number, price in enumerate((900, 1100, None)):
        points = [(MONDAY, 1000), (MONDAY + DAY, price), (MONDAY + 2 * DAY + HOUR, 1000)]
        store_history(connection, f"B{number:09d}", points)
    connection.execute("UPDATE price_series SET due_from = '2011-01-01Z'")
    query = "SELECT * FROM analytics.daily_changes(%s, %s)"
    days = (MONDAY.date(), MONDAY.date() + 2 * DAY)

    at_once = ask(query, *days)
    roll_up(connection, at=MONDAY + 30 * DAY)
    rolled_up = ask(query, *days)
    # A point that came after the roll-up: its day and later ones are counted from the points again.
    connection.execute("UPDATE price_series SET due_from = %s", [MONDAY + DAY])

    assert at_once == [
        (MONDAY.date(), "us", 3, 3, 0, 0, 0),
        (MONDAY.date() + DAY, "us", 3, 3, 0, 0, 1),
        (MONDAY.date() + 2 * DAY, "us", 3, 3, 1, 1, 0),
    ]
    assert rolled_up == at_once
    assert ask(query, *days) == at_once
