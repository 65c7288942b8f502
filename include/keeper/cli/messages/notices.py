"""`keeper notices`: notices to the operator about Keeper itself."""

from itertools import chain
from typing import Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption, LimitOption, SinceOption
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, zone_of
from keeper.cli.tables import harmless, print_table

app = typer.Typer(
    help="Notices to the operator: what is wrong, and what was.", no_args_is_help=True
)


@app.command("list")
def list_(
    with_resolved: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    since: SinceOption = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what is wrong now, since when, and how the operator was notified.

    With --since, those that were seen then or later.
    Example: keeper notices list --all --since 7d
    """
    from keeper.settings import load_settings
    from keeper.stores.postgres.messages.notices import list_notices

    operator = load_settings().people.operator_email
    with database() as connection:
        notices = list_notices(connection, with_resolved=with_resolved, since=since, most=limit)
        zone = zone_of(connection, operator)
    if as_json:
        print_records(map(record_of, notices))
        return
    if not notices:
        typer.echo("Nothing to report. Look for trouble now: keeper notices check")
        return
    rows = [
        (
            time_text(one.since, zone),
            time_text(one.last_seen_at, zone),
            str(one.times),
            one.subject,
            one.details,
            one.channels or "no channel",
            time_text(one.resolved_at, zone),
        )
        for one in notices
    ]
    columns = ("since", "last seen", "times", "what", "what to do", "notified", "over")
    print_table(
        columns,
        rows,
        numbers=("times",),
        wrap=("what", "what to do", "notified"),
        drop=("over", "last seen", "times", "notified", "what"),
    )


@app.command()
def check() -> None:
    """Look for trouble now and notify the operator; exit 1 if there is any.

    Tokens, stale products, messages that wait, disks that get full, dead letters and workers that
    are behind, as the DAG check_operations.
    Example: keeper notices check
    """
    from keeper.clock import utc_now
    from keeper.pipeline.services.configuration import kafka_config
    from keeper.pipeline.services.monitor import monitor_stores, monitor_streams, record_findings
    from keeper.settings import load_settings

    settings, now = load_settings(), utc_now()
    operator = settings.people.operator_email
    kafka = kafka_config(settings)
    in_trouble = False
    with database() as connection:
        zone = zone_of(connection, operator)
        stored = monitor_stores(connection, settings, at=now, zone=zone)
        queued = monitor_streams(kafka, at=now, zone=zone)
        # One by one, so that what was found is reported also if Kafka then does not answer.
        for finding in chain(stored, queued):
            record_findings(connection, [finding], operator=operator, at=now)
            if finding.trouble is not None:
                in_trouble = True
                typer.secho(harmless(finding.trouble.subject), fg=typer.colors.RED)
                for line in finding.trouble.details.split("\n"):
                    typer.echo(f"  {harmless(line)}")
    if in_trouble:
        raise typer.Exit(1)
    typer.echo("Nothing to report.")
