"""`keeper topics dlq`: messages that could not be loaded, and another chance for them."""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
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
    older: Annotated[
        bool,
        typer.Option("--older", help="Also those older than Kafka remembers what was replayed."),
    ] = False,
    skip_older: Annotated[
        bool, typer.Option("--skip-older", help="Pass those over for good.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Publish the messages of dead letters on their topic again, each once.

    Which letters have been replayed is remembered in Kafka, in the same transaction, so that a
    second replay publishes only newer ones. A message that still cannot be loaded comes back as
    another letter. The letters stay in their box until its retention takes them.

    Letters older than Kafka remembers that may have been replayed. While there are some, nothing
    is published without --older or --skip-older.

    Example: keeper topics dlq replay price-updates --dry-run
    """
    if older and skip_older:
        raise typer.BadParameter("--older and --skip-older exclude each other")
    with _box(topic) as box:
        if place:
            letters = [_find(box, place)]
        else:
            letters = list(box.letters(only_left=True, however_old=older))
            if not older and not skip_older:
                box.validate_none_is_older()
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


@app.command()
def export(
    topic: TopicArgument,
    file: Annotated[
        Path, typer.Argument(help="Where to; what an earlier export wrote there stays.")
    ] = Path("-"),
    since: SinceOption = None,
    only_left: Annotated[
        bool, typer.Option("--only-left", help="Only those that have not been replayed.")
    ] = False,
) -> None:
    """Write dead letters whole, a line of JSON each: headers, key and message (the two in Base64).

    They outlast the week that Kafka keeps them. Again into the same file it adds what is new, also
    after it was interrupted. Example: keeper topics dlq export price-updates letters.jsonl
    """
    from keeper.streams.dead_letters.files import exported_to, write_letters

    is_stdout = str(file) == "-"
    with _box(topic) as box:
        known = set() if is_stdout else exported_to(file, topic)
        with closing(box.letters(since=since, only_left=only_left)) as letters:
            if is_stdout:
                write_letters(letters, sys.stdout.buffer)
                return
            with file.open("ab") as target:
                fresh = (letter for letter in letters if letter.identity not in known)
                count = write_letters(fresh, target)
    typer.echo(f"{count:,} dead letters of {topic} were added to {file}")


@app.command("import")
def import_letters(
    file: Annotated[Path, typer.Argument(help="What `dlq export` wrote.", exists=True)],
    dry_run: DryRunOption = False,
) -> None:
    """Put exported dead letters back among those of their topics; those that are there stay once.

    Then `dlq replay` publishes their messages again.

    Example: keeper topics dlq import letters.jsonl
    """
    from keeper.streams.dead_letters.files import read_letters

    by_topic: defaultdict[str, list[StoredLetter]] = defaultdict(list)
    for letter in read_letters(file):
        by_topic[letter.topic].append(letter)
    if not by_topic:
        typer.echo(f"{file} holds no dead letters.")
    for topic, letters in by_topic.items():
        with _box(topic) as box:
            known = {letter.identity for letter in box.letters()}
            fresh = {one.identity: one for one in letters if one.identity not in known}
            left = iter(fresh.values())
            while not dry_run and (some := list(islice(left, _AT_ONCE))):
                box.put(some)
        said = "would be put back" if dry_run else "are put back"
        typer.echo(
            f"{len(fresh):,} dead letters of {topic} {said}; "
            f"{len(letters) - len(fresh):,} were there already"
        )


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
