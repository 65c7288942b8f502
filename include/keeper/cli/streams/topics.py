"""`keeper topics`: what is in Kafka, how far its readers are, and reading it again."""

from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import parse_moment
from keeper.cli.options import DryRunOption, SinceOption, TopicArgument, YesOption
from keeper.cli.tables import print_table, shown
from keeper.clock import utc_now
from keeper.streams.workers import READERS, loaders_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confluent_kafka import Message
    from tenacity import RetryCallState, Retrying

    from keeper.streams.config import KafkaConfig
    from keeper.streams.topic_reader import PartitionSpan, TopicReader

app = typer.Typer(help="Kafka's topics and how far they have been read.", no_args_is_help=True)


@app.command("list")
def list_topics() -> None:
    """Print every topic: partitions, messages, and what Keeper's workers have still to read.

    Messages of a .dlq are at most so many. Example: keeper topics list
    """
    with _kafka() as (config, reader):
        topics = reader.topics()
        rows = []
        for topic, partitions in topics.items():
            spans = reader.spans(topic)
            messages = sum(len(span) for span in spans)
            waiting = [
                f"{group} {_unread(config, spans, group, topic):,}"
                for group, read in READERS.items()
                if read == topic
            ]
            rows.append((topic, f"{partitions}", f"{messages:,}", "\n".join(waiting)))
    print_table(
        ("topic", "partitions", "messages", "left to read"),
        rows,
        numbers=("partitions", "messages"),
    )


@app.command()
def describe(topic: TopicArgument) -> None:
    """Print a topic's partitions, its settings, and where each of its readers stands.

    Example: keeper topics describe price-updates
    """
    from keeper.streams.groups.offsets import standings
    from keeper.streams.topic_admin import settings_of

    with _kafka() as (config, reader):
        spans = reader.spans(topic)
        groups = [group for group, read in READERS.items() if read == topic]
        stands = [standings(config, group, topic, spans) for group in groups]
        settings = settings_of(config.admin(), topic)
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
    with _kafka() as (_, reader):
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

    with _kafka() as (_, reader):
        start = _start(reader, topic, since)
        if is_dead_letter_topic(topic):
            # Between its letters are markers of their transactions, which have offsets too.
            total = sum(1 for _ in reader.read(topic, start))
        else:
            total = sum(max(span.end - start[span.partition], 0) for span in reader.spans(topic))
    typer.echo(f"{total}")


@app.command()
def lag(
    group: Annotated[
        str | None, typer.Argument(help="A consumer group; Keeper's own if not given.")
    ] = None,
    fail_above: Annotated[
        int | None, typer.Option(min=0, help="Exit with 3 when more messages are unread.")
    ] = None,
) -> None:
    """Print how many messages groups have not read, by partition when one is named.

    Example: keeper topics lag --fail-above 100000
    """
    with _kafka() as (config, reader):
        if group is None:
            total = _print_lag_of_all(config, reader)
        else:
            total = _print_lag_of(config, reader, group)
    typer.echo(f"{total:,} messages are unread")
    if fail_above is not None and total > fail_above:
        raise typer.Exit(3)


@app.command()
def replay(
    group: Annotated[str, typer.Argument(help="The group whose workers shall read again.")],
    since: Annotated[
        str, typer.Option(help="From the first message published then: 2h, 7d, 2026-03-01 …")
    ],
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
    with _kafka() as (config, reader):
        moment = parse_moment(since, now=utc_now())
        first = reader.offsets_at(topic, moment)
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

    with _kafka() as (config, reader):
        spans = reader.spans(topic)
        if len(spans) == partitions:
            typer.echo(f"{topic} has {partitions} partitions already")
            return
        groups = [loader.group for loader in loaders_of(topic)]
        unread = {group: _unread(config, spans, group, topic) for group in groups}
        if any(unread.values()):
            left = ", ".join(f"{group} {count:,}" for group, count in unread.items() if count)
            raise TransientError(
                f"messages of {topic} are unread ({left}) and would get out of order; let the "
                "workers catch up, see: keeper topics lag"
            )
        grow_topic(config.admin(), topic, partitions)
    typer.echo(f"{topic} has {partitions} partitions, {partitions - len(spans)} more")


def _print_lag_of_all(config: "KafkaConfig", reader: "TopicReader") -> int:
    topics = reader.topics()
    behind = {
        (group, topic): _unread(config, reader.spans(topic), group, topic)
        for group, topic in READERS.items()
        if topic in topics
    }
    rows = [(*names, f"{unread:,}") for names, unread in behind.items()]
    print_table(("group", "topic", "unread"), rows, numbers=("unread",))
    return sum(behind.values())


def _print_lag_of(config: "KafkaConfig", reader: "TopicReader", group: str) -> int:
    from keeper.streams.groups.offsets import committed

    places = committed(config, group, reader.topics())
    total = 0
    rows = []
    read = {topic for topic, _ in places}
    if group in READERS:
        read.add(READERS[group])
    if not read:
        typer.echo(f"The group {group} has read nothing.")
    for topic in sorted(read):
        for span in reader.spans(topic):
            at = places.get((topic, span.partition))
            unread = span.unread_from(at)
            stands = "never read" if at is None else f"{at:,}"
            rows.append((topic, f"{span.partition}", stands, f"{span.end:,}", f"{unread:,}"))
            total += unread
    columns = ("topic", "partition", "at", "end", "unread")
    print_table(columns, rows, numbers=columns[1:])
    return total


@contextmanager
def _kafka() -> "Iterator[tuple[KafkaConfig, TopicReader]]":
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.settings import load_settings
    from keeper.streams.topic_reader import TopicReader

    config = kafka_config(load_settings())
    with TopicReader(config) as reader:
        yield config, reader


def _start(reader: "TopicReader", topic: str, since: str | None) -> dict[int, int]:
    if since is None:
        return {span.partition: span.start for span in reader.spans(topic)}
    return reader.offsets_at(topic, parse_moment(since, now=utc_now()))


def _unread(config: "KafkaConfig", spans: "Sequence[PartitionSpan]", group: str, topic: str) -> int:
    from keeper.streams.groups.offsets import standings

    return sum(stand.unread for stand in standings(config, group, topic, spans))


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

    at = published_at(message)
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
