"""`keeper backup`: made, listed, validated and pruned."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption
from keeper.cli.records import print_records
from keeper.cli.requests import IntervalOption, OnceOption, serve
from keeper.cli.session import refuse
from keeper.cli.tables import harmless, print_table
from keeper.clock import utc_now

if TYPE_CHECKING:
    from keeper.pipeline.backups.manifest import Manifest

app = typer.Typer(help="Backups, and what they would restore.", no_args_is_help=True)


@app.command()
def make() -> None:
    """Back up PostgreSQL, Keepa's replies and the settings to KEEPER_BACKUPS.

    With KEEPER_BACKUP_SERVER_URL it is a base backup of the whole server; with the log that keeper
    receive-wal receives, any later moment can be restored. Without it each database is dumped, and
    only that moment can. Example: keeper backup make
    """
    from keeper.pipeline.backups.make import make_backup
    from keeper.settings import load_settings

    made = make_backup(load_settings(), say=typer.echo)
    for sentence in made.without:
        typer.secho(harmless(f"left out: {sentence}"), fg=typer.colors.YELLOW, err=True)
    seconds = (made.finished_at - made.began_at).total_seconds()
    typer.echo(f"{made.name} is made: {_megabytes(made.bytes)} MB in {seconds:.1f} s")


@app.command("on-request")
def on_request(once: OnceOption = False, interval: IntervalOption = 2) -> None:
    """Make a backup whenever one is asked for, as the DAG back_up_stores does every night.

    Each is read whole afterwards, and what is past its retention is deleted if all is well. The
    only process that has to have KEEPER_BACKUP_SERVER_URL beside keeper receive-wal.
    Example: keeper backup on-request --once
    """
    from keeper.pipeline.requests.carry_out import BACKUP_LANES

    serve("backup-on-request", BACKUP_LANES, once=once, interval=interval)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Print the backups there are, the oldest first, and which moments each restores.

    Example: keeper backup list
    """
    from keeper.pipeline.backups.choose import reach_of_base
    from keeper.pipeline.backups.make import programs_of
    from keeper.pipeline.backups.manifest import Kind, backups_in
    from keeper.pipeline.backups.place import place_of
    from keeper.settings import load_settings

    settings = load_settings()
    place, programs = place_of(settings), programs_of(settings)
    found = backups_in(place.root)
    until = {
        one.name: reach_of_base(place, one, programs).until if one.kind is Kind.BASE else one.moment
        for one in found
    }
    if as_json:
        print_records(_record(one) | {"restores_until": until[one.name]} for one in found)
        return
    if not found:
        typer.echo(f"There is no finished backup in {place.root}; make one: keeper backup make")
        return
    print_table(
        ("name", "kind", "restores from", "to", "replies", "MB", "secrets"),
        (
            (
                one.name,
                one.kind.value,
                time_text(one.moment, seconds=True),
                time_text(until[one.name], seconds=True),
                f"{one.replies:,}",
                _megabytes(one.bytes),
                "encrypted" if one.secrets else "left out",
            )
            for one in found
        ),
        numbers=("replies", "MB"),
    )


@app.command()
def check(
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not read the newest backup whole.")
    ] = False,
) -> None:
    """Read the newest backup and say what can be restored; exit 1 if something is wrong.

    Wrong are a damaged file, no backup for 26 hours, a gap in the write-ahead log, and a log that
    has received nothing for 15 minutes. Example: keeper backup check
    """
    from keeper.pipeline.backups.make import programs_of
    from keeper.pipeline.backups.place import place_of
    from keeper.pipeline.backups.validate import validate_backups
    from keeper.settings import load_settings

    settings = load_settings()
    found = validate_backups(
        place_of(settings), programs_of(settings), at=utc_now(), read=not quick
    )
    if found.newest is not None:
        typer.echo(
            f"{found.newest.name}, a {found.newest.kind.value}: moments from "
            f"{time_text(found.newest.moment, seconds=True)} to "
            f"{time_text(found.until, seconds=True)} can be restored"
        )
    if found.problems:
        refuse("\n".join(found.problems))
    typer.echo("The newest backup is whole." if not quick else "Nothing is wrong.")


@app.command()
def prune(
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete; else only say what would go.")
    ] = False,
) -> None:
    """Delete backups older than KEEPER_BACKUP_RETENTION_DAYS, and what of the log none needs.

    The newest backup and the newest base backup stay, however old they are. Copies of Keepa's
    replies go after KEEPER_LAKE_RETENTION_DAYS. Example: keeper backup prune --yes
    """
    from keeper.pipeline.backups.prune import prune_backups
    from keeper.settings import load_settings

    settings = load_settings()
    pruned = prune_backups(settings, at=utc_now(), dry_run=not yes)
    typer.echo(
        f"{len(pruned.backups)} backups, {pruned.segments:,} segments of the log and "
        f"{pruned.replies:,} replies ({_megabytes(pruned.bytes)} MB) "
        + ("were deleted." if yes else "would be deleted; --yes deletes them.")
    )


def _record(manifest: "Manifest") -> dict[str, object]:
    return {
        "name": manifest.name,
        "kind": manifest.kind.value,
        "keeper": manifest.keeper,
        "postgres": manifest.postgres.server,
        "moment": manifest.moment,
        "replies": manifest.replies,
        "bytes": manifest.bytes,
        "secrets": manifest.secrets,
        "without": manifest.without,
    }


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"
