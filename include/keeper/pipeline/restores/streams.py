"""Kafka after a restore: topics, groups moved back, and what was published since loaded again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from keeper.domain.intervals import Interval
from keeper.metrics import WorkerMetrics
from keeper.pipeline.backups.manifest import Manifest
from keeper.pipeline.prices.replay import ReplayOptions, replay, replay_run_id
from keeper.pipeline.prices.replay_plan import plan_replay
from keeper.pipeline.runs.lasting import LastingConsumer
from keeper.pipeline.runs.writers import WRITERS
from keeper.pipeline.services.configuration import kafka_config, keepa_config, lake, postgres_config
from keeper.pipeline.services.migrate import migrate_part
from keeper.settings import Settings
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.run_files import safe_name
from keeper.stores.postgres.connection import session
from keeper.stores.postgres.prices.roll_ups import roll_up
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.dead_letters.producer import DeadLetterLimit
from keeper.streams.groups.offsets import Standing, move_group, standings
from keeper.streams.groups.records import GroupRecords
from keeper.streams.topic_reader import TopicReader
from keeper.streams.workers import LOADERS, Loader, Store

_BEFORE: Final = timedelta(hours=1)
"""What was published before the moment may have been loaded after it."""
_LAKE_BEFORE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rewound:
    """What became of Kafka's groups.

    Attributes:
        messages: How many messages the loaders of PostgreSQL read again.
        is_whole: Whether Kafka still has all that was published since.
    """

    messages: int
    is_whole: bool


def rewind_groups(settings: Settings, manifest: Manifest, *, moment: datetime) -> Rewound:
    """Make the topics that are missing, and move groups back to before the moment.

    A group is moved forward never. One of a topic that was made anew begins with it.

    Args:
        settings: Where Kafka is.
        manifest: What the backup says of the offsets there were.
        moment: Up to which PostgreSQL has what was published.

    Raises:
        LiveGroupError: The workers of a group run.
        TransientError: Kafka does not answer.
    """
    migrate_part("kafka", settings)
    config, messages, is_whole = kafka_config(settings), 0, True
    with TopicReader(config) as reader:
        for loader in LOADERS.values():
            spans = reader.spans(loader.topic)
            known = manifest.topics.get(loader.topic, {})
            # What ended where at the moment is not known of it: it may have been made anew.
            is_new = not known or any(
                span.end < known.get(str(span.partition), 0) for span in spans
            )
            first = reader.offsets_at(loader.topic, moment - _BEFORE)
            is_loader = loader.store is Store.POSTGRES
            if is_loader and (is_new or _has_lost(reader, loader.topic, first)):
                is_whole = False
            moves = dict(
                _moves(standings(config, loader.group, loader.topic, spans), first, is_loader)
            )
            if moves:
                move_group(config, loader.group, loader.topic, moves)
            if is_loader:
                ends = {span.partition: span.end for span in spans}
                messages += sum(ends[place] - offset for place, offset in moves.items())
    return Rewound(messages, is_whole)


def skip_unread(settings: Settings) -> int:
    """Move every group to the end of its topic: what is unread came after the moment.

    Returns:
        How many messages nobody will load into PostgreSQL, unless a group is moved back.

    Raises:
        LiveGroupError: The workers of a group run.
        TransientError: Kafka does not answer.
    """
    migrate_part("kafka", settings)
    config, skipped = kafka_config(settings), 0
    with TopicReader(config) as reader:
        for loader in LOADERS.values():
            spans = reader.spans(loader.topic)
            ends = {span.partition: span.end for span in spans}
            if loader.store is Store.POSTGRES:
                stands = standings(config, loader.group, loader.topic, spans)
                skipped += sum(stand.unread for stand in stands)
            move_group(config, loader.group, loader.topic, ends)
    return skipped


def _moves(
    stands: list[Standing], first: dict[int, int], is_loader: bool
) -> Iterator[tuple[int, int]]:
    for stand in stands:
        place = stand.span.partition
        if stand.at is not None and stand.at > stand.span.end:
            yield place, stand.span.start
        elif is_loader and stand.at is not None and stand.at > first[place]:
            yield place, first[place]


def _has_lost(reader: TopicReader, topic: str, first: dict[int, int]) -> bool:
    """Return whether retention has deleted messages of a topic that are to be read."""
    spans = reader.spans(topic)
    return any(span.start > 0 and first[span.partition] <= span.start for span in spans)


def load_all(settings: Settings) -> int:
    """Load all there is into PostgreSQL, as the workers do, and return how many messages.

    Raises:
        TooManyDeadLettersError: A group has stopped; the sentence says how it is let go on.
    """
    return sum(
        _load(settings, loader) for loader in LOADERS.values() if loader.store is Store.POSTGRES
    )


def _load(settings: Settings, loader: Loader) -> int:
    metrics, writing, config = WorkerMetrics(), WRITERS[loader.writer], kafka_config(settings)
    with writing.store(settings, metrics) as store:

        def make(given_up_until: Mapping[int, int]) -> BatchConsumer[Any]:
            limit = DeadLetterLimit(given_up_until=given_up_until)
            return writing.consumer(
                config,
                store,
                group=loader.group,
                policy=BatchPolicy(dead_letters=limit),
                metrics=metrics,
                topic=loader.topic,
            )

        # A stop outlasts this, and with it what an operator gives up, so that a second try gets on.
        consumer = LastingConsumer(
            make, GroupRecords(config), group=loader.group, topic=loader.topic, metrics=metrics
        )
        return consumer.run(until_idle=True)


def replay_lake(settings: Settings, *, since: datetime, at: datetime) -> str:
    """Publish the prices of archived replies again, where Kafka has lost what was published."""
    source, run = keepa_config(settings).source, replay_run_id(at)
    with session(postgres_config(settings)) as connection:
        plan = plan_replay(
            connection,
            ReplyArchive(lake(settings)),
            received=Interval(min(since, at) - _LAKE_BEFORE, at),
            source=source,
        )
        if not plan.products:
            return "Kafka has lost messages, and the lake has no reply since"
        options = ReplayOptions(
            run=run,
            source=source,
            price_types=settings.runs.recorded,
            batch_products=settings.runs.batch_products,
            max_quarantine_share=settings.runs.max_quarantine_share,
            docs_dir=Path(settings.folders.data_docs) / safe_name(run),
        )
        done = replay(connection, lake(settings), kafka_config(settings), plan, options)
    return f"Kafka has lost messages: {done.events:,} events are published from the lake again"


def roll_up_days(settings: Settings, *, at: datetime) -> None:
    """Bring daily roll-ups up to the points that were loaded."""
    with session(postgres_config(settings)) as connection:
        roll_up(connection, at=at)
