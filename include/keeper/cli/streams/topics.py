"""`keeper topics`: what is in Kafka, how far its readers are, and reading it again."""

from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import (
    DryRunOption,
    GivenSinceOption,
    JsonOption,
    SinceOption,
    TopicArgument,
    YesOption,
)
from keeper.cli.records import print_records
from keeper.cli.streams.lag import kafka, unread_of
from keeper.cli.tables import print_table, shown
from keeper.streams.workers import READERS, loaders_of

if TYPE_CHECKING:
    from datetime import datetime

    from confluent_kafka import Message
    from tenacity import RetryCallState, Retrying

    from keeper.streams.topic_reader import TopicReader

app = typer.Typer(help="Kafka's topics and how far they have been read.", no_args_is_help=True)


@app.command("list")
def list_topics(as_json: JsonOption = False) -> None:
    """Print every topic: partitions, messages, and what Keeper's workers have still to read.

    Messages of a .dlq are at most so many. Example: keeper topics list
    """
    with kafka() as (config, reader):
        topics = reader.topics()
        rows = []
        for topic, partitions in topics.items():
            spans = reader.spans(topic)
            messages = sum(len(span) for span in spans)
            unread = {
                group: unread_of(config, spans, group, topic)
                for group, read in READERS.items()
                if read == topic
            }
            rows.append((topic, partitions, messages, unread))
    columns = ("topic", "partitions", "messages", "unread")
    if as_json:
        print_records(dict(zip(columns, row, strict=True)) for row in rows)
        return
    print_table(
        ("topic", "partitions", "messages", "left to read"),
        (
            (
                topic,
                f"{partitions}",
                f"{messages:,}",
                "\n".join(f"{group} {left:,}" for group, left in unread.items()),
            )
            for topic, partitions, messages, unread in rows
        ),
        numbers=("partitions", "messages"),
    )


@app.command()
def describe(topic: TopicArgument, as_json: JsonOption = False) -> None:
    """Print a topic's partitions, its settings, and where each of its readers stands.

    Example: keeper topics describe price-updates
    """
    from keeper.streams.groups.offsets import standings
    from keeper.streams.topic_admin import settings_of

    with kafka() as (config, reader):
        spans = reader.spans(topic)
        groups = [group for group, read in READERS.items() if read == topic]
        stands = [standings(config, group, topic, spans) for group in groups]
        settings = settings_of(config.admin(), topic)
    if as_json:
        print_records(
            {
                "partition": span.partition,
                "first": span.start,
                "next": span.end,
                "messages": len(span),
                "groups": {
                    group: stand.at for group, stand in zip(groups, of_partition, strict=True)
                },
            }
            for span, *of_partition in zip(spans, *stands, strict=True)
        )
        return
    rows = [
        (
            f"{span.partition}",
            f"{span.start:,}",
            f"{span.end:,}",
            f"{len(span):,}",
            *("never" if stand.at is None else f"{stand.at:,}" for stand in of_partition),
        )
        for span, *of_partition in zip(spans, *stands, strict=True)
    ]
    columns = ("partition", "first", "next", "messages", *groups)
    print_table(columns, rows, numbers=columns)
    for name, value in settings.items():
        typer.echo(f"{name}: {value}")


@app.command()
def peek(
    topic: TopicArgument,
    last: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 10,
    first: Annotated[int | None, typer.Option(min=1, help="The oldest instead.")] = None,
    key: Annotated[str | None, typer.Option(help="Only with this key: an ASIN.")] = None,
    since: SinceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Whole messages, one a line, as they are.")
    ] = False,
) -> None:
    """Print some messages of a topic without touching any group.

    Example: keeper topics peek price-updates --last 3 --json
    """
    with kafka() as (_, reader):
        start = _start(reader, topic, since)
        if first is None and key is None and since is None:
            # Nothing older can be among the newest.
            ends = {span.partition: span for span in reader.spans(topic)}
            start = {p: max(at, ends[p].end - 2 * last) for p, at in start.items()}
        with closing(reader.read(topic, start)) as stream:
            found = (one for one in stream if key is None or one.key() == key.encode())
            messages = list(islice(found, first)) if first is not None else _newest(found, last)
    if as_json:
        for message in messages:
            typer.echo(message.value() or b"")
        return
    print_table(
        ("published", "place", "key", "value"),
        (
            (
                _time(message),
                f"{message.partition()}:{message.offset()}",
                shown(message.key()),
                shown(message.value()),
            )
            for message in messages
        ),
        cut=("value",),
    )


@app.command()
def count(topic: TopicArgument, since: SinceOption = None) -> None:
    """Print how many messages a topic holds, by reading them where offsets do not say.

    Example: keeper topics count price-updates --since 24h
    """
    from keeper.streams.topics import is_dead_letter_topic

    with kafka() as (_, reader):
        start = _start(reader, topic, since)
        if is_dead_letter_topic(topic):
            # Between its letters are markers of their transactions, which have offsets too.
            total = sum(1 for _ in reader.read(topic, start))
        else:
            total = sum(max(span.end - start[span.partition], 0) for span in reader.spans(topic))
    typer.echo(f"{total}")


@app.command()
def replay(
    group: Annotated[str, typer.Argument(help="The group whose workers shall read again.")],
    since: GivenSinceOption,
    topic: Annotated[
        str | None, typer.Option(help="Its topic; Keeper's own groups need none.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    wait: Annotated[
        float,
        typer.Option(help="Seconds to wait for Kafka to forget a stopped worker's name.", min=0),
    ] = 20,
) -> None:
    """Move a group back, so that its workers read messages again; loading them changes nothing.

    Its workers must not run; docs/TOPICS.md says how to stop one. A group is never moved forward.

    Example: keeper topics replay keeper-consumer-group --since 24h --dry-run
    """
    from keeper.streams.groups.offsets import Move, move_group, standings

    topic = topic or READERS.get(group)
    if topic is None:
        raise typer.BadParameter(
            f"{group} is none of Keeper's groups ({', '.join(READERS)}); name its --topic"
        )
    with kafka() as (config, reader):
        first, moment = reader.offsets_at(topic, since), time_text(since)
        moves = [
            Move(stand.span.partition, stand.at, first[stand.span.partition])
            for stand in standings(config, group, topic, reader.spans(topic))
            # A partition the group never read will be read from its beginning anyway.
            if stand.at is not None and stand.at > first[stand.span.partition]
        ]
        again = sum(len(move) for move in moves)
        if not moves:
            typer.echo(f"{group} has read nothing of {topic} that was published since {moment}")
            return
        columns = ("partition", "from", "back to", "messages")
        rows = [
            (f"{move.partition}", f"{move.before:,}", f"{move.after:,}", f"{len(move):,}")
            for move in moves
        ]
        print_table(columns, rows, numbers=columns)
        said = f"{group} reads {again:,} messages of {topic} published since {moment} again"
        if dry_run:
            typer.echo(f"dry run: {said}; nothing was changed")
            return
        if not yes:
            typer.confirm(f"{said}. Move it back?", abort=True)
        offsets = {move.partition: move.after for move in moves}
        _patiently(wait)(move_group, config, group, topic, offsets)
    typer.echo(said)


def _patiently(wait_s: float) -> "Retrying":
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

    from keeper.streams.groups.offsets import LiveGroupError

    def say(attempt: "RetryCallState") -> None:
        if attempt.attempt_number == 1:
            typer.echo(f"the group has members; waiting up to {wait_s:g} s for them to be gone")

    return Retrying(
        retry=retry_if_exception_type(LiveGroupError),
        stop=stop_after_delay(wait_s),
        wait=wait_fixed(1),
        before_sleep=say,
        reraise=True,
    )


@app.command()
def grow(
    topic: TopicArgument,
    partitions: Annotated[
        int, typer.Option(help="How many it shall have; never fewer than it has.", min=1)
    ],
) -> None:
    """Give a topic more partitions, so that as many workers can share it.

    A product's messages may go to another partition from then on, so all must have been read
    before. Producers and workers notice within five minutes.

    Example: keeper topics grow price-updates --partitions 12
    """
    from keeper.errors import TransientError
    from keeper.streams.topic_admin import grow_topic

    with kafka() as (config, reader):
        spans = reader.spans(topic)
        if len(spans) == partitions:
            typer.echo(f"{topic} has {partitions} partitions already")
            return
        groups = [loader.group for loader in loaders_of(topic)]
        unread = {group: unread_of(config, spans, group, topic) for group in groups}
        if any(unread.values()):
            left = ", ".join(f"{group} {count:,}" for group, count in unread.items() if count)
            raise TransientError(
                f"messages of {topic} are unread ({left}) and would get out of order; let the "
                "workers catch up, see: keeper topics lag"
            )
        grow_topic(config.admin(), topic, partitions)
    typer.echo(f"{topic} has {partitions} partitions, {partitions - len(spans)} more")


def _start(reader: "TopicReader", topic: str, since: "datetime | None") -> dict[int, int]:
    if since is None:
        return {span.partition: span.start for span in reader.spans(topic)}
    return reader.offsets_at(topic, since)


def _newest(found: "Iterable[Message]", most: int) -> "list[Message]":
    """Return the newest messages, oldest first, keeping no more than needed of each partition."""
    by_partition: defaultdict[int, deque[Message]] = defaultdict(lambda: deque(maxlen=most))
    for message in found:
        by_partition[message.partition() or 0].append(message)
    kept = [message for messages in by_partition.values() for message in messages]
    kept.sort(key=lambda message: message.timestamp()[1])
    return kept[-most:]


def _time(message: "Message") -> str:
    from keeper.streams.topic_reader import published_at

    return time_text(published_at(message), seconds=True)
