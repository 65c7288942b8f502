"""`keeper lake`: what Keepa has answered, once more through the pipeline, and for how long kept."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import since as moment_of
from keeper.cli.moments import time_text
from keeper.cli.options import (
    DomainsOption,
    DryRunOption,
    GivenSinceOption,
    JsonOption,
    SinceOption,
)
from keeper.cli.records import print_records, record_of
from keeper.cli.tables import print_table
from keeper.cli.watches.products import product_address
from keeper.clock import utc_now

if TYPE_CHECKING:
    from keeper.pipeline.prices.replay_plan import ReplayPlan
    from keeper.settings import Settings
    from keeper.stores.lake.archive import ArchivedReply
    from keeper.stores.lake.paths import LakePath

app = typer.Typer(help="The archive of Keepa's raw replies.", no_args_is_help=True)

UntilOption = Annotated[
    datetime | None,
    typer.Option(
        help="Only of before: 2h, 7d, 2026-03-01 or 2026-03-01T12:00Z.",
        parser=moment_of,
        metavar="WHEN",
    ),
]


@app.command("list")
def list_replies(
    endpoint: Annotated[
        str | None, typer.Option(help="Only Keepa's endpoint of this name: product, deal …")
    ] = None,
    domain: DomainsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what is archived, a line for each endpoint, locale and day.

    "MB" is what Keepa sent, unpacked. Example: keeper lake list --domain de --since 2026-03-01
    """
    from keeper.stores.lake.archive import ReplyArchive

    days: defaultdict[tuple[str, str, str, str], list[ArchivedReply]] = defaultdict(list)
    _, lake = _lake()
    archive = ReplyArchive(lake)
    for name in [endpoint] if endpoint else archive.endpoints():
        for reply in archive.replies(name, domains=domain or None, since=since, until=until):
            day = f"{reply.received_at:%Y-%m-%d}"
            days[reply.endpoint, reply.domain, day, reply.source].append(reply)
    records = [_day(*key, replies) for key, replies in sorted(days.items())]
    if as_json:
        print_records(map(record_of, records))
        return
    if not records:
        typer.echo("No such replies are archived.")
        return
    rows = [
        (
            one.endpoint,
            one.domain,
            one.day,
            one.source,
            f"{one.replies:,}",
            "" if one.products is None else f"{one.products:,}",
            _megabytes(one.bytes),
            f"{one.tokens:,}",
        )
        for one in records
    ]
    numbers = ("replies", "products", "MB", "tokens")
    print_table(("endpoint", "locale", "day", "source", *numbers), rows, numbers=numbers)


@dataclass(frozen=True, slots=True)
class _Day:
    """What is archived of one endpoint, locale, day and source; products only of `product`."""

    endpoint: str
    domain: str
    day: str
    source: str
    replies: int
    products: int | None
    bytes: int
    tokens: int


def _day(endpoint: str, domain: str, day: str, source: str, replies: "list[ArchivedReply]") -> _Day:
    asked = {asin for reply in replies for asin in reply.asked}
    return _Day(
        endpoint,
        domain,
        day,
        source,
        len(replies),
        len(asked) if endpoint == "product" else None,
        sum(reply.bytes for reply in replies),
        sum(reply.tokens_consumed for reply in replies),
    )


@app.command()
def replay(
    since: GivenSinceOption,
    until: UntilOption = None,
    domain: DomainsOption = None,
    asin: Annotated[
        list[str] | None,
        typer.Option(help="Only this watched product, by its ASIN or URL; repeatable."),
    ] = None,
    endpoint: Annotated[str, typer.Option(help="Whose replies; product is the only one.")] = (
        "product"
    ),
    dry_run: DryRunOption = False,
) -> None:
    """Publish the watched products' prices once more from archived replies; costs no token.

    Each product's newest reply, which has its whole history, goes through decode, checks and Kafka
    again, with every change since --since; all of it where no current price is stored.

    It brings back points that are missing, and corrects values that were checked before the reply
    was received. A value checked with that reply or later stays: after a mistake in decoding is
    put right, delete the wrong rows of price_history first. Replay undoes no correction, moves no
    current price back, and raises no alert twice. docs/LAKE.md has more.

    Example: keeper lake replay --since 2026-03-01 --until 2026-03-08 --domain de
    """
    from keeper.domain.intervals import Interval
    from keeper.pipeline.prices.replay import ReplayOptions, replay_run_id
    from keeper.pipeline.prices.replay import replay as replay_archived
    from keeper.pipeline.prices.replay_plan import plan_replay
    from keeper.pipeline.services.configuration import kafka_config, keepa_config, postgres_config
    from keeper.stores.lake.archive import ReplyArchive
    from keeper.stores.lake.run_files import safe_name
    from keeper.stores.postgres.connection import session

    if endpoint != "product":
        raise typer.BadParameter("only replies of the endpoint product can be replayed")
    addresses = [product_address(text) for text in asin or ()]
    if not domain and all(address.locale for address in addresses):
        domain = sorted({address.locale.domain for address in addresses if address.locale})
    now = utc_now()
    received = Interval(since, until or now)
    if received.since >= received.until:
        raise typer.BadParameter("--since is not before --until")
    settings, lake = _lake()
    with session(postgres_config(settings)) as connection:
        source = keepa_config(settings).source
        plan = plan_replay(
            connection,
            ReplyArchive(lake),
            received=received,
            source=source,
            domains=domain or (),
            asins=[address.asin for address in addresses],
        )
        _print_plan(plan)
        if dry_run or not plan.products:
            return
        run = replay_run_id(now)
        options = ReplayOptions(
            run=run,
            source=source,
            price_types=settings.runs.recorded,
            batch_products=settings.runs.batch_products,
            max_quarantine_share=settings.runs.max_quarantine_share,
            docs_dir=Path(settings.folders.data_docs) / safe_name(run),
        )
        done = replay_archived(connection, lake, kafka_config(settings), plan, options)
    typer.echo(
        f"{done.run}: {done.events:,} events and {done.history:,} older points are published, "
        f"{done.quarantined:,} records quarantined, {done.missing:,} products missing. "
        "No token was spent."
    )


@app.command()
def prune(
    older_than: Annotated[
        int | None,
        typer.Option(
            min=1, help="Days to keep replies for.", show_default="KEEPER_LAKE_RETENTION_DAYS"
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete; else only say what would go.")
    ] = False,
) -> None:
    """Delete archived replies, and the files of runs, that are past their retention.

    Files of runs go after KEEPER_RUN_FILES_RETENTION_DAYS, those of a running one never.

    Example: keeper lake prune --yes
    """
    from keeper.clock import utc_now
    from keeper.pipeline.services.configuration import postgres_config
    from keeper.pipeline.storage.prune_lake import prune_lake
    from keeper.stores.postgres.connection import session
    from keeper.stores.postgres.runs.runs import running_runs

    settings, lake = _lake()
    with session(postgres_config(settings)) as connection:
        running = running_runs(connection)
    pruned = prune_lake(
        lake,
        at=utc_now(),
        keep_replies_days=older_than or settings.retention.replies_days,
        keep_runs_days=settings.retention.run_files_days,
        running=running,
        dry_run=not yes,
    )
    typer.echo(
        f"{pruned.replies.replies:,} replies ({_megabytes(pruned.replies.bytes)} MB) and the files "
        f"of {pruned.runs.runs:,} runs ({_megabytes(pruned.runs.bytes)} MB) "
        + ("were deleted." if yes else "would be deleted; --yes deletes them.")
    )


def _lake() -> "tuple[Settings, LakePath]":
    from keeper.pipeline.services.configuration import lake
    from keeper.settings import load_settings

    settings = load_settings()
    return settings, lake(settings)


def _print_plan(plan: "ReplayPlan") -> None:
    if plan.products:
        received = [reply.received_at for reply in plan.products]
        typer.echo(
            f"{plan.total:,} products from {len(plan.products):,} replies, received from "
            f"{time_text(min(received))} to {time_text(max(received))}."
        )
    else:
        typer.echo("No archived reply holds any of the products.")
    if plan.without_reply:
        typer.echo(f"{plan.without_reply:,} watched products are in no such reply.")
    if plan.damaged:
        typer.echo(f"{len(plan.damaged):,} replies are damaged and passed over; see above.")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"
