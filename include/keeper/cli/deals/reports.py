"""`keeper reports`: the daily deal reports, and when they come."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption, LimitOption, SinceOption, UserOption
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, refuse, user_address, zone_of
from keeper.cli.tables import print_table

if TYPE_CHECKING:
    from keeper.domain.deals.report import DealReport

app = typer.Typer(
    help="Daily deal reports: what they said, and when they come.", no_args_is_help=True
)


class When(StrEnum):
    """When the daily report comes."""

    NEVER = "never"
    WITH_DEALS = "with-deals"
    ALWAYS = "always"


_STORED = {When.NEVER: "OFF", When.WITH_DEALS: "WITH_DEALS", When.ALWAYS: "ALWAYS"}
_MEANS = {
    When.NEVER: "no daily report",
    When.WITH_DEALS: "a report on days with new deals",
    When.ALWAYS: "a report every day, also without new deals",
}


@app.command("list")
def list_(
    since: SinceOption = None,
    limit: LimitOption = 20,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the latest reports, the newest first, and what became of them on each channel.

    Example: keeper reports list --since 7d
    """
    from keeper.stores.postgres.deals.reports import list_reports

    email = user_address(user)
    with database() as connection:
        reports = list_reports(connection, email, since=since, most=limit)
        zone = zone_of(connection, email)
    if as_json:
        print_records(map(record_of, reports))
        return
    if not reports:
        typer.echo(
            "No report so far. See what the next would say: keeper reports preview; "
            "searches: keeper deals filter list"
        )
        return
    rows = [
        (
            str(one.report_id),
            time_text(one.since, zone),
            time_text(one.until, zone),
            str(one.deals),
            str(one.left_out),
            one.channels or "no channel",
        )
        for one in reports
    ]
    columns = ("report", "deals since", "made at", "deals", "more", "delivery")
    print_table(columns, rows, numbers=("report", "deals", "more"), wrap=("delivery",))


@app.command()
def show(
    report: Annotated[int, typer.Argument(help="Its number; see keeper reports list.")],
    user: UserOption = None,
) -> None:
    """Show a report again, as it was sent.

    Example: keeper reports show 4
    """
    from keeper.stores.postgres.deals.reports import is_report_of, read_reports

    email = user_address(user)
    with database() as connection:
        is_own = is_report_of(connection, report, email)
        found = read_reports(connection, [report]) if is_own else {}
        zone = zone_of(connection, email)
    if report not in found:
        refuse(f"there is no report {report} of yours; see: keeper reports list")
    _print(found[report], zone)


@app.command()
def preview(user: UserOption = None) -> None:
    """Show the report that would come now, without sending it: nothing counts as reported.

    Example: keeper reports preview
    """
    from keeper.clock import utc_now
    from keeper.pipeline.deals.report import draft
    from keeper.pipeline.services.configuration import lake
    from keeper.settings import load_settings
    from keeper.stores.lake.archive import ReplyArchive
    from keeper.stores.postgres.deals.reports import reader_of

    archive = ReplyArchive(lake(load_settings()))
    email = user_address(user)
    with database() as connection:
        reader = reader_of(connection, email)
        if reader is None:
            typer.echo("No search is saved yet: keeper deals filter add NAME --drop-percent 20")
            return
        report, _ = draft(connection, archive, reader, at=utc_now())
        zone = zone_of(connection, email)
    _print(report, zone)


@app.command()
def when(
    wanted: Annotated[
        When | None, typer.Argument(help="never, with-deals or always; without it, what is set.")
    ] = None,
    user: UserOption = None,
) -> None:
    """Show or set when the daily report comes.

    Example: keeper reports when always
    """
    from keeper.stores.postgres.deals.reports import (
        ReportsWanted,
        reports_wanted,
        set_reports_wanted,
    )

    email = user_address(user)
    with database() as connection:
        before = reports_wanted(connection, email)
        if wanted is not None:
            set_reports_wanted(connection, email, ReportsWanted(_STORED[wanted]))
        stored = reports_wanted(connection, email)
    changed = "" if before == stored else f" (before: {_meaning(before.value)})"
    typer.echo(f"{email}: {_meaning(stored.value)}{changed}")


def _meaning(stored: str) -> str:
    (text,) = [text for name, text in _MEANS.items() if _STORED[name] == stored]
    return text


def _print(report: "DealReport", zone: str) -> None:
    from keeper.alerts.reports import report_text

    typer.echo(report_text(report, zone), nl=False)
