"""However watches change between batches, the loader raises what looking at each event would."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random

import pytest
from msgspec import structs

from keeper.domain.prices.events import PriceEvent
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.messages.channels import acknowledge, snooze_watches
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches, set_status
from tests.integration.alert_course import Alert, Course, CourseWatch
from tests.price_events import price_event
from tests.waiting import wait_until

READER = "reader@example.org"
USERS = (READER, "second@example.org", "third@example.org")
ASINS = {"B000000001": "NEW", "B000000002": "AMAZON", "B000000003": "BUY_BOX_SHIPPING"}
RULES = ("", "", "", "sold out", "any change; above 9", "back in stock; at or below 8")
TARGETS = (None, 600, 900, 1000, 1000, 1200)
PRICES = (None, 590, 606, 607, 850, 900, 909, 910, 945, 1000, 1010, 1011, 1031, 1250, 1500)
STATUSES = {
    "pause": WatchStatus.PAUSED,
    "go on": WatchStatus.ACTIVE,
    "remove": WatchStatus.INACTIVE,
}
WAYS = (*("save",) * 6, *STATUSES, "delete", "by hand", "snooze", "acknowledge", "acknowledge")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def writer(database: PostgresConfig) -> Iterator[PriceWriter]:
    writer = PriceWriter(database)
    yield writer
    writer.close()


def alerts(connection: Connection) -> list[Alert]:
    rows = connection.execute(
        "SELECT email, asin, price_minor, observed_at, checked_at, rules"
        " FROM price_alerts JOIN users USING (user_id)"
    )
    return sorted(
        ((*list(row.values())[:5], "; ".join(sorted(row["rules"]))) for row in rows), key=str
    )


def change(connection: Connection, course: Course, chance: Random) -> str:
    """Change a watch in one of the ways there are, in the database and in the course."""
    user, asin, way = chance.choice(USERS), chance.choice(list(ASINS)), chance.choice(WAYS)
    watch = course.watches.get((user, asin))
    of_it = "w.user_id = u.user_id AND (u.email, w.asin) = (%s, %s)"
    if way == "save" or watch is None:
        way = "save"
        _save(connection, course, chance, user, asin)
    elif way in STATUSES:
        if watch.status is not WatchStatus.INACTIVE:
            watch.status = STATUSES[way]
            set_status(connection, user, asin, watch.status)
    elif way == "snooze":
        snooze_watches(connection, user, asin, AT, domain="us")
    elif way == "acknowledge":
        found = connection.execute(
            "SELECT alert_id, rules FROM price_alerts w JOIN users u ON " + of_it
            + " ORDER BY alert_id DESC LIMIT 1",
            (user, asin),
        ).fetchone()  # fmt: skip
        if found is not None:
            acknowledge(connection, user, found["alert_id"])
            course.calm(user, asin, found["rules"])
    elif way == "delete":
        connection.execute(
            f"DELETE FROM watched_products w USING users u WHERE {of_it}", (user, asin)
        )
        del course.watches[user, asin]
        course.alerts = [alert for alert in course.alerts if alert[:2] != (user, asin)]
    else:
        watch.target = chance.choice((600, 1000, 1200))
        watch.states.clear()
        connection.execute(
            f"DELETE FROM alert_states a USING watched_products w, users u"
            f" WHERE a.watch_id = w.watch_id AND {of_it}",
            (user, asin),
        )
        connection.execute(
            "UPDATE watched_products w SET target_minor = %s FROM users u WHERE " + of_it,
            (watch.target, user, asin),
        )
    return f"{way} {user} {asin}"


def _save(connection: Connection, course: Course, chance: Random, user: str, asin: str) -> None:
    target, rules = chance.choice(TARGETS), chance.choice(RULES)
    with_shipping = ASINS[asin] == "BUY_BOX_SHIPPING" and chance.random() < 0.5
    asked = Watch(
        asin,
        "us",
        ASINS[asin],
        target,
        rules=parse_rules(rules, "USD"),
        with_shipping=with_shipping,
        tags=(chance.choice(("kitchen", "garden")),),
    )
    save_watches(connection, user, [asked])
    watch = course.watches.setdefault((user, asin), CourseWatch(user, asin))
    watch.saved(target, rules, with_shipping=with_shipping)


def some_events(chance: Random, check: int) -> list[PriceEvent]:
    """Return what a check brings of each series, and now and then an older check again."""
    events = []
    for asin, price_type in ASINS.items():
        for back in range(chance.choice((1, 1, 2, 3))):
            is_late = chance.random() < 0.15
            price = chance.choice(PRICES)
            event = price_event(
                price,
                hour=6 * check - back - 7 * is_late,
                check=6 * (check - is_late),
                asin=asin,
                price_type=price_type,
                shipping=399 if price and price_type == "BUY_BOX_SHIPPING" else None,
                implausible=chance.random() < 0.2,
                is_price_hidden=price is None and chance.random() < 0.3,
            )
            events.append(
                structs.replace(event, currency="EUR") if chance.random() < 0.1 else event
            )
    chance.shuffle(events)
    return events


@pytest.mark.parametrize("seed", range(3))
def test_alerts_are_those_of_every_watch_looked_at(
    writer: PriceWriter, connection: Connection, seed: int
) -> None:
    chance, course = Random(seed), Course()
    changed = [change(connection, course, chance) for _ in range(8)]
    number = check = 0
    while check < 60:
        events: list[PriceEvent] = []
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            check += 1
            events += some_events(chance, check)

        course.take(events)
        writer.store(events)

        assert alerts(connection) == sorted(course.alerts, key=str), (check, changed[number:])
        number = len(changed)
        changed += [change(connection, course, chance) for _ in range(chance.choice((0, 1, 3)))]
    assert len(course.alerts) > 20, "the course is too quiet to say anything"


def test_a_price_at_the_edge_of_the_tolerance_is_let_through(
    writer: PriceWriter, connection: Connection
) -> None:
    save_watches(connection, READER, [Watch("B000000001", "us", "NEW", 1000)])

    found = [
        writer.store([price_event(price, hour=6 * check)]).alerts
        for check, price in enumerate((1500, 1011, 1010))
    ]

    assert found == [0, 0, 1]


def test_a_target_raised_while_the_loader_waits_is_what_counts(
    writer: PriceWriter, connection: Connection, database: PostgresConfig
) -> None:
    save_watches(connection, READER, [Watch("B000000001", "us", "NEW", 500)])
    writer.store([price_event(1500)])
    waiting = (
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    with session(database) as other, ThreadPoolExecutor(1) as loader:
        with other.transaction():
            save_watches(other, READER, [Watch("B000000001", "us", "NEW", 1000)])
            stored = loader.submit(writer.store, [price_event(1000, hour=6)])
            wait_until(
                lambda: connection.execute(waiting).fetchall(), "the loader at the watch's lock"
            )
        assert stored.result().alerts == 1
