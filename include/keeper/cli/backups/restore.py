"""`keeper restore`: a whole installation put back to a moment."""

from pathlib import Path
from typing import Annotated

import typer

from keeper.cli.moments import When
from keeper.cli.moments import when as when_of
from keeper.cli.tables import harmless

FolderArgument = Annotated[
    str, typer.Argument(help="The folder of backups, or s3://bucket/folder.")
]


def restore(
    folder: FolderArgument,
    at: Annotated[
        When | None,
        typer.Option(
            help="The moment: 2h, 2026-03-01T12:00Z …; a dump restores only its own. "
            "Of a restore that was interrupted it stays the one it began with.",
            parser=when_of,
            metavar="WHEN",
            show_default="the latest",
        ),
    ] = None,
    backup: Annotated[
        str | None, typer.Option(help="Only this backup, by its name.", show_default="the newest")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="PostgreSQL's empty data folder, for a base backup; it must not run."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="A command that starts PostgreSQL there.", show_default="you do, when asked to"
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds until PostgreSQL must have recovered.", min=1)
    ] = 900,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay/--no-replay", help="Load again what Kafka or the lake has of the time since."
        ),
    ] = True,
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop tables that are where a dump goes.")
    ] = False,
) -> None:
    """Restore an empty installation from a backup; interrupted, the same command goes on.

    Stop everything that writes first. PostgreSQL is put back to the moment, and what would happen
    twice is prevented: numbers move on, messages that waited are cancelled, sessions and API tokens
    end. Then replies, Kafka's groups and Elasticsearch follow. docs/OPERATING.md has the whole.

    Example: keeper restore /var/lib/keeper/backups --at 2026-03-01T12:00Z
    """
    from keeper.pipeline.backups.choose import choose, moment_text
    from keeper.pipeline.backups.make import programs_of
    from keeper.pipeline.backups.place import place_at
    from keeper.pipeline.restores.begun import begun_restore
    from keeper.pipeline.restores.database import Place
    from keeper.pipeline.restores.restore import Restore
    from keeper.settings import load_settings

    settings = load_settings()
    programs = programs_of(settings)
    moment = None if at is None else at.at
    if at is not None and at.is_relative and (begun := begun_restore(settings, data)):
        typer.echo(
            f"A restore of {begun.backup} was begun here and goes on, to the moment it began with; "
            "for another one empty PostgreSQL's data folder first."
        )
        moment, backup = begun.at, begun.backup
    choice = choose(place_at(folder, settings.backups.staging), moment, programs, name=backup)
    place = Place(data and data.absolute(), start, wait, replace, typer.echo)
    work = Restore(settings, choice, place, replays=replay)
    typer.echo(
        f"{choice.manifest.name}, a {choice.manifest.kind.value}, to {moment_text(choice.moment)}"
    )
    seconds = 0.0
    for step in work.run():
        seconds += step.seconds
        typer.echo(
            f"{step.number:>2}/{step.of}  {step.name:<22} {step.said} ({step.seconds:.1f} s)"
        )
    for sentence in work.warnings:
        typer.secho(harmless(f"look at: {sentence}"), fg=typer.colors.YELLOW, err=True)
    typer.echo(f"Restored in {seconds:.0f} s. Now start the workers, the console, and Airflow.")
