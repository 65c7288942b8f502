"""`keeper topics lag`: what groups have not read yet."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption
from keeper.cli.records import print_records
from keeper.cli.tables import print_table
from keeper.streams.workers import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keeper.streams.config import KafkaConfig
    from keeper.streams.groups.records import Lost
    from keeper.streams.topic_reader import PartitionSpan, TopicReader


@contextmanager
def kafka() -> "Iterator[tuple[KafkaConfig, TopicReader]]":
    """Open a reader of the configured Kafka for a `with` block."""
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.settings import load_settings
    from keeper.streams.topic_reader import TopicReader

    config = kafka_config(load_settings())
    with TopicReader(config) as reader:
        yield config, reader


def unread_of(
    config: "KafkaConfig", spans: "Sequence[PartitionSpan]", group: str, topic: str
) -> int:
    """Return how many messages of a topic a group has not read."""
    from keeper.streams.groups.offsets import standings

    return sum(stand.unread for stand in standings(config, group, topic, spans))


def lag(
    group: Annotated[
        str | None, typer.Argument(help="A consumer group; Keeper's own if not given.")
    ] = None,
    fail_above: Annotated[
        int | None, typer.Option(min=0, help="Exit with 3 when more messages are unread.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print how many messages groups have not read, by partition when one is named.

    Those that Kafka's retention removed before a group read them are lost: they are counted since
    ever, and what brings them back is said. Example: keeper topics lag --fail-above 100000
    """
    from keeper.streams.groups.records import GroupRecords

    with kafka() as (config, reader):
        losses = GroupRecords(config).losses()
        if group is None:
            total = _print_lag_of_all(config, reader, losses, as_json=as_json)
        else:
            total = _print_lag_of(config, reader, group, as_json=as_json)
            losses = [one for one in losses if one.group == group]
    if not as_json:
        _print_losses(losses)
        typer.echo(f"{total:,} messages are unread")
    if fail_above is not None and total > fail_above:
        raise typer.Exit(3)


def _print_lag_of_all(
    config: "KafkaConfig", reader: "TopicReader", losses: "list[Lost]", *, as_json: bool
) -> int:
    from keeper.pipeline.services.groups import lost_by

    topics = reader.topics()
    behind = {
        (group, topic): unread_of(config, reader.spans(topic), group, topic)
        for group, topic in READERS.items()
        if topic in topics
    }
    if as_json:
        print_records(
            {
                "group": group,
                "topic": topic,
                "unread": unread,
                "lost": lost_by(losses, group, topic),
            }
            for (group, topic), unread in behind.items()
        )
    else:
        rows = [
            (*names, f"{unread:,}", f"{lost_by(losses, *names):,}")
            for names, unread in behind.items()
        ]
        numbers = ("unread", "lost")
        print_table(("group", "topic", *numbers), rows, numbers=numbers)
    return sum(behind.values())


def _print_losses(losses: "list[Lost]") -> None:
    from keeper.pipeline.services.groups import remedy_of

    for one in losses:
        most = "" if one.has_position else "up to "
        typer.echo(
            f"{one.group} lost {most}{one.messages:,} messages of {one.topic}, partition "
            f"{one.partition}, noticed {time_text(one.at)}. {remedy_of(one)}"
        )


def _print_lag_of(
    config: "KafkaConfig", reader: "TopicReader", group: str, *, as_json: bool
) -> int:
    from keeper.streams.groups.offsets import committed

    places = committed(config, group, reader.topics())
    read = {topic for topic, _ in places}
    if group in READERS:
        read.add(READERS[group])
    stands = [
        (topic, span, places.get((topic, span.partition)))
        for topic in sorted(read)
        for span in reader.spans(topic)
    ]
    if as_json:
        print_records(
            {
                "group": group,
                "topic": topic,
                "partition": span.partition,
                "at": at,
                "end": span.end,
                "unread": span.unread_from(at),
            }
            for topic, span, at in stands
        )
    else:
        if not read:
            typer.echo(f"The group {group} has read nothing; see: keeper topics lag")
        rows = [
            (
                topic,
                f"{span.partition}",
                "never read" if at is None else f"{at:,}",
                f"{span.end:,}",
                f"{span.unread_from(at):,}",
            )
            for topic, span, at in stands
        ]
        columns = ("topic", "partition", "at", "end", "unread")
        print_table(columns, rows, numbers=columns[1:])
    return sum(span.unread_from(at) for _, span, at in stands)
