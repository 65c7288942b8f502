"""Trends of a seeded month, against the same reckoned in Python without any of its SQL."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from statistics import median_low
from typing import Any, Final

import pytest

from keeper.domain.deals.deal import DealFilter
from keeper.domain.intervals import Interval
from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.listing import Labels
from keeper.domain.product_kinds import ProductKind
from keeper.pipeline.prices.product_kinds import record_kinds
from keeper.pipeline.trends.update import update_trends
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import active_filters, save_filter
from keeper.stores.postgres.deals.writer import DealWriter
from keeper.stores.postgres.prices.writer import BackfillWriter, PriceWriter
from keeper.stores.postgres.trends.windows import due_windows, reach
from keeper.stores.postgres.watches.product_kinds import SeenKind
from keeper.streams.codec import UndecodableMessageError, decode_price_event, encode_price_event
from tests.deals import a_deal, a_deal_event
from tests.price_events import START, price_event

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
LASTING: Final = {"6h": 6 * HOUR, "day": DAY}
AT: Final = START + 31 * DAY
KITCHEN, TOYS = 284507, 165793011
Store = Callable[[Sequence[PriceEvent]], object]
Group = tuple[str, int, str]


@dataclass(frozen=True)
class Product:
    """A product and its labels; it may be in another category after the middle of the month."""

    asin: str
    labels: Labels
    later: Labels | None = None

    def labels_at(self, checked_at: datetime) -> Labels:
        is_later = self.later is not None and checked_at >= START + 15 * DAY
        return self.later if is_later and self.later else self.labels

    def groups_at(self, checked_at: datetime) -> Iterator[Group]:
        labels = self.labels_at(checked_at)
        yield "locale", 0, ""
        if labels.root_category:
            yield "category", labels.root_category, ""
            if labels.brand:
                yield "brand", labels.root_category, labels.brand


PRODUCTS: Final = [
    Product("B000000001", Labels(KITCHEN, "Acme")),
    Product("B000000002", Labels(KITCHEN, "Acme")),
    Product("B000000003", Labels(KITCHEN, "Élan & Söhne")),
    Product("B000000004", Labels(KITCHEN, None)),
    Product("B000000005", Labels(None, "Acme")),
    Product("B000000006", Labels(TOYS, "Acme"), later=Labels(KITCHEN, "Acme")),
]


@pytest.fixture
def store(database: PostgresConfig) -> Iterator[Store]:
    with closing(PriceWriter(database)) as writer:
        yield writer.store


@pytest.fixture
def store_older(database: PostgresConfig) -> Iterator[Store]:
    with closing(BackfillWriter(database)) as writer:
        yield writer.store


def describe(connection: Connection, products: Iterable[Product] = PRODUCTS) -> None:
    for product in products:
        for at, labels in ((START - DAY, product.labels), (START + 15 * DAY, product.later)):
            if labels is not None:
                kind = SeenKind(product.asin, "us", ProductKind.STANDARD, at, labels=labels)
                record_kinds(connection, [kind])


def a_month(days: int = 31) -> list[PriceEvent]:
    chance = random.Random(7)
    events = []
    for product in PRODUCTS:
        price = chance.randrange(1500, 9000)
        for hour in sorted(chance.sample(range(days * 24), 2 * days)):
            price = max(100, price * chance.randrange(70, 131) // 100)
            shown = None if chance.random() < 0.15 else price
            implausible = chance.random() < 0.05
            events.append(price_event(shown, hour=hour, asin=product.asin, implausible=implausible))
    return events


def in_python(events: Iterable[PriceEvent]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Reckon price_trends point by point, window by window."""
    of_asin = {product.asin: product for product in PRODUCTS}
    histories: dict[str, list[PriceEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.timestamp):
        if not event.implausible:
            histories[event.asin].append(event)
    rows: dict[tuple[Any, ...], list[tuple[str, datetime, int | None, int | None]]]
    rows = defaultdict(list)
    for asin, history in histories.items():
        former: int | None = None
        for event in history:
            price = event.price_minor
            for group in of_asin[asin].groups_at(event.checked_at):
                for key in _windows_of(event.timestamp):
                    rows[(*key, *group)].append((asin, event.timestamp, price, former))
            former = price if price is not None else former
    return {key: _figures(points) for key, points in rows.items()}


def _windows_of(at: datetime) -> Iterator[tuple[str, datetime]]:
    yield "day", at.replace(hour=0)
    for hours in range(6):
        started_at = at - hours * HOUR
        if started_at + 6 * HOUR <= AT:
            yield "6h", started_at


def _figures(
    points: Sequence[tuple[str, datetime, int | None, int | None]],
) -> tuple[int, int, int, int | None, int, int]:
    pairs = [(now, former) for _, _, now, former in points if now and former]
    drops = [(former - now) * 10_000 // former for now, former in pairs if now < former]
    last = {asin: price for asin, _, price, _ in sorted(points, key=lambda point: point[1])}
    return (
        len(last),
        len(pairs),
        len(drops),
        median_low(drops) if drops else None,
        sum(_log_ratio(now, former) for now, former in pairs),
        sum(price is None for price in last.values()),
    )


def _log_ratio(now: int, former: int) -> int:
    with localcontext() as context:
        context.prec = 60
        return round((Decimal(now) / Decimal(former)).ln() * 10**9)


def stored(connection: Connection) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = connection.execute(
        "SELECT span, started_at, scope, root_category, brand, products, changes, drops,"
        " median_drop_bp, log_sum_e9, sold_out FROM price_trends WHERE products > 0"
    )
    values = [tuple(row.values()) for row in rows]
    return {row[:5]: row[5:] for row in values}


def test_a_month_is_counted_as_python_reckons_it_however_it_comes(
    connection: Connection, store: Store, store_older: Store
) -> None:
    describe(connection)
    events = a_month()
    store([event for event in events if event.timestamp < START + 20 * DAY])
    first = update_trends(connection, at=START + 20 * DAY)
    assert first.rows > 0
    # The rest comes late and in disorder, some of it twice.
    rest = [event for event in events if event.timestamp >= START + 20 * DAY]
    random.Random(3).shuffle(rest)
    store(rest[::2])
    update_trends(connection, at=AT)
    store_older(rest[1::2])
    store(rest[::3])
    update_trends(connection, at=AT)

    expected = in_python(events)
    assert stored(connection) == expected
    assert len(expected) > 2000

    again = update_trends(connection, at=AT)
    assert (again.windows, again.rows) == (0, 0)
    # As `airflow backfill create` does for a past week that was lost, and for one that was not.
    connection.execute("DELETE FROM price_trends WHERE started_at < '2026-03-08Z'")
    for number in range(10):
        since = START + number * DAY
        update = update_trends(connection, at=AT, interval=Interval(since, since + DAY))
        # Windows of the first day began before it.
        assert update.rows == 0 or number < 8
    assert stored(connection) == expected


def test_the_index_chains_what_all_products_of_a_group_moved_by(
    connection: Connection, store: Store
) -> None:
    describe(connection)
    store(
        [
            *(price_event(1000, hour=1, asin=product.asin) for product in PRODUCTS[:4]),
            price_event(800, hour=30, asin="B000000001"),
            price_event(None, hour=54, asin="B000000002"),
            price_event(1100, hour=78, asin="B000000002"),
        ]
    )
    update_trends(connection, at=AT)

    query = (
        "SELECT day, products, moved, price_index FROM analytics.price_index("
        "'us', %s, first_day => '2026-03-01', last_day => '2026-03-31', least_products => %s)"
    )
    rows = [tuple(row.values()) for row in connection.execute(query, [KITCHEN, 4])]
    # One of four fell to 0.8; sold out moves nothing; back again it is compared with before.
    assert rows == [
        (date(2026, 3, 1), 4, 4, Decimal("100.0000")),
        (date(2026, 3, 2), 4, 1, Decimal(round(100 * 0.8**0.25, 4)).quantize(Decimal("0.0001"))),
        (date(2026, 3, 3), 4, 1, Decimal(round(100 * 0.8**0.25, 4)).quantize(Decimal("0.0001"))),
        (date(2026, 3, 4), 4, 1, Decimal(round(100 * 0.88**0.25, 4)).quantize(Decimal("0.0001"))),
    ]
    assert connection.execute(query, [KITCHEN, 5]).fetchall() == [], "below the floor"


def test_movers_are_measured_by_their_own_ninety_days(connection: Connection, store: Store) -> None:
    chance = random.Random(11)
    prices = {day: chance.randrange(900, 1100) for day in sorted(chance.sample(range(95), 30))}
    prices[0] = 1000
    asin = "B000000001"
    kinds = {"AMAZON": prices, "NEW": prices}
    today = START + 100 * DAY
    store(
        [
            price_event(price, hour=24 * day + 5, asin=asin, price_type=kind)
            for kind, held in kinds.items()
            for day, price in sorted(held.items())
        ]
        + [price_event(500, hour=24 * 100 + 3, asin=asin, price_type=kind) for kind in kinds]
    )
    update_trends(connection, at=today + 8 * HOUR)

    closes = [prices[max(known for known in prices if known <= day)] for day in range(10, 100)]
    median = median_low(closes)
    mad = median_low([abs(close - median) for close in closes])
    query = "SELECT price_minor, median_minor, mad_minor, days FROM price_movers WHERE day = %s"
    rows = [tuple(row.values()) for row in connection.execute(query, [today.date()])]
    assert rows == [(500, median, mad, 90)] * 2
    z = "SELECT z_score FROM analytics.movers(%s) WHERE price_type = 'NEW'"
    (found,) = connection.execute(z, [today.date()]).fetchall()
    assert float(found["z_score"]) == pytest.approx(0.6745 * (500 - median) / mad, abs=0.01)


def test_a_late_correction_moves_only_the_windows_it_touches(
    connection: Connection, store: Store
) -> None:
    describe(connection)
    store([price_event(1000), price_event(900, hour=30), price_event(950, hour=200)])
    update_trends(connection, at=AT)
    before = stored(connection)

    # Keepa says otherwise of a point of long ago, at a later check.
    store([price_event(600, hour=30, check=300)])
    update = update_trends(connection, at=AT)

    after = stored(connection)
    changed = {key[1] for key in after if after[key] != before.get(key)}
    hours = {START + (hour - n) * HOUR for hour in (30, 200) for n in range(6)}
    assert changed == hours | {START + DAY, START + 8 * DAY}, "and those of the change after it"
    # Two days, twelve windows of six hours, and the movers of two days.
    assert update.windows == 16
    assert after["6h", START + 30 * HOUR, "locale", 0, ""][3] == 4000


def test_a_point_of_the_future_waits_until_its_window_has_ended(
    connection: Connection, store: Store
) -> None:
    describe(connection)
    store([price_event(1000), price_event(800, hour=20, check=0)])
    update_trends(connection, at=START + 10 * HOUR)
    assert max(key[1] for key in stored(connection)) == START

    update_trends(connection, at=START + DAY)
    counted = stored(connection)
    assert counted["day", START, "locale", 0, ""][:4] == (1, 1, 1, 2000)
    assert ("6h", START + 18 * HOUR, "locale", 0, "") in counted
    assert ("6h", START + 19 * HOUR, "locale", 0, "") not in counted


def test_a_currency_of_another_locale_is_no_event_and_so_no_trend() -> None:
    message = encode_price_event(price_event(1000)).replace(b'"USD"', b'"EUR"')
    with pytest.raises(UndecodableMessageError, match="currency 'EUR' does not belong"):
        decode_price_event(message)


def test_an_update_that_is_interrupted_loses_nothing(connection: Connection, store: Store) -> None:
    describe(connection)
    events = a_month(days=5)
    store(events)
    stopped_after = 9

    def stop(done: int, due: int) -> None:
        assert done <= due
        if done >= stopped_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_trends(connection, at=AT, progress=stop)
    assert due_windows(connection, AT, reach(connection))

    update_trends(connection, at=AT)
    assert stored(connection) == in_python(events)


def test_a_deal_counts_once_by_its_best_score_and_again_only_if_it_changed(
    connection: Connection, database: PostgresConfig
) -> None:
    for name in ("kettles", "pots"):
        save_filter(connection, "ann@example.org", DealFilter(name, "us", "NEW"))
    first, second = active_filters(connection)
    with closing(DealWriter(database)) as writer:
        writer.store([a_deal_event(first), a_deal_event(second)])
    at = a_deal().observed_at + 2 * DAY
    update_trends(connection, at=at)

    query = "SELECT scope, deals, deal_score_sum FROM price_trends WHERE span = 'day' AND deals > 0"
    rows = {tuple(row.values()) for row in connection.execute(query)}
    assert rows == {("locale", 1, 63), ("category", 1, 63)}
    assert update_trends(connection, at=at).windows == 0
