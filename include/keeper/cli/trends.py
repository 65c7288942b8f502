"""`keeper trends`: how prices of a category or brand move."""

from datetime import datetime
from typing import Annotated

import typer

from keeper.cli.moments import since as moment
from keeper.cli.session import database, progress_bar
from keeper.clock import utc_now

app = typer.Typer(help="How prices of a category or brand move.", no_args_is_help=True)


@app.callback()
def _trends() -> None:
    """Have `keeper trends update` in two words, though it is the only one."""


@app.command()
def update(
    since: Annotated[
        datetime | None,
        typer.Option(
            help="Also windows that ended after then, changed or not: 7d, 2026-03-01.",
            parser=moment,
            metavar="WHEN",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            help="With --since: only those that ended by then.",
            show_default="now",
            parser=moment,
            metavar="WHEN",
        ),
    ] = None,
) -> None:
    """Count the windows that points or deals have come for; safe to interrupt, again does nothing.

    docs/TRENDS.md says what is counted. Example: keeper trends update --since 7d
    """
    from keeper.domain.intervals import Interval
    from keeper.pipeline.trends.update import update_trends

    now = utc_now()
    if until is not None and since is None:
        raise typer.BadParameter("--until needs --since")
    interval = None if since is None else Interval(since, until or now)
    if interval is not None and interval.since >= interval.until:
        raise typer.BadParameter("--since must be before --until, and not in the future")
    with database() as connection, progress_bar("counting trends") as progress:
        done = update_trends(
            connection,
            at=now,
            interval=interval,
            progress=lambda done, due: progress(done / max(due, 1)),
        )
    typer.echo(
        f"{done.windows:,} windows counted, {done.rows:,} rows new or changed; "
        f"{done.series:,} series rolled up first"
    )
