"""`keeper deals`: saved searches for deals, and what they found."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import (
    AnyDomainOption,
    GivenDomainOption,
    GivenTypeOption,
    JsonOption,
    LimitOption,
    SinceOption,
    UserOption,
)
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, refuse, user_address, zone_of
from keeper.cli.tables import clip, harmless, print_table
from keeper.domain.deals.deal import Span

if TYPE_CHECKING:
    from keeper.domain.deals.deal import DealFilter
    from keeper.domain.watches.watch import WatchStatus
    from keeper.stores.postgres.deals.filters import CollectedDeal

app = typer.Typer(help="Deals: saved searches, and what they found.", no_args_is_help=True)
filters = typer.Typer(help="The saved searches that collect_deals runs.", no_args_is_help=True)
app.add_typer(filters, name="filter")

NameArgument = Annotated[str, typer.Argument(help="What you call the filter.")]


@filters.command("add")
def add(
    name: NameArgument,
    domain: GivenDomainOption = "us",
    price_type: GivenTypeOption = "NEW",
    drop_percent: Annotated[
        int | None, typer.Option(help="At least so far below its average.", min=10, max=99)
    ] = None,
    span: Annotated[Span, typer.Option("--over", help="The time of that average.")] = Span.WEEK,
    price_min: Annotated[str | None, typer.Option(help="Lowest price, like 10.00.")] = None,
    price_max: Annotated[str | None, typer.Option(help="Highest price, like 50.00.")] = None,
    category: Annotated[
        list[int] | None, typer.Option(help="Keepa's number of a category. Repeatable.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Words the title must have.")] = None,
    min_rating: Annotated[
        float | None, typer.Option(help="Least stars, like 4.5.", min=0, max=5)
    ] = None,
    selection: Annotated[
        str | None, typer.Option(help="Any of Keepa's selection fields, as JSON.")
    ] = None,
    min_score: Annotated[
        int, typer.Option(help="Deals Keeper scores below are not shown.", min=0, max=100)
    ] = 0,
    user: UserOption = None,
) -> None:
    """Save a search for deals; saving it again changes it.

    Each run of collect_deals spends at least 5 tokens on it.

    Example: keeper deals filter add keyboards --drop-percent 20 --title keyboard --price-max 80
    """
    from keeper.domain.locales import locale_of
    from keeper.domain.money import format_money
    from keeper.pipeline.deals.searches import (
        FilterText,
        UnclearFilterError,
        price_bounds,
        read_filter,
    )
    from keeper.stores.postgres.deals.filters import list_filters, save_filter

    typed: dict[str, Any] = {
        "drop_percent": drop_percent,
        "price_min": price_min,
        "price_max": price_max,
        "categories": category,
        "title": title,
        "min_rating": min_rating,
        "over": span,
        "selection": _parsed(selection),
    }
    try:
        given = {name: value for name, value in typed.items() if value is not None}
        found_by = read_filter(FilterText(given, name, domain, price_type, min_score))
    except UnclearFilterError as error:
        raise typer.BadParameter(str(error)) from None
    email = user_address(user)
    with database() as connection:
        known = [item.filter for item in list_filters(connection, email)]
        saved = save_filter(connection, email, found_by)
    typer.echo(f"{saved}: {found_by.name} ({found_by.domain} {found_by.price_type})")
    for former in known:
        if former.name.lower() == found_by.name.lower():
            for line in _differences(former, found_by):
                typer.echo(f"  {line}")
    currency = locale_of(found_by.domain).currency
    limits = zip(("from", "up to"), price_bounds(found_by), strict=True)
    bounds = [f"{word} {format_money(at, currency)}" for word, at in limits if at is not None]
    if bounds:
        typer.echo(f"  Price {' '.join(bounds)}.")


def _differences(before: "DealFilter", after: "DealFilter") -> list[str]:
    """Return what changes of a filter, each field with its former and its new value."""
    import json

    def words(found_by: "DealFilter") -> dict[str, str]:
        fields = {name: json.dumps(value) for name, value in found_by.selection.items()}
        return {
            "locale": found_by.domain,
            "price type": found_by.price_type,
            "score": f"≥ {found_by.min_score}",
            **fields,
        }

    former, new = words(before), words(after)
    return [
        f"{name}: {former.get(name, 'none')} → {new.get(name, 'none')}"
        for name in former | new
        if former.get(name) != new.get(name)
    ]


@filters.command("list")
def list_filters_(user: UserOption = None, as_json: JsonOption = False) -> None:
    """Show the saved searches, what they found, and what Keepa had against one.

    Example: keeper deals filter list
    """
    import json

    from keeper.stores.postgres.deals.filters import list_filters

    email = user_address(user)
    with database() as connection:
        saved = list_filters(connection, email)
        zone = zone_of(connection, email)
    if as_json:
        print_records(
            record_of(item.filter) | record_of(item, without=("filter",)) for item in saved
        )
        return
    if not saved:
        typer.echo("No search is saved yet: keeper deals filter add NAME --drop-percent 20")
        return
    rows = [
        (
            item.filter.name,
            item.filter.domain,
            item.filter.price_type,
            json.dumps(dict(item.filter.selection), ensure_ascii=False),
            f"≥ {item.filter.min_score}",
            item.status.value,
            str(item.deals),
            time_text(item.last_seen_at, zone),
        )
        for item in saved
    ]
    columns = ("name", "locale", "type", "looks for", "score", "status", "deals", "last found")
    print_table(
        columns,
        rows,
        numbers=("score", "deals"),
        wrap=("looks for",),
        drop=("score", "last found", "type", "deals", "status"),
    )
    for item in saved:
        if item.problem:
            typer.secho(
                harmless(f"{item.filter.name}: {item.problem}"), fg=typer.colors.RED, err=True
            )


@filters.command()
def pause(name: NameArgument, user: UserOption = None) -> None:
    """Stop a search but keep it and its deals.

    Example: keeper deals filter pause keyboards
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(name, WatchStatus.PAUSED, user)


@filters.command()
def resume(name: NameArgument, user: UserOption = None) -> None:
    """Run a paused search again.

    Example: keeper deals filter resume keyboards
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(name, WatchStatus.ACTIVE, user)


@filters.command()
def remove(name: NameArgument, user: UserOption = None) -> None:
    """Take a search off the list; its deals stay.

    Example: keeper deals filter remove keyboards
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(name, WatchStatus.INACTIVE, user)


@app.command("list")
def list_(
    found_by: Annotated[
        str | None, typer.Option("--filter", help="Only this search's deals.")
    ] = None,
    min_score: Annotated[int, typer.Option(help="Least score.", min=0, max=100)] = 0,
    since: SinceOption = None,
    domain: AnyDomainOption = None,
    limit: LimitOption = 20,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the best deals the searches found, each with the main reason for its score.

    Those seen since yesterday, or --since.
    Example: keeper deals list --min-score 60 --since 7d
    """
    from datetime import timedelta

    from keeper.clock import utc_now
    from keeper.domain.site_money import site_money
    from keeper.stores.postgres.deals.filters import best_deals

    email = user_address(user)
    with database() as connection:
        deals = best_deals(
            connection,
            email,
            since=since or utc_now() - timedelta(days=1),
            filter_name=found_by,
            min_score=min_score,
            domain=domain,
            limit=limit,
        )
        zone = zone_of(connection, email)
    if as_json:
        print_records(map(record_of, deals))
        return
    if not deals:
        typer.echo(
            "No deals so far; `keeper deals filter list` shows the searches, and "
            "`airflow dags trigger collect_deals` runs them."
        )
        return

    def money(minor: int | None, deal: "CollectedDeal") -> str:
        return "" if minor is None else site_money(minor, deal.domain)

    rows = [
        (
            str(deal.score),
            deal.asin,
            deal.domain,
            money(deal.price_minor, deal),
            money(deal.original_minor, deal),
            "" if deal.discount_percent is None else f"{deal.discount_percent} %",
            clip(deal.title),
            deal.reasons[0] if deal.reasons else "",
            deal.filter,
            time_text(deal.last_seen_at, zone),
        )
        for deal in deals
    ]
    words = ("title", "why", "filter", "last seen")
    columns = ("score", "ASIN", "locale", "price", "usual", "off", *words)
    print_table(
        columns,
        rows,
        numbers=("score", "price", "usual", "off"),
        cut=("title",),
        wrap=("why",),
        drop=("last seen", "filter", "usual", "why", "locale", "off"),
    )
    if any(deal.source == "simulator" for deal in deals):
        typer.echo("These prices are simulated.")


def _parsed(selection: str | None) -> dict[str, Any]:
    import json

    if not selection:
        return {}
    try:
        fields = json.loads(selection)
    except ValueError as error:
        raise typer.BadParameter(f"--selection is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise typer.BadParameter('--selection must be a JSON object, like {"isLowest": true}')
    return fields


def _set_status(name: str, status: "WatchStatus", user: str | None) -> None:
    from keeper.domain.watches.changes import STATUS_WORDS
    from keeper.stores.postgres.deals.filters import set_filter_status

    with database() as connection:
        before = set_filter_status(connection, user_address(user), name, status)
    if before is None:
        refuse(f"there is no filter {name!r}; see: keeper deals filter list")
    former, new = STATUS_WORDS[before], STATUS_WORDS[status]
    typer.echo(
        f"{name}: is {new} already" if before == status else f"{name}: status: {former} → {new}"
    )
