"""Commands of the workers that read a topic, one for each in the table of workers.

They are long-running, and ended by SIGTERM or Ctrl-C without losing work.
"""

import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.metrics import WorkerMetrics
from keeper.streams.workers import LOADERS, Loader, Store

if TYPE_CHECKING:
    from keeper.streams.consumers.batch import BatchPolicy
    from keeper.streams.consumers.batch_consumer import BatchConsumer

consume = typer.Typer(help="Load events from Kafka into PostgreSQL.", no_args_is_help=True)
index = typer.Typer(help="Load events from Kafka into Elasticsearch.", no_args_is_help=True)
_COMMANDS: Final = {Store.POSTGRES: consume, Store.ELASTICSEARCH: index}

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
        "1 gives up however many there are, also after a stop.",
        min=0,
        max=1,
    ),
]


@dataclass(frozen=True, slots=True)
class _Options:
    """What the command line says of a worker that reads a topic."""

    batch: int
    until_idle: bool
    instance: str | None
    max_dead_letters: float

    def lasting_name(self) -> str | None:
        return socket.gethostname() if self.instance == "@host" else self.instance

    def policy(self, given_up_until: Mapping[int, int]) -> "BatchPolicy":
        from keeper.streams.consumers.batch import BatchPolicy
        from keeper.streams.dead_letters.producer import DeadLetterLimit

        limit = DeadLetterLimit(share=self.max_dead_letters, given_up_until=given_up_until)
        return BatchPolicy(max_messages=self.batch, dead_letters=limit)


def _command_of(loader: Loader) -> Callable[..., None]:
    def command(
        batch: BatchOption = loader.batch,
        until_idle: IdleOption = False,
        instance: InstanceOption = None,
        max_dead_letters: LettersOption = 0.1,
    ) -> None:
        _load(loader, _Options(batch, until_idle, instance, max_dead_letters))

    return command


def _help_of(loader: Loader) -> str:
    return (
        f"{loader.summary}\n\n"
        f"Commits after {loader.store} has the data, waits while it is away. Several share the "
        f"topic's partitions. Example: keeper {' '.join(loader.command)} --instance a"
    )


for _loader in LOADERS.values():
    _COMMANDS[_loader.store].command(_loader.loads, help=_help_of(_loader))(_command_of(_loader))


def _load(loader: Loader, options: _Options) -> None:
    from keeper.pipeline.runs.events import DeadLetterNotifier
    from keeper.pipeline.runs.lasting import LastingConsumer, LossRecorder
    from keeper.pipeline.runs.writers import WRITERS
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.settings import load_settings
    from keeper.streams.events.publisher import EventPublisher
    from keeper.streams.groups.records import GroupRecords

    settings, metrics = load_settings(), WorkerMetrics()
    kafka = kafka_config(settings)
    writing = WRITERS[loader.writer]
    with writing.store(settings, metrics) as store:
        sign = HeartbeatWriter(loader.name, metrics.waits, metrics)
        notifier = DeadLetterNotifier(EventPublisher(kafka), loader.topic, metrics)

        def turn() -> None:
            sign.beat()
            notifier.look()

        records = GroupRecords(kafka)
        losses = LossRecorder(records, metrics)

        def make(given_up_until: Mapping[int, int]) -> "BatchConsumer[Any]":
            return writing.consumer(
                kafka,
                store,
                group=loader.group,
                on_cycle=turn,
                policy=options.policy(given_up_until),
                instance=options.lasting_name(),
                metrics=metrics,
                on_loss=losses.record,
                topic=loader.topic,
            )

        consumer = LastingConsumer(
            make,
            records,
            group=loader.group,
            topic=loader.topic,
            metrics=metrics,
            on_cycle=turn,
            gives_up_all=options.max_dead_letters >= 1,
        )
        with stopped_by_signals(consumer.stop), closing(notifier):
            handled = consumer.run(until_idle=options.until_idle)
    typer.echo(f"{handled} messages handled")


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when the process is asked to end during the block."""
    former = {
        number: signal.signal(number, lambda *_: stop())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
