"""`keeper search`: what Elasticsearch has."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import AnyDomainOption, DryRunOption, JsonOption, SinceOption
from keeper.cli.records import print_records, record_of, with_amounts
from keeper.cli.session import database, progress_bar
from keeper.cli.tables import clip, harmless, print_table
from keeper.clock import utc_now

if TYPE_CHECKING:
    from decimal import Decimal

    from keeper.pipeline.search.mirrors import Mirror
    from keeper.pipeline.search.records import RecordMirror
    from keeper.stores.elasticsearch.product_search import Hit
    from keeper.stores.postgres.connection import Connection

app = typer.Typer(help="What Elasticsearch has.", no_args_is_help=True)

WhatArgument = Annotated[str, typer.Argument(help="prices, deals, tokens or runs.")]


@app.callback()
def search() -> None:
    """What Elasticsearch has."""


@app.command()
def query(
    words: Annotated[str, typer.Argument(help="Words of the title, or an ASIN.")],
    domain: AnyDomainOption = None,
    below: Annotated[
        str | None,
        typer.Option(help="Only what now costs less, in the locale's currency, like 24.99."),
    ] = None,
    deals: Annotated[bool, typer.Option("--deals", help="Look among deals.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", "--most", min=1, max=1000, help="At most so many products.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Print the newest indexed prices, or deals, of products by the words of their titles.

    A row for each locale and price type; a bare ASIN is looked for in every locale.

    Example: keeper search query "mechanical keyboard" --domain de --below 80
    """
    from keeper.pipeline.services.configuration import elasticsearch_config
    from keeper.settings import load_settings
    from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
    from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
    from keeper.stores.elasticsearch.product_search import find_products

    limit_price = None if below is None else _below(below, domain)
    alias = DEALS_ALIAS if deals else PRICES_ALIAS
    with elasticsearch_config(load_settings()).client() as client:
        hits = find_products(client, alias, words, domain=domain, below=limit_price, limit=limit)
    if as_json:
        print_records(map(_record, hits))
        return
    if not hits:
        cheaper = "" if limit_price is None else f" and costs less than {limit_price:,}"
        typer.echo(f"Nothing indexed has {words!r} in its title{cheaper}.")
        return
    score = ("score",) if deals else ()
    print_table(
        ("title", "asin", "locale", "price type", "price", "since", *score),
        (
            (
                clip(hit.title),
                hit.asin,
                hit.domain,
                hit.price_type,
                "no offer" if hit.price is None else f"{hit.price:,.2f} {hit.currency}",
                time_text(hit.observed_at),
                *((f"{hit.score}",) if deals else ()),
            )
            for hit in hits
        ),
        numbers=("price", "score"),
        cut=("title",),
        drop=("since", "price type", "locale"),
    )


def _record(hit: "Hit") -> dict[str, object]:
    from decimal import Decimal

    from keeper.domain.money import to_minor

    minor = None if hit.price is None else to_minor(Decimal(str(hit.price)), hit.currency)
    return with_amounts(record_of(hit, without=("price",)) | {"price_minor": minor}, hit.currency)


def _below(text: str, domain: str | None) -> "Decimal":
    from keeper.domain.locales import locale_of
    from keeper.domain.money import InvalidAmountError, read_amount, to_major

    currency = locale_of(domain or "us").currency
    try:
        return to_major(read_amount(text, currency), currency)
    except InvalidAmountError as error:
        hint = "" if domain else "; --domain says in which currency"
        raise typer.BadParameter(f"{error}{hint}") from None


@app.command()
def rebuild(
    what: WhatArgument,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the former index.")] = False,
) -> None:
    """Make an index anew from PostgreSQL; searching and indexing go on meanwhile.

    Ctrl-C leaves everything as it was. Example: keeper search rebuild prices
    """
    from keeper.pipeline.search.mirrors import MIRRORS
    from keeper.pipeline.search.records import RECORD_MIRRORS

    if (records := RECORD_MIRRORS.get(what)) is not None:
        _rebuild_records(records, keep=keep)
    elif (events := MIRRORS.get(what)) is not None:
        _rebuild_events(events, keep=keep)
    else:
        names = ", ".join((*MIRRORS, *RECORD_MIRRORS))
        raise typer.BadParameter(f"{what!r} is none of {names}")


def _rebuild_events(mirror: "Mirror", *, keep: bool) -> None:
    from keeper.pipeline.search.rebuild import rebuild_search
    from keeper.pipeline.services.configuration import elasticsearch_config, kafka_config
    from keeper.settings import load_settings

    settings = load_settings()
    with (
        database() as connection,
        elasticsearch_config(settings).client() as client,
        progress_bar(f"copying {mirror.name}") as progress,
    ):
        rebuilt = rebuild_search(
            connection, client, kafka_config(settings), mirror, progress=progress, keep_former=keep
        )
        _record_rebuild(connection, mirror.name, rebuilt.index)
    typer.echo(
        f"{mirror.alias} is now {rebuilt.index}: {rebuilt.copied:,} documents from PostgreSQL, "
        f"{rebuilt.caught_up:,} messages from Kafka since"
    )
    if rebuilt.refused:
        typer.echo(f"{rebuilt.refused:,} documents were refused; the log above names them")
    if keep:
        typer.echo(f"kept: {', '.join(rebuilt.former)}")


def _rebuild_records(mirror: "RecordMirror", *, keep: bool) -> None:
    from keeper.pipeline.search.records import rebuild_records
    from keeper.pipeline.services.configuration import elasticsearch_config
    from keeper.settings import load_settings

    with database() as connection, elasticsearch_config(load_settings()).client() as client:
        index, done = rebuild_records(connection, client, mirror, at=utc_now(), keep_former=keep)
        _record_rebuild(connection, mirror.name, index)
    typer.echo(f"{mirror.alias} is now {index}: {done.written:,} documents from PostgreSQL")
    if done.refused:
        typer.echo(f"{done.refused:,} documents were refused; the log above names them")


def _record_rebuild(connection: "Connection", name: str, made: str) -> None:
    """Keep it in the audit log, as what the API is asked for is."""
    from keeper.domain.requests import RequestKind, RequestState
    from keeper.pipeline.users.audit import COMMAND, record

    action = f"{RequestKind.REBUILD_SEARCH} {RequestState.DONE}"
    record(connection, COMMAND, utc_now(), action, f"index {name}", f"made {made}")


@app.command()
def update(
    what: Annotated[
        str | None, typer.Argument(help="tokens or runs; both if not given.", show_default=False)
    ] = None,
) -> None:
    """Copy new and changed requests to Keepa and runs to Elasticsearch, as happens every half hour.

    Example: keeper search update runs
    """
    from keeper.pipeline.search.records import RECORD_MIRRORS, mirror_records, record_mirror_of
    from keeper.pipeline.services.configuration import elasticsearch_config
    from keeper.settings import load_settings

    mirrors = [record_mirror_of(what)] if what else list(RECORD_MIRRORS.values())
    with database() as connection, elasticsearch_config(load_settings()).client() as client:
        done = [mirror_records(connection, client, mirror, at=utc_now()) for mirror in mirrors]
    kinds = ("written", "restored", "removed", "refused")
    print_table(
        ("", *kinds),
        ((one.mirror, *(f"{getattr(one, kind):,}" for kind in kinds)) for one in done),
        numbers=kinds,
    )


@app.command()
def reconcile(
    what: Annotated[str | None, typer.Argument(help="prices or deals; both if not given.")] = None,
    since: SinceOption = None,
    dry_run: DryRunOption = False,
    delete_surplus: Annotated[
        bool,
        typer.Option(
            "--delete-surplus", help="Delete what PostgreSQL does not have, however much it is."
        ),
    ] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for workers that are behind.", min=0)
    ] = 60,
) -> None:
    """Compare Elasticsearch with PostgreSQL day by day and put it right.

    What was checked within the last quarter of an hour is left to the workers. Of what PostgreSQL
    does not have, at most 1,000 documents or 5 percent are deleted without --delete-surplus.
    Example: keeper search reconcile --since 30d --dry-run
    """
    from keeper.pipeline.search.mirrors import MIRRORS, mirror_of
    from keeper.pipeline.search.past_retention import expired_in
    from keeper.pipeline.search.reconcile import reconcile as reconcile_mirror
    from keeper.pipeline.search.wait_for_workers import wait_for_workers
    from keeper.pipeline.services.configuration import elasticsearch_config, kafka_config
    from keeper.settings import load_settings

    now = utc_now()
    first = since.date() if since else None
    settings = load_settings()
    kept = settings.retention.records_days
    found = []
    with database() as connection, elasticsearch_config(settings).client() as client:
        for mirror in [mirror_of(what)] if what else MIRRORS.values():
            wait_for_workers(kafka_config(settings), mirror, timeout_s=wait, on_wait=_report)
            with progress_bar(f"comparing {mirror.name}") as progress:
                found.append(
                    reconcile_mirror(
                        connection,
                        client,
                        mirror,
                        at=now,
                        since=first,
                        dry_run=dry_run,
                        delete_surplus=delete_surplus,
                        is_expired=expired_in(mirror, connection, records_days=kept, at=now),
                        progress=progress,
                    )
                )
    kinds = (
        *("days", "different", "missing", "outdated"),
        *("surplus", "surplus_kept", "in_motion", "refused"),
    )
    print_table(
        ("", *(kind.replace("_", " ") for kind in kinds)),
        ((one.mirror, *(f"{getattr(one, kind):,}" for kind in kinds)) for one in found),
        numbers=[kind.replace("_", " ") for kind in kinds],
    )
    for one in found:
        for example in one.examples:
            typer.echo(harmless(f"{one.mirror} {example}"))
    if refusals := [one.refusal for one in found if one.refusal]:
        for refusal in refusals:
            typer.echo(harmless(refusal), err=True)
        raise typer.Exit(1)
    if any(one.wrong for one in found):
        typer.echo("nothing was changed" if dry_run else "put right")


def _report(text: str) -> None:
    typer.echo(text, err=True)
