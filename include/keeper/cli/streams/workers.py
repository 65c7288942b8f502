"""Commands of the side workers: long-running, ended by SIGTERM or Ctrl-C without losing work."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from keeper.cli.streams.signs_of_life import SignOfLife
from keeper.metrics import WorkerMetrics

if TYPE_CHECKING:
    from keeper.pipeline.runs.consumers import EventStore
    from keeper.streams.consumers.batch import BatchPolicy
    from keeper.streams.consumers.batch_consumer import BatchConsumer

consume = typer.Typer(help="Load events from Kafka into PostgreSQL.", no_args_is_help=True)
index = typer.Typer(help="Load events from Kafka into Elasticsearch.", no_args_is_help=True)

BatchOption = Annotated[int, typer.Option(help="Most messages to store at once.", min=1)]
IdleOption = Annotated[
    bool, typer.Option("--until-idle", help="End once everything there is has been read.")
]
InstanceOption = Annotated[
    str | None,
    typer.Option(
        help="A lasting name no other worker of this kind has, or @host for this machine's: "
        "started again within 15 s, the worker goes on at once and its neighbours do not notice.",
    ),
]
LettersOption = Annotated[
    float,
    typer.Option(
        "--max-dead-letters",
        help="Stop when more than this share of the latest messages cannot be loaded; "
        "1 gives up however many there are.",
        min=0,
        max=1,
    ),
]
_LETTERS: Final = 0.1


@consume.command("prices")
def consume_prices(
    batch: BatchOption = 32_000,
    until_idle: IdleOption = False,
    instance: InstanceOption = None,
    max_dead_letters: LettersOption = _LETTERS,
) -> None:
    """Load price events into PostgreSQL and raise their alerts.

    Commits after PostgreSQL has the data, waits while it is away. Several share the topic's
    partitions. Example: keeper consume prices --instance a
    """
    from keeper.pipeline.runs.consumers import price_consumer
    from keeper.pipeline.services.configuration import postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.prices.writer import PriceWriter
    from keeper.streams.topics import PRICE_LOADER_GROUP, PRICE_UPDATES

    metrics = WorkerMetrics()
    writer = PriceWriter(postgres_config(load_settings()), metrics=metrics)
    options = _Options("consume-prices", batch, until_idle, instance, max_dead_letters, metrics)
    _load(options, price_consumer, writer, PRICE_UPDATES, PRICE_LOADER_GROUP)


@consume.command("backfill")
def consume_backfill(
    batch: BatchOption = 32_000,
    until_idle: IdleOption = False,
    instance: InstanceOption = None,
    max_dead_letters: LettersOption = _LETTERS,
) -> None:
    """Load older price points into PostgreSQL; current prices and alerts stay as they are.

    Commits after PostgreSQL has the data, waits while it is away. Example: keeper consume backfill
    """
    from keeper.pipeline.runs.consumers import price_consumer
    from keeper.pipeline.services.configuration import postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.prices.writer import BackfillWriter
    from keeper.streams.topics import BACKFILL_LOADER_GROUP, PRICE_BACKFILL

    metrics = WorkerMetrics()
    writer = BackfillWriter(postgres_config(load_settings()), metrics=metrics)
    options = _Options("consume-backfill", batch, until_idle, instance, max_dead_letters, metrics)
    _load(options, price_consumer, writer, PRICE_BACKFILL, BACKFILL_LOADER_GROUP)


@consume.command("deals")
def consume_deals(
    batch: BatchOption = 5_000,
    until_idle: IdleOption = False,
    instance: InstanceOption = None,
    max_dead_letters: LettersOption = _LETTERS,
) -> None:
    """Load deal events into PostgreSQL: the deals, their prices and their products.

    Commits after PostgreSQL has the data, waits while it is away. Example: keeper consume deals
    """
    from keeper.pipeline.runs.consumers import deal_consumer
    from keeper.pipeline.services.configuration import postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.deals.writer import DealWriter
    from keeper.streams.topics import DEAL_LOADER_GROUP, DEAL_UPDATES

    settings = load_settings()
    writer = DealWriter(postgres_config(settings), follow=settings.deals.follow)
    options = _Options("consume-deals", batch, until_idle, instance, max_dead_letters)
    _load(options, deal_consumer, writer, DEAL_UPDATES, DEAL_LOADER_GROUP)


@index.command("prices")
def index_prices(
    batch: BatchOption = 2_000,
    until_idle: IdleOption = False,
    instance: InstanceOption = None,
    max_dead_letters: LettersOption = _LETTERS,
) -> None:
    """Load price events into Elasticsearch.

    Commits after Elasticsearch has the documents, waits while it is away.
    Example: keeper index prices
    """
    from keeper.streams.topics import PRICE_INDEXER_GROUP, PRICE_UPDATES

    options = _Options("index-prices", batch, until_idle, instance, max_dead_letters)
    _index_prices(options, PRICE_UPDATES, PRICE_INDEXER_GROUP)


@index.command("backfill")
def index_backfill(
    batch: BatchOption = 5_000,
    until_idle: IdleOption = False,
    instance: InstanceOption = None,
    max_dead_letters: LettersOption = _LETTERS,
) -> None:
    """Load older price points into Elasticsearch.

    Commits after Elasticsearch has the documents, waits while it is away.
    Example: keeper index backfill
    """
    from keeper.streams.topics import BACKFILL_INDEXER_GROUP, PRICE_BACKFILL

    options = _Options("index-backfill", batch, until_idle, instance, max_dead_letters)
    _index_prices(options, PRICE_BACKFILL, BACKFILL_INDEXER_GROUP)


@index.command("deals")
def index_deals(
    batch: BatchOption = 2_000,
    until_idle: IdleOption = False,
    instance: InstanceOption = None,
    max_dead_letters: LettersOption = _LETTERS,
) -> None:
    """Load deal events into Elasticsearch.

    Commits after Elasticsearch has the documents, waits while it is away.
    Example: keeper index deals
    """
    from keeper.pipeline.runs.consumers import deal_consumer
    from keeper.pipeline.services.configuration import elasticsearch_config
    from keeper.settings import load_settings
    from keeper.stores.elasticsearch.deal_index import DealIndex
    from keeper.streams.topics import DEAL_INDEXER_GROUP, DEAL_UPDATES

    options = _Options("index-deals", batch, until_idle, instance, max_dead_letters)
    with elasticsearch_config(load_settings()).client() as client:
        _load(options, deal_consumer, DealIndex(client), DEAL_UPDATES, DEAL_INDEXER_GROUP)


@dataclass(frozen=True, slots=True)
class _Options:
    """What the command line says of a worker that reads a topic."""

    worker: str
    batch: int
    until_idle: bool
    instance: str | None
    max_dead_letters: float
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)

    def lasting_name(self) -> str | None:
        return socket.gethostname() if self.instance == "@host" else self.instance

    def policy(self) -> "BatchPolicy":
        from keeper.streams.consumers.batch import BatchPolicy
        from keeper.streams.dead_letters.producer import DeadLetterLimit

        return BatchPolicy(
            max_messages=self.batch, dead_letters=DeadLetterLimit(share=self.max_dead_letters)
        )


def _load(
    options: _Options,
    consumer_of: Callable[..., "BatchConsumer[Any]"],
    store: "EventStore[Any]",
    topic: str,
    group: str,
) -> None:
    from keeper.pipeline.runs.events import DeadLetterBell
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.settings import load_settings
    from keeper.streams.events.publisher import Doorbell

    kafka = kafka_config(load_settings())
    sign = SignOfLife(options.worker, options.metrics.waits, options.metrics)
    bell = DeadLetterBell(Doorbell(kafka), topic, options.metrics)

    def turn() -> None:
        sign.beat()
        bell.look()

    consumer = consumer_of(
        kafka,
        store,
        group=group,
        on_cycle=turn,
        policy=options.policy(),
        instance=options.lasting_name(),
        metrics=options.metrics,
        topic=topic,
    )
    with stopped_by_signals(consumer.stop), closing(bell):
        handled = consumer.run(until_idle=options.until_idle)
    typer.echo(f"{handled} messages handled")


def _index_prices(options: _Options, topic: str, group: str) -> None:
    from keeper.pipeline.runs.consumers import price_consumer
    from keeper.pipeline.services.configuration import elasticsearch_config
    from keeper.settings import load_settings
    from keeper.stores.elasticsearch.price_index import PriceIndex

    with elasticsearch_config(load_settings()).client() as client:
        _load(options, price_consumer, PriceIndex(client), topic, group)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when the process is told to end during the block."""
    former = {
        number: signal.signal(number, lambda *_: stop())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
