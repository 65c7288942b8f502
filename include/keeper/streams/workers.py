"""The table of Keeper's workers: the processes that run beside Airflow for as long as it does.

Whoever needs to know which workers there are reads it here: the commands, `keeper health`, the
waits of the DAGs, the stores' mirrors, `keeper topics`, the local stack and the test of the compose
files. The table is quick to import: it knows neither a Kafka client nor a store.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keeper.streams.topics import (
    DEAL_UPDATES,
    EVENTS_GROUP,
    KEEPER_EVENTS,
    PRICE_BACKFILL,
    PRICE_UPDATES,
)


class Store(StrEnum):
    """Where a worker brings events to; the value is its name for people."""

    POSTGRES = "PostgreSQL"
    ELASTICSEARCH = "Elasticsearch"

    @property
    def verb(self) -> str:
        """The word under which `keeper` has the commands that load into this store."""
        return _VERBS[self]


_VERBS: Final = {Store.POSTGRES: "consume", Store.ELASTICSEARCH: "index"}


class Writer(StrEnum):
    """What a worker does with the events of a batch; pipeline/runs/writers.py has each."""

    PRICES = "prices into PostgreSQL"
    OLDER_PRICES = "older prices into PostgreSQL"
    DEALS = "deals into PostgreSQL"
    PRICE_DOCUMENTS = "prices into Elasticsearch"
    DEAL_DOCUMENTS = "deals into Elasticsearch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(ABC):
    """A process that runs beside Airflow.

    Attributes:
        title: What it is, as `make status` shows it.
        needs_internet: Whether it talks to others' servers; in production the other workers have no
            way out.
        silent_s: How long one that lives may give no heartbeat, in seconds.
        needs_setting: The variable without which nobody wants it, and it is not started.
    """

    title: str
    needs_internet: bool = False
    silent_s: float = 120
    needs_setting: str | None = None

    @property
    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""

    @property
    def name(self) -> str:
        """Its name: of its service in Compose and the local stack, and for `keeper health`."""
        return "-".join(self.command)

    def is_wanted(self, settings: Collection[str]) -> bool:
        """Return whether the setting it needs is among these, itself or as a file."""
        name = self.needs_setting
        return name is None or name in settings or f"{name}_FILE" in settings

    @property
    def service_command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it as a service that lasts."""
        return self.command


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader(Worker):
    """A worker that reads a topic into a store; several of a kind share the topic's partitions.

    Attributes:
        loads: What it loads; the last word of its command.
        store: Where to; it gives the first word.
        topic: The topic it reads.
        group: Its consumer group: how far it has read is committed under this name. A new name
            reads the topic from its beginning.
        writer: What it does with a batch.
        batch: The most messages it stores at once, unless its command line says otherwise.
        summary: The first line of its command's help.
    """

    loads: str
    store: Store
    topic: str
    group: str
    writer: Writer
    batch: int
    summary: str

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return self.store.verb, self.loads

    @property
    def service_command(self) -> tuple[str, ...]:
        """The same, under its machine's name: started again, it goes on without a rebalance."""
        return *self.command, "--instance", "@host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer(Worker):
    """The worker that hands messages to the channels; it reads no topic.

    A mail server may take 22 minutes for one mail, most of them after the final dot (RFC 5321), and
    ending the worker meanwhile may send that mail twice.
    """

    silent_s: float = 1_500

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return ("deliver",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWorker(Worker):
    """The worker that carries out what users ask the API for; it reads no topic."""

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return ("carry-out",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay(Worker):
    """The worker that publishes what commits have changed; it reads no topic."""

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return ("relay",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter(Worker):
    """The worker that shows Prometheus what the stores hold; it reads no topic."""

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return ("metrics",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramBot(Worker):
    """The worker that answers people on Telegram, through the API; it reads no topic."""

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return ("bot",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMaker(Worker):
    """The worker that makes backups when asked to; it reads no topic."""

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return "backup", "on-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReceiver(Worker):
    """The worker that receives PostgreSQL's log, so that backups restore any moment since.

    It reads no topic. Storage of backups that hangs is given up after minutes.
    """

    silent_s: float = 600

    @property
    def command(self) -> tuple[str, ...]:
        """The words after `keeper` that start it."""
        return ("receive-wal",)


WORKERS: Final[tuple[Worker, ...]] = (
    Loader(
        loads="prices",
        store=Store.POSTGRES,
        topic=PRICE_UPDATES,
        group="keeper-consumer-group",
        writer=Writer.PRICES,
        batch=32_000,
        title="loader of prices into PostgreSQL",
        summary="Load price events into PostgreSQL and raise their alerts.",
    ),
    Loader(
        loads="prices",
        store=Store.ELASTICSEARCH,
        topic=PRICE_UPDATES,
        group="keeper-search-prices",
        writer=Writer.PRICE_DOCUMENTS,
        batch=2_000,
        title="loader of prices into Elasticsearch",
        summary="Load price events into Elasticsearch.",
    ),
    Loader(
        loads="backfill",
        store=Store.POSTGRES,
        topic=PRICE_BACKFILL,
        group="keeper-consumer-group-backfill",
        writer=Writer.OLDER_PRICES,
        batch=32_000,
        title="loader of older prices into PostgreSQL",
        summary="Load older price points into PostgreSQL; current prices and alerts stay as they "
        "are.",
    ),
    Loader(
        loads="backfill",
        store=Store.ELASTICSEARCH,
        topic=PRICE_BACKFILL,
        group="keeper-search-backfill",
        writer=Writer.PRICE_DOCUMENTS,
        batch=5_000,
        title="loader of older prices into Elasticsearch",
        summary="Load older price points into Elasticsearch.",
    ),
    Loader(
        loads="deals",
        store=Store.POSTGRES,
        topic=DEAL_UPDATES,
        group="keeper-consumer-group-deals",
        writer=Writer.DEALS,
        batch=5_000,
        title="loader of deals into PostgreSQL",
        summary="Load deal events into PostgreSQL: the deals, their prices and their products.",
    ),
    Loader(
        loads="deals",
        store=Store.ELASTICSEARCH,
        topic=DEAL_UPDATES,
        group="keeper-search-deals",
        writer=Writer.DEAL_DOCUMENTS,
        batch=2_000,
        title="loader of deals into Elasticsearch",
        summary="Load deal events into Elasticsearch.",
    ),
    Deliverer(title="deliverer of alerts", needs_internet=True),
    RequestWorker(title="worker of the API's requests", needs_internet=True),
    Relay(title="relay of changes to the console"),
    Exporter(title="numbers for Prometheus", needs_setting="KEEPER_METRICS_LISTEN"),
    TelegramBot(title="Telegram bot", needs_internet=True, needs_setting="TELEGRAM_BOT_TOKEN"),
    BackupMaker(title="maker of backups", needs_setting="KEEPER_BACKUPS"),
    LogReceiver(title="receiver of PostgreSQL's log", needs_setting="KEEPER_BACKUP_SERVER_URL"),
)
"""Every worker, in the order in which the local stack starts and people are shown them."""

LOADERS: Final = MappingProxyType(
    {worker.name: worker for worker in WORKERS if isinstance(worker, Loader)}
)
"""The workers that read a topic, by name."""

READERS: Final[Mapping[str, str]] = MappingProxyType(
    {**{loader.group: loader.topic for loader in LOADERS.values()}, EVENTS_GROUP: KEEPER_EVENTS}
)
"""Every consumer group of Keeper's and the topic it reads: the loaders', and Airflow's, which only
listens."""


def loaders_of(topic: str) -> tuple[Loader, ...]:
    """Return the workers that load a topic."""
    return tuple(loader for loader in LOADERS.values() if loader.topic == topic)
