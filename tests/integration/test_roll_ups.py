"""Daily roll-ups and statistics, against the same reckoned by hand, in a real PostgreSQL."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.landed import LANDED_SINCE
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.roll_ups import roll_up
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from tests.price_events import START, price_event

AT = START + timedelta(days=40)
DAY = timedelta(days=1)


@pytest.fixture
def store(database: PostgresConfig) -> Iterator[Callable[[Sequence[PriceEvent]], object]]:
    with closing(PriceWriter(database)) as writer:
        yield writer.store


def days(connection: Connection, asin: str = "B000000001") -> dict[date, tuple[object, ...]]:
    rows = connection.execute(
        "SELECT day, open_minor, high_minor, low_minor, close_minor, changes, in_stock_s,"
        " priced_s::bigint AS priced_s"
        " FROM price_days JOIN price_series USING (series_id) WHERE asin = %s ORDER BY day",
        [asin],
    ).fetchall()
    return {row.pop("day"): tuple(row.values()) for row in rows}


def statistics(connection: Connection) -> dict[str, object]:
    (row,) = connection.execute("SELECT * FROM price_statistics").fetchall()
    return row


def hour_of(at: datetime) -> int:
    return (at - START) // timedelta(hours=1)


def by_hand(points: Sequence[tuple[datetime, int | None]]) -> dict[date, tuple[object, ...]]:
    """Reckon the days of a series second by second, or rather hour by hour: points are whole."""
    found: dict[date, tuple[object, ...]] = {}
    for day in sorted({at.date() for at, _ in points}):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        prices: list[int | None] = []
        for hour in range(24):
            moment = start + timedelta(hours=hour)
            known = [price for at, price in points if at <= moment]
            prices.append(known[-1] if known else None)
        there = [price for price in prices if price is not None]
        is_open_known = points[0][0] <= start
        found[day] = (
            prices[0] if is_open_known else None,
            max(there, default=None),
            min(there, default=None),
            prices[-1],
            sum(start <= at < start + DAY for at, _ in points),
            3600 * len(there),
            3600 * sum(there),
        )
    return found


def test_a_day_opens_with_the_price_before_and_closes_with_the_last(
    connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
) -> None:
    store(
        [
            price_event(1000, hour=6),
            price_event(800, hour=18),
            price_event(None, hour=30),
            price_event(900, hour=24 * 4 + 12),
        ]
    )

    done = roll_up(connection, at=AT)

    assert (done.series, done.days) == (1, 3)
    assert days(connection) == {
        START.date(): (None, 1000, 800, 800, 2, 18 * 3600, (12 * 1000 + 6 * 800) * 3600),
        START.date() + DAY: (800, 800, 800, None, 1, 6 * 3600, 6 * 800 * 3600),
        START.date() + 4 * DAY: (None, 900, 900, 900, 1, 12 * 3600, 12 * 900 * 3600),
    }


def test_days_come_out_the_same_however_points_come(
    connection: Connection, database: PostgresConfig
) -> None:
    chance = random.Random(5)
    hours = sorted(chance.sample(range(24 * 30), 90))
    events = [price_event(chance.choice([None, 900, 1000, 1100]), hour=hour) for hour in hours]
    left = events[:]
    with closing(PriceWriter(database)) as live, closing(BackfillWriter(database)) as past:
        while left:
            batch = [left.pop(chance.randrange(len(left))) for _ in range(min(7, len(left)))]
            chance.choice([live, past]).store(batch)
            if chance.random() < 0.4:
                roll_up(connection, at=AT)
    roll_up(connection, at=AT)

    points = [(event.timestamp, event.price_minor) for event in events]
    assert days(connection) == by_hand(points)


def test_only_what_has_come_is_rolled_up(
    connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
) -> None:
    store([price_event(1000, asin=f"B{n:09d}") for n in range(5)])
    roll_up(connection, at=AT)
    assert roll_up(connection, at=AT).series == 0

    store([price_event(1000, check=6, asin=f"B{n:09d}") for n in range(5)])
    assert roll_up(connection, at=AT).series == 0, "a check that brings nothing new"

    store([price_event(900, hour=8, asin="B000000002")])
    assert roll_up(connection, at=AT).series == 1
    assert len(days(connection, "B000000002")) == 1


def test_corrections_confirmations_and_deletions_reach_the_days(
    connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
) -> None:
    store([price_event(1000), price_event(10, hour=6, implausible=True)])
    roll_up(connection, at=AT)
    assert days(connection)[START.date()][:5] == (1000, 1000, 1000, 1000, 1)

    store([price_event(10, hour=6, check=12)])
    roll_up(connection, at=AT)
    assert days(connection)[START.date()][:5] == (1000, 1000, 10, 10, 2)

    store([price_event(500, hour=6, check=18)])
    roll_up(connection, at=AT)
    assert days(connection)[START.date()][:5] == (1000, 1000, 500, 500, 2)

    connection.execute("DELETE FROM price_history WHERE price_minor = 500")
    roll_up(connection, at=AT)
    assert days(connection)[START.date()][:5] == (1000, 1000, 1000, 1000, 1)


def test_prices_include_shipping(
    connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
) -> None:
    store([price_event(1000, shipping=399, price_type="BUY_BOX_SHIPPING")])
    roll_up(connection, at=AT)

    assert days(connection)[START.date()][3] == 1399
    assert statistics(connection)["lowest_minor"] == 1399


def test_averages_are_weighted_by_time_and_move_with_it(
    connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
) -> None:
    store([price_event(1000), price_event(None, hour=240), price_event(500, hour=480)])

    roll_up(connection, at=START + 30 * DAY)
    found = statistics(connection)

    # Ten days each: at 1000, without an offer, at 500.
    assert (found["average_30_minor"], found["average_90_minor"]) == (750, 750)
    assert (found["lowest_minor"], found["lowest_at"]) == (500, START + 20 * DAY)
    assert found["highest_minor"] == 1000
    assert found["in_stock_90"] == pytest.approx(2 / 3)

    later = roll_up(connection, at=START + 45 * DAY)
    moved = statistics(connection)

    assert (later.series, later.statistics) == (0, 1)
    assert moved["average_30_minor"] == 500
    assert moved["average_90_minor"] == round((10 * 1000 + 25 * 500) / 35)
    assert roll_up(connection, at=START + 46 * DAY - timedelta(hours=6)).statistics == 0


def test_a_lowest_price_from_before_shipping_was_included_goes_once(
    connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
) -> None:
    series = [(price_type, number) for number, price_type in enumerate(("NEW", "AMAZON"), 1)]
    store(
        [
            price_event(price, hour=hour_of(at), price_type=price_type, asin=f"B{number:09d}")
            for price_type, number in series
            for at, price in ((LANDED_SINCE - 50 * DAY, 3499), (LANDED_SINCE + DAY, 3998))
        ]
    )
    roll_up(connection, at=LANDED_SINCE - timedelta(hours=1))
    figures = (
        "SELECT s.price_type, t.lowest_minor, t.lowest_at, t.highest_minor, t.average_90_minor"
        " FROM price_statistics t JOIN price_series s USING (series_id) ORDER BY s.price_type DESC"
    )
    before = [row["lowest_minor"] for row in connection.execute(figures)]
    assert before == [3499, 3499], "as it was stored by a version that knew no difference"

    # No point of 92 days: nothing else would compute these figures again.
    later = LANDED_SINCE + 200 * DAY
    assert roll_up(connection, at=later).statistics == 1
    assert roll_up(connection, at=later + 2 * DAY).statistics == 0

    new, amazon = (tuple(row.values()) for row in connection.execute(figures))
    assert new == ("NEW", 3998, LANDED_SINCE + DAY, 3998, 3998)
    assert amazon[:3] == ("AMAZON", 3499, LANDED_SINCE - 50 * DAY)


def test_a_price_that_held_when_shipping_was_included_is_an_offer_only(
    connection: Connection, store: Callable[[Sequence[PriceEvent]], object]
) -> None:
    store([price_event(3499, hour=hour_of(LANDED_SINCE - DAY))])
    roll_up(connection, at=LANDED_SINCE + 29 * DAY)

    found = statistics(connection)
    assert (found["lowest_minor"], found["lowest_at"], found["average_90_minor"]) == (None,) * 3
    assert found["in_stock_90"] == 1

    # It went on for so long that Keepa has seen it again.
    roll_up(connection, at=LANDED_SINCE + 50 * DAY)
    found = statistics(connection)
    assert (found["lowest_minor"], found["lowest_at"]) == (3499, LANDED_SINCE)
    assert found["average_90_minor"] == 3499
