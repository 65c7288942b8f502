"""Commands of the side workers: long-running, ended by SIGTERM or Ctrl-C without losing work."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from keeper.domain.price_events import PriceEvent
    from keeper.pipeline.load_events import EventStore
    from keeper.streams.consumer import BatchConsumer

consume = typer.Typer(help="Load events from Kafka into PostgreSQL.", no_args_is_help=True)
index = typer.Typer(help="Load events from Kafka into Elasticsearch.", no_args_is_help=True)

BatchOption = Annotated[int, typer.Option(help="Most messages to store at once.", min=1)]
IdleOption = Annotated[
    bool, typer.Option("--until-idle", help="End once everything there is has been read.")
]


@consume.command("prices")
def consume_prices(batch: BatchOption = 10_000, until_idle: IdleOption = False) -> None:
    """Load price events into PostgreSQL and raise their alerts.

    Commits after PostgreSQL has the data, waits while it is away. Example: keeper consume prices
    """
    from keeper.pipeline.services import postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.price_writer import PriceWriter
    from keeper.streams.topics import PRICE_LOADER_GROUP, PRICE_UPDATES

    writer = PriceWriter(postgres_config(load_settings()))
    _load_prices("consume-prices", writer, PRICE_UPDATES, PRICE_LOADER_GROUP, batch, until_idle)


@consume.command("backfill")
def consume_backfill(batch: BatchOption = 20_000, until_idle: IdleOption = False) -> None:
    """Load older price points into PostgreSQL; current prices and alerts stay as they are.

    Commits after PostgreSQL has the data, waits while it is away. Example: keeper consume backfill
    """
    from keeper.pipeline.services import postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.backfill_writer import BackfillWriter
    from keeper.streams.topics import BACKFILL_LOADER_GROUP, PRICE_BACKFILL

    writer = BackfillWriter(postgres_config(load_settings()))
    _load_prices(
        "consume-backfill", writer, PRICE_BACKFILL, BACKFILL_LOADER_GROUP, batch, until_idle
    )


@consume.command("deals")
def consume_deals(batch: BatchOption = 5_000, until_idle: IdleOption = False) -> None:
    """Load deal events into PostgreSQL: the deals, their prices and their products.

    Commits after PostgreSQL has the data, waits while it is away. Example: keeper consume deals
    """
    from keeper.pipeline.load_events import deal_consumer
    from keeper.pipeline.services import kafka_config, postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.deal_writer import DealWriter
    from keeper.streams.consumer import BatchPolicy
    from keeper.streams.topics import DEAL_LOADER_GROUP

    settings = load_settings()
    consumer = deal_consumer(
        kafka_config(settings),
        DealWriter(postgres_config(settings), follow=settings.keeper_follow_deals),
        group=DEAL_LOADER_GROUP,
        on_cycle=_heartbeat("consume-deals"),
        policy=BatchPolicy(max_messages=batch),
    )
    _run(consumer, until_idle)


@index.command("prices")
def index_prices(batch: BatchOption = 2_000, until_idle: IdleOption = False) -> None:
    """Load price events into Elasticsearch.

    Commits after Elasticsearch has the documents, waits while it is away.
    Example: keeper index prices
    """
    from keeper.streams.topics import PRICE_INDEXER_GROUP, PRICE_UPDATES

    _index_prices("index-prices", PRICE_UPDATES, PRICE_INDEXER_GROUP, batch, until_idle)


@index.command("backfill")
def index_backfill(batch: BatchOption = 5_000, until_idle: IdleOption = False) -> None:
    """Load older price points into Elasticsearch.

    Commits after Elasticsearch has the documents, waits while it is away.
    Example: keeper index backfill
    """
    from keeper.streams.topics import BACKFILL_INDEXER_GROUP, PRICE_BACKFILL

    _index_prices("index-backfill", PRICE_BACKFILL, BACKFILL_INDEXER_GROUP, batch, until_idle)


@index.command("deals")
def index_deals(batch: BatchOption = 2_000, until_idle: IdleOption = False) -> None:
    """Load deal events into Elasticsearch.

    Commits after Elasticsearch has the documents, waits while it is away.
    Example: keeper index deals
    """
    from keeper.pipeline.load_events import deal_consumer
    from keeper.pipeline.services import elasticsearch_config, kafka_config
    from keeper.settings import load_settings
    from keeper.stores.elasticsearch.deal_index import DealIndex
    from keeper.streams.consumer import BatchPolicy
    from keeper.streams.topics import DEAL_INDEXER_GROUP

    settings = load_settings()
    with elasticsearch_config(settings).client() as client:
        consumer = deal_consumer(
            kafka_config(settings),
            DealIndex(client),
            group=DEAL_INDEXER_GROUP,
            on_cycle=_heartbeat("index-deals"),
            policy=BatchPolicy(max_messages=batch),
        )
        _run(consumer, until_idle)


def _load_prices(
    worker: str,
    store: "EventStore[PriceEvent]",
    topic: str,
    group: str,
    batch: int,
    until_idle: bool,
) -> None:
    from keeper.pipeline.load_events import price_consumer
    from keeper.pipeline.services import kafka_config
    from keeper.settings import load_settings
    from keeper.streams.consumer import BatchPolicy

    consumer = price_consumer(
        kafka_config(load_settings()),
        store,
        group=group,
        on_cycle=_heartbeat(worker),
        policy=BatchPolicy(max_messages=batch),
        topic=topic,
    )
    _run(consumer, until_idle)


def _index_prices(worker: str, topic: str, group: str, batch: int, until_idle: bool) -> None:
    from keeper.pipeline.services import elasticsearch_config
    from keeper.settings import load_settings
    from keeper.stores.elasticsearch.price_index import PriceIndex

    with elasticsearch_config(load_settings()).client() as client:
        _load_prices(worker, PriceIndex(client), topic, group, batch, until_idle)


def deliver(
    once: Annotated[bool, typer.Option("--once", help="Deliver what is due, then end.")] = False,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="First make those due again that failed or had no mail server."
        ),
    ] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.1)] = 5,
) -> None:
    """Deliver alerts by e-mail as they fall due.

    Several may run at once. Example: keeper deliver --once
    """
    from keeper.errors import TransientError
    from keeper.pipeline.deliver import deliver_due_alerts
    from keeper.pipeline.services import email_channel, postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.alert_outbox import requeue_undelivered
    from keeper.stores.postgres.connection import session

    settings = load_settings()
    channel = email_channel(settings)
    stopping = Event()
    _stop_on_signal(stopping.set)
    beat = _heartbeat("deliver")

    def stopped() -> bool:
        beat()
        return stopping.is_set()

    if retry_failed:
        with session(postgres_config(settings)) as connection:
            typer.echo(f"{requeue_undelivered(connection)} alerts are due again")
    while not stopping.is_set():
        beat()
        try:
            with session(postgres_config(settings)) as connection:
                counts = deliver_due_alerts(connection, channel, stopped=stopped)
        except TransientError as error:
            if once:
                raise
            typer.echo(f"{error}; looking again in {interval:g} s", err=True)
        else:
            if once or any(counts.values()):
                typer.echo(", ".join(f"{count} {name}" for name, count in counts.items()))
        if once:
            break
        stopping.wait(interval)


def health(
    worker: Annotated[str, typer.Argument(help="consume-prices, index-deals, deliver …")],
    max_age: Annotated[float, typer.Option(help="Oldest sign of life, in seconds.")] = 120,
) -> None:
    """Tell whether a side worker is alive by its last sign of life; exit 1 if not.

    Example: keeper health consume-prices
    """
    sign = _sign_of_life(worker)
    if not sign.exists():
        typer.echo(f"{worker} has given no sign of life in {sign.parent}", err=True)
        raise typer.Exit(1)
    age = time.time() - sign.stat().st_mtime
    typer.echo(f"{worker}: last sign of life {age:.0f} s ago")
    if age > max_age:
        raise typer.Exit(1)


def _run(consumer: "BatchConsumer[Any]", until_idle: bool) -> None:
    _stop_on_signal(consumer.stop)
    typer.echo(f"{consumer.run(until_idle=until_idle)} messages handled")


def _sign_of_life(worker: str) -> Path:
    from keeper.settings import load_settings

    return Path(load_settings().keeper_run_dir) / f"{worker}.alive"


def _heartbeat(worker: str) -> Callable[[], None]:
    """Return a function that leaves a sign of life, at most once a second."""
    sign = _sign_of_life(worker)
    sign.parent.mkdir(parents=True, exist_ok=True)
    last = 0.0

    def beat() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= 1:
            sign.touch()
            last = now

    beat()
    return beat


def _stop_on_signal(stop: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
