"""`keeper topics dlq`: messages that could not be loaded, and another chance for them."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import (
    DryRunOption,
    JsonOption,
    LimitOption,
    SinceOption,
    TopicArgument,
    YesOption,
)
from keeper.cli.records import print_records
from keeper.cli.tables import harmless, print_table, shown

if TYPE_CHECKING:
    from keeper.streams.dead_letters.box import DeadLetterBox, StoredLetter

app = typer.Typer(help="Messages that could not be loaded.", no_args_is_help=True)

PlaceArgument = Annotated[
    str, typer.Argument(help="Where the letter is in the box, as `dlq list` prints it: 3:41.")
]
ReasonOption = Annotated[str | None, typer.Option(help="Only with this in their reason.")]
_AT_ONCE = 1_000


@app.command("list")
def list_letters(
    topic: TopicArgument,
    since: SinceOption = None,
    reason: ReasonOption = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """Print a topic's dead letters and why they are dead, and how often each reason occurs.

    Example: keeper topics dlq list price-updates --since 24h
    """
    reasons: Counter[str] = Counter()
    printed: list[StoredLetter] = []
    with _box(topic) as box:
        for letter in _chosen(box.letters(since=since), reason):
            reasons[_kind(letter)] += 1
            if len(printed) < limit:
                printed.append(letter)
    if as_json:
        print_records(map(_record, printed))
        return
    if not reasons:
        typer.echo(f"{topic} has no such dead letters.")
        return
    print_table(
        ("given up", "place", "was at", "key", "reason"),
        (
            (
                time_text(letter.sent_at, seconds=True),
                letter.place,
                letter.origin,
                shown(letter.key),
                letter.headers.get("reason", ""),
            )
            for letter in printed
        ),
        wrap=("reason",),
        drop=("was at", "given up"),
    )
    print_table(
        ("reason", "letters"),
        ((why, f"{count:,}") for why, count in reasons.most_common(20)),
        numbers=("letters",),
        wrap=("reason",),
    )
    typer.echo(f"{reasons.total():,} dead letters, {len(printed):,} of them printed")


@app.command()
def show(topic: TopicArgument, place: PlaceArgument) -> None:
    """Print a dead letter: its headers, its key and its whole message.

    Example: keeper topics dlq show price-updates 3:41
    """
    with _box(topic) as box:
        letter = _find(box, place)
    for name, value in letter.headers.items():
        typer.echo(f"{name}: {harmless(value)}")
    typer.echo(f"key: {shown(letter.key)}")
    typer.echo(f"\n{shown(letter.value, at_most=len(letter.value or b''))}")


@app.command()
def replay(
    topic: TopicArgument,
    place: Annotated[
        str | None, typer.Argument(help="Only this one, replayed before or not: 3:41.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Publish the messages of dead letters on their topic again, each once.

    Which letters have been replayed is remembered in Kafka, in the same transaction, so that a
    second replay publishes only newer ones. A message that still cannot be loaded comes back as
    another letter. The letters stay in their box until its retention takes them.

    Example: keeper topics dlq replay price-updates --dry-run
    """
    with _box(topic) as box:
        letters = [_find(box, place)] if place else list(box.letters(only_left=True))
        whole = [letter for letter in letters if letter.value is not None]
        if len(whole) < len(letters):
            typer.echo(
                f"{len(letters) - len(whole):,} have no message, or one too large to be kept; they "
                "are passed over",
                err=True,
            )
        if not whole:
            typer.echo(f"{topic} has no dead letters left to replay.")
            return
        said = f"{len(whole):,} messages of {topic}"
        if dry_run:
            typer.echo(f"dry run: {said} would be published again; nothing was changed")
            return
        if not yes:
            typer.confirm(f"Publish {said} again?", abort=True)
        left = iter(whole)
        done = 0
        while some := list(islice(left, _AT_ONCE)):
            box.replay(some, remember=place is None)
            done += len(some)
            if len(whole) > _AT_ONCE:
                typer.echo(f"{done:,} of {len(whole):,}", err=True)
    typer.echo(f"{said} are published again")


@contextmanager
def _box(topic: str) -> "Iterator[DeadLetterBox]":
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.settings import load_settings
    from keeper.streams.dead_letters.box import DeadLetterBox

    with DeadLetterBox(kafka_config(load_settings()), topic) as box:
        yield box


def _record(letter: "StoredLetter") -> dict[str, object]:
    return {
        "sent_at": letter.sent_at,
        "place": letter.place,
        "origin": letter.origin,
        "key": None if letter.key is None else letter.key.decode(errors="backslashreplace"),
        "reason": letter.headers.get("reason"),
    }


def _chosen(letters: "Iterator[StoredLetter]", reason: str | None) -> "Iterator[StoredLetter]":
    for letter in letters:
        if reason is None or reason.lower() in letter.headers.get("reason", "").lower():
            yield letter


def _find(box: "DeadLetterBox", place: str) -> "StoredLetter":
    """Return the letter at a place as `list` prints it."""
    if re.fullmatch(r"\d+:\d+", place) is None:
        raise typer.BadParameter(f"{place!r} is no place; see the column place of: dlq list")
    with closing(box.letters()) as letters:
        for letter in letters:
            if letter.place == place:
                return letter
    raise typer.BadParameter(f"there is no dead letter at {place}; see: keeper topics dlq list")


def _kind(letter: "StoredLetter") -> str:
    """Return a letter's reason without what differs from message to message."""
    reason = letter.headers.get("reason", "")
    return re.sub(r"'[^']*'|\d+", "…", reason)
