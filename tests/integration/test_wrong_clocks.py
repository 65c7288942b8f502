"""A clock that is wrong costs no good message and brings no wrong time, on real services."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial

import httpx
import msgspec
import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.clock import utc_now
from keeper.domain.prices.events import PriceEvent
from keeper.metrics import WorkerMetrics
from keeper.pipeline.services.clocks import ClocksDifferError, require_right_clock
from keeper.pipeline.services.monitor import monitor_clock
from keeper.settings import load_settings
from keeper.sources.keepa.client import KeepaClient
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.codec import LatestCheck, decode_price_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.dead_letters.box import DeadLetterBox
from keeper.streams.producer import EventProducer
from tests.keepa_simulator import Simulator
from tests.price_events import price_event
from tests.waiting import wait_until

ASKED_TOMORROW = (
    "INSERT INTO users (email) VALUES ('reader@example.org')",
    "INSERT INTO watched_products (user_id, asin, domain, price_type, last_asked_at)"
    " SELECT user_id, 'B000000009', 'us', 'NEW', now() + interval '1 day' FROM users LIMIT 1",
    "INSERT INTO product_kinds (asin, domain, kind, asked_at)"
    " VALUES ('B000000009', 'us', 'not found', now() + interval '1 day')",
)


class Reader:
    """A loader on a machine whose clock is off, until somebody sets it."""

    def __init__(self, kafka: KafkaConfig, topic: str, *, off: timedelta) -> None:
        self.off = off
        self.stored: list[PriceEvent] = []
        self.metrics = WorkerMetrics()
        self.consumer = BatchConsumer(
            kafka,
            topic=topic,
            group=f"g-{topic}",
            decode=partial(decode_price_event, latest_check=LatestCheck(self.now)),
            handle=self.stored.extend,
            policy=BatchPolicy(first_backoff_s=0.01, max_backoff_s=0.05),
            metrics=self.metrics,
            clock=self.now,
        )

    def now(self) -> datetime:
        return utc_now() + self.off

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.consumer.run)
        thread.start()
        try:
            yield
        finally:
            self.consumer.stop()
            thread.join()


def publish(kafka: KafkaConfig, topic: str, *checks: datetime) -> None:
    with EventProducer(kafka) as producer:
        for checked_at in checks:
            event = msgspec.structs.replace(price_event(1000), checked_at=checked_at)
            producer.send(topic, b"key", encode_price_event(event))


def reasons(kafka: KafkaConfig, topic: str) -> list[str]:
    with DeadLetterBox(kafka, topic) as box, closing(box.letters()) as letters:
        return [letter.headers["reason"] for letter in letters]


def test_a_clock_that_is_behind_delays_good_messages_and_gives_up_none(
    kafka: KafkaConfig, topic: str
) -> None:
    now = utc_now()
    publish(kafka, topic, now, now - timedelta(hours=1))
    reader = Reader(kafka, topic, off=-timedelta(days=2))

    with reader.running():
        wait_until(
            lambda: (
                reader.metrics.messages
                or any("clock" in one.why for one in reader.metrics.waits.snapshot())
            ),
            "the clock is named",
        )
        assert reader.metrics.messages == 0
        reader.off = timedelta(0)
        wait_until(lambda: len(reader.stored) == 2, "both are stored")
        wait_until(lambda: not reader.metrics.waits.snapshot(), "the wait is over")

    assert reasons(kafka, topic) == []


def test_a_check_that_is_in_the_future_for_kafka_too_is_a_dead_letter(
    kafka: KafkaConfig, topic: str
) -> None:
    now = utc_now()
    publish(kafka, topic, now + timedelta(days=3), now)
    reader = Reader(kafka, topic, off=timedelta(0))

    reader.consumer.run(until_idle=True)

    assert [one.checked_at for one in reader.stored] == [now]
    (reason,) = reasons(kafka, topic)
    assert "in the future" in reason


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (timedelta(minutes=9), None),
        (timedelta(hours=2, minutes=5), "2 h 5 min ahead of Keepa's"),
        (-timedelta(minutes=30), "30 min behind Keepa's"),
    ],
    ids=["a little ahead", "ahead", "behind"],
)
def test_nothing_is_fetched_by_a_clock_that_is_wrong(
    simulate: Callable[..., Simulator], off: timedelta, said: str | None
) -> None:
    keepa = simulate()
    with KeepaClient(keepa.config(), clock=lambda: utc_now() + off) as client:
        if said is None:
            require_right_clock(client)
        else:
            with pytest.raises(ClocksDifferError, match=said):
                require_right_clock(client)


def test_a_clock_of_keepas_that_is_wrong_alone_stops_nothing(
    simulate: Callable[..., Simulator],
) -> None:
    keepa = simulate()
    httpx.post(
        f"{keepa.url}/simulator/faults", json={"kind": "clock_skew", "hours": 9}, timeout=10
    ).raise_for_status()

    with KeepaClient(keepa.config()) as client:
        require_right_clock(client)


def test_what_was_checked_in_the_future_is_said_and_set_back(
    database: PostgresConfig, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    load_settings.cache_clear()
    now = utc_now()
    wrong = msgspec.structs.replace(price_event(900), checked_at=now + timedelta(hours=23))

    def right() -> PriceEvent:
        return msgspec.structs.replace(price_event(800, hour=5), checked_at=utc_now())

    def current() -> object:
        row = connection.execute("SELECT price_minor FROM price_series").fetchone()
        return row and row["price_minor"]

    with closing(PriceWriter(database)) as writer:
        writer.store([wrong])
        writer.store([right()])
        assert current() == 900
        trouble = monitor_clock(connection, at=now).trouble
        assert trouble is not None
        assert "keeper storage mend-clock" in trouble.details

        mended = CliRunner().invoke(app, ["storage", "mend-clock", "--yes"])
        writer.store([right()])

    assert "set back: 1 series, 1 points" in mended.stdout
    assert current() == 800
    assert monitor_clock(connection, at=utc_now()).trouble is None
    again = CliRunner().invoke(app, ["storage", "mend-clock", "--dry-run"])
    assert "Nothing was checked in the future" in again.stdout

    # What Keepa never delivers has no series, and would be asked for by nobody until then.
    for statement in ASKED_TOMORROW:
        connection.execute(statement.encode())
    again = CliRunner().invoke(app, ["storage", "mend-clock", "--dry-run"])
    assert "1 watches, 1 products that are no standard ones" in again.stdout
    mended = CliRunner().invoke(app, ["storage", "mend-clock", "--yes"])
    assert "set back: 0 series, 0 points, 1 watches" in mended.stdout
    (row,) = connection.execute(
        "SELECT last_checked_at, last_asked_at <= now() AND asked_at <= now() AS is_past"
        " FROM watched_products JOIN product_kinds USING (asin, domain)"
    ).fetchall()
    assert row == {"last_checked_at": None, "is_past": True}
    load_settings.cache_clear()
