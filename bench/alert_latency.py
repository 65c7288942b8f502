"""How soon a person is notified: from a price's event in Kafka to the mail server's acceptance."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from email import message_from_bytes
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from typing import Final

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.fresh import fresh_topic
from bench.load_vs_copy import watched_database
from bench.loader_process import Job, load_until_stopped
from bench.registry import Run, Values, benchmark
from bench.seeded_prices import EVERY, seeded_events
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.prices.events import PriceEvent
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.messages.channels import save_delivery_rules
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.streams.codec import encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.producer import EventProducer

LIMIT_S: Final = 5.0
SPACING_S: Final = 0.3
_PAST: Final = 20
_WAIT_S: Final = 60
_READER: Final = "reader@example.org"


class _Arrivals:
    """Notes when the mail of each product arrived."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        arrived = time.perf_counter()
        assert isinstance(envelope.content, bytes)
        subject = str(message_from_bytes(envelope.content)["Subject"])
        self.at[_number_in(" ".join(subject.split()))] = arrived
        return "250 OK"


@benchmark
def alert_latency(run: Run) -> Values:
    """200 price events, a chart in each mail, a continuous `keeper deliver`: to the mail server."""
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    count = run.size(200, 10)
    history = list(seeded_events(count * (_PAST + 1), series=count))
    past, cheap = history[:-count], [_cheap(event) for event in history[-count:]]
    processes = get_context("spawn")
    stopping = processes.Event()
    arrivals = _Arrivals()
    with (
        fresh_topic(kafka) as topic,
        watched_database(environment["DATABASE_URL"], count) as database,
        _mail_server(arrivals) as port,
    ):
        _prepare(database, past)
        job = Job(kafka, topic, f"bench-{uuid.uuid4().hex}", database)
        loader = processes.Process(target=load_until_stopped, args=(job, stopping), daemon=True)
        loader.start()
        try:
            with _deliverer(database, port):
                warmed, *rest = cheap
                _publish_and_wait(kafka, topic, [warmed], arrivals)
                waited = _publish_and_wait(kafka, topic, rest, arrivals)
        finally:
            stopping.set()
            loader.join(_WAIT_S)
    percentiles = quantiles(waited, n=100)
    return {
        "alert_latency_p50_s": percentiles[49],
        "alert_latency_p99_s": percentiles[98],
        "alert_latency_p99_of_limit": percentiles[98] / LIMIT_S,
    }


def _prepare(database: PostgresConfig, past: Sequence[PriceEvent]) -> None:
    """Store prices that alert nobody, so that there is something to draw; lift the day's cap."""
    dear = [
        msgspec.structs.replace(event, price_minor=10**6, shipping_minor=None, implausible=False)
        for event in past
    ]
    with closing(PriceWriter(database)) as writer:
        assert writer.store(dear).alerts == 0
    with session(database) as connection:
        save_delivery_rules(connection, _READER, DeliveryRules(daily_cap=10**6))


def _publish_and_wait(
    kafka: KafkaConfig, topic: str, events: Sequence[PriceEvent], arrivals: _Arrivals
) -> list[float]:
    """Publish events one after the other; return how long each took to be a mail."""
    sent: dict[str, float] = {}
    with EventProducer(kafka) as producer:
        for event in events:
            sent[_number(event)] = time.perf_counter()
            producer.send(topic, event.asin.encode(), encode_price_event(event))
            # A quiet stack: one at a time, as prices fall in life.
            time.sleep(SPACING_S)
    deadline = time.perf_counter() + _WAIT_S
    while not sent.keys() <= arrivals.at.keys():
        assert time.perf_counter() < deadline, "a mail has not come"
        time.sleep(SPACING_S / 10)
    return [arrivals.at[number] - at for number, at in sent.items()]


@contextmanager
def _mail_server(arrivals: _Arrivals) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    controller = Controller(arrivals, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def _deliverer(database: PostgresConfig, port: int) -> Iterator[None]:
    """Run `keeper deliver` as it runs for real."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATABASE_URL": database.url,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(port),
            "KEEPER_SMTP_TLS": "none",
            "KEEPER_RUN_DIR": folder,
        }
        process = subprocess.Popen(
            [Path(sys.executable).with_name("keeper"), "deliver"],
            env=environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(_WAIT_S)


def _number(event: PriceEvent) -> str:
    return _number_in(event.product_title or "")


def _number_in(title: str) -> str:
    return title.partition("Seeded product ")[2].partition(",")[0]


def _cheap(event: PriceEvent) -> PriceEvent:
    later = event.timestamp + EVERY
    return msgspec.structs.replace(
        event,
        timestamp=later,
        checked_at=max(event.checked_at, later),
        price_minor=1,
        shipping_minor=None,
        implausible=False,
    )
