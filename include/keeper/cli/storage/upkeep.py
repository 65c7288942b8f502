"""`keeper storage`: what Keeper's database takes, and keeping it in order."""

from typing import Annotated, Final

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import DryRunOption, JsonOption, YesOption
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, progress_bar
from keeper.cli.tables import harmless, print_table
from keeper.clock import utc_now

_TABLES: Final = {
    "series": "price series",
    "states": "states of rules",
    "products": "descriptions",
    "kinds": "products that are no standard ones",
}
app = typer.Typer(help="What the database takes, and keeping it in order.", no_args_is_help=True)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Print the size of every table and partition, and what needs a hand; exit 1 if anything does.

    Rows are PostgreSQL's estimates. Also what is past its retention, and the room on the disks of
    this machine that Keeper's files are on. Example: keeper storage status
    """
    from keeper.pipeline.storage.disks import disks_of, folders_of, short_of_space
    from keeper.pipeline.storage.maintain import Retention, past_retention
    from keeper.settings import load_settings
    from keeper.stores.postgres.storage.retention import partitions, problems, tables

    settings = load_settings()
    retention = Retention(settings.retention.history_days, settings.retention.records_days)
    disks = disks_of(folders_of(settings))
    with database() as connection:
        sizes = [*partitions(connection), *tables(connection)]
        found = problems(connection, utc_now())
        old = past_retention(connection, retention, at=utc_now())
    if short := short_of_space(disks, settings.retention.least_free_percent):
        found += short.details.split("\n")
    if as_json:
        print_records(map(record_of, sizes))
    else:
        print_table(
            ("table", "from", "to", "rows", "MB"),
            (
                (
                    one.name,
                    f"{one.since:%Y-%m-%d}" if one.since else "",
                    f"{one.until:%Y-%m-%d}" if one.until else "",
                    f"{one.rows:,}",
                    f"{one.bytes / 1e6:,.1f}",
                )
                for one in sizes
            ),
            numbers=("rows", "MB"),
        )
        typer.echo(f"{sum(one.bytes for one in sizes) / 1e6:,.1f} MB in all")
        for one in old:
            size = f"{one.bytes / 1e6:,.1f} MB"
            typer.echo(f"past its retention: {one.name}, {one.rows:,} rows, {size}")
        for disk in disks:
            room = f"{disk.free / 1e9:,.1f} of {disk.bytes / 1e9:,.1f} GB free"
            typer.echo(f"{', '.join(disk.holds)}: {room}")
    for problem in found:
        typer.secho(harmless(problem), fg=typer.colors.RED, err=True)
    if found:
        raise typer.Exit(1)


@app.command("roll-up")
def roll_up_days() -> None:
    """Bring daily roll-ups and averages up to the points that have come; safe to interrupt.

    Example: keeper storage roll-up
    """
    from keeper.stores.postgres.prices.roll_ups import roll_up

    with database() as connection, progress_bar("rolling up") as progress:
        done = roll_up(
            connection, at=utc_now(), progress=lambda done, due: progress(done / max(due, 1))
        )
    typer.echo(
        f"{done.series:,} series with {done.days:,} days, averages of {done.statistics:,} more"
    )


@app.command()
def maintain(
    apply: Annotated[
        bool | None,
        typer.Option(
            "--apply/--keep",
            help="Drop it, or only say what would go; KEEPER_APPLY_RETENTION if not given.",
        ),
    ] = None,
) -> None:
    """Make room for the months to come, roll up, check, and drop what is past its retention.

    KEEPER_HISTORY_RETENTION_DAYS and KEEPER_RECORDS_RETENTION_DAYS say what that is.
    Example: keeper storage maintain --apply
    """
    from keeper.pipeline.storage.course import (
        Course,
        choose_courses,
        only_reported,
        record_courses,
    )
    from keeper.pipeline.storage.maintain import (
        Kind,
        Retention,
        drop_old,
        kind_of,
        require_sound_storage,
    )
    from keeper.settings import load_settings
    from keeper.stores.postgres.storage.retention import analyse, make_months

    settings = load_settings()
    retention = Retention(settings.retention.history_days, settings.retention.records_days)
    with database() as connection:
        for name in make_months(connection, utc_now()):
            typer.echo(f"made {name}")
    roll_up_days()
    with database() as connection:
        require_sound_storage(connection, utc_now())
        analyse(connection)
        courses = choose_courses(connection, settings.retention, asked=apply)
        is_for_show = Course.REPORT in courses.values()
        old = drop_old(
            connection,
            retention,
            at=utc_now(),
            apply=not is_for_show,
            only_reported=only_reported(courses),
        )
        found: dict[Kind, list[str]] = {}
        for one in old:
            line = f"{one.name}: {one.rows:,} rows, {one.bytes / 1e6:,.1f} MB"
            typer.echo(line)
            if kind := kind_of(one.name):
                found.setdefault(kind, []).append(line)
        operator = settings.people.operator_email
        reported = record_courses(
            connection, courses, found, settings.retention, operator=operator, at=utc_now()
        )
    if not old:
        typer.echo("Nothing is past its retention.")
    elif is_for_show:
        typer.echo("Nothing was dropped; --apply does.")
    elif reported:
        kinds = " and ".join(reported)
        typer.echo(
            f"Not dropped yet: old {kinds}; {operator} is notified, and the next run drops it."
        )


@app.command("mend-clock")
def mend_clock(dry_run: DryRunOption = False, yes: YesOption = False) -> None:
    """Set back what was checked or seen in the future, by a clock that was ahead: to this moment.

    Else no later check counts until then, and nothing is asked for. Points, prices and alerts stay
    as they are. Set the machine's clock right first. Example: keeper storage mend-clock --dry-run
    """
    from keeper.stores.postgres.runs.clocks import rows_of_the_future, set_clocks_back

    now = utc_now()
    with database() as connection:
        found = rows_of_the_future(connection, now)
        if not found:
            typer.echo("Nothing was checked in the future.")
            return
        counts = ", ".join(f"{count:,} {_TABLES.get(name, name)}" for name, count in found.items())
        said = f"checked or seen after {time_text(now)}: {counts}"
        if dry_run:
            typer.echo(f"dry run: {said}; nothing was changed")
            return
        if not yes:
            typer.confirm(f"{said}. Is this machine's clock right, to set them back?", abort=True)
        with connection.transaction():
            done = set_clocks_back(connection, now)
    typer.echo(
        f"set back: {done.series:,} series, {done.points:,} points, {done.watches:,} watches, "
        f"{done.states:,} states of rules, {done.products:,} descriptions, {done.kinds:,} products "
        f"that are no standard ones, {done.deals:,} deals"
    )
