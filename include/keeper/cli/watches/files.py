"""Commands that read and write the watch list as CSV."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import FollowOption, UserOption
from keeper.cli.session import database, user_address
from keeper.cli.tables import harmless
from keeper.cli.watches.texts import cost_sentences, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keeper.domain.watches.watch import Watch
    from keeper.pipeline.watches.csv_file import RowError, WatchRow


def import_(
    file: Annotated[Path, typer.Argument(help="CSV file, - for standard input.")],
    user: UserOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the rows; change nothing.")
    ] = False,
    follow: FollowOption = False,
) -> None:
    """Add watches from CSV; bad rows are named by number, the others are imported all the same.

    Columns: asin (or Amazon URL), domain, price_type, target_price, status, priority, rules (with
    semicolons between), with_shipping, tags (so, too); only asin is needed. A blank leaves what a
    watch there is already has; "none" removes its target, rules or tags. A blank domain of a bare
    ASIN is us.
    Commas, semicolons or tabs may stand between; UTF-8, UTF-16 or Windows-1252.
    Exit code 1 if a row was bad. Example: keeper watch import watches.csv --dry-run
    """
    from keeper.domain.watches.rule_texts import shipping_note
    from keeper.pipeline.watches.csv_file import FileNote, RowError, WatchRow, read_watches
    from keeper.pipeline.watches.short_links import follow_short_link

    rows = list(read_watches(_content(file), follow=follow_short_link if follow else None))
    good = [row for row in rows if isinstance(row, WatchRow)]
    notes = Counter(filter(None, (shipping_note(row.watch) for row in good)))
    for row in rows:
        if isinstance(row, FileNote):
            typer.echo(harmless(f"note: {row.text}"))
        elif isinstance(row, RowError):
            _say_bad(row)
        else:
            for note in row.notes:
                typer.echo(harmless(f"row {row.row}: {note}"))
    if assumed := sum(row.is_locale_assumed for row in good):
        notes["no locale is given: us"] = assumed
    for note, count in notes.items():
        typer.echo(harmless(f"note: {note} ({count} row{'s' if count > 1 else ''})"))
    bad = sum(isinstance(row, RowError) for row in rows)
    if dry_run:
        for row in good:
            if said := sentences(row.watch):
                _say(row.row, row.watch, " ".join(said))
        typer.echo(f"dry run: {len(good)} rows are good, {bad} bad; nothing was changed")
        watches = [row.watch for row in good]
    else:
        outcomes, watches = _save(good, user)
        bad += len(good) - len(watches)
        done = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
        typer.echo(f"{done or '0 added'}, {bad} bad")
    for line in cost_sentences(watches):
        typer.echo(line)
    if bad:
        raise typer.Exit(1)


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"cannot read {file}: {error.strerror}") from None


def _save(rows: "Sequence[WatchRow]", user: str | None) -> "tuple[Counter[str], list[Watch]]":
    """Save what was read, say what it changes, and return the outcomes and the watches saved."""
    from keeper.pipeline.watches.csv_file import RowError
    from keeper.stores.postgres.watches.watch_list import save_watches

    with database() as connection:
        results = save_watches(connection, user_address(user), [row.watch for row in rows])
    outcomes: Counter[str] = Counter()
    watches = []
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, ValueError):
            _say_bad(RowError(row.row, str(result)))
            continue
        watches.append(result.change.after)
        outcomes[result.outcome] += 1
        if different := result.change.differences():
            _say(row.row, watches[-1], ", ".join(different))
    return outcomes, watches


def export(
    file: Annotated[Path, typer.Argument(help="CSV file, - for standard output.")] = Path("-"),
    user: UserOption = None,
) -> None:
    """Write the watch list as CSV that import reads back.

    Example: keeper watch export watches.csv
    """
    from keeper.pipeline.watches.csv_file import write_watches
    from keeper.stores.postgres.watches.watch_list import list_watches

    with database() as connection:
        watches = [item.watch for item in list_watches(connection, user_address(user))]
    if str(file) == "-":
        write_watches(sys.stdout, watches)
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            write_watches(opened, watches)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {file}: {error.strerror}") from None
    typer.echo(f"{len(watches)} watches written to {file}")


def _say(row: int, watch: "Watch", text: str) -> None:
    typer.echo(f"row {row}: {watch.asin} {watch.domain} {watch.price_type}: {text}")


def _say_bad(row: "RowError") -> None:
    typer.secho(harmless(f"row {row.row}: {row.reason}"), fg=typer.colors.RED, err=True)
