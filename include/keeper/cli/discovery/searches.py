"""`keeper discover`: what to look for."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import (
    GivenDomainOption,
    JsonOption,
    WatchableTypeOption,
)
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, refuse
from keeper.cli.tables import harmless, print_table

if TYPE_CHECKING:
    from keeper.domain.discovery import Discovery

app = typer.Typer(
    help="Find products worth watching: what to look for, and which of them to watch.",
    no_args_is_help=True,
)
add = typer.Typer(help="Save a search; saving one of the same name again changes it.")
app.add_typer(add, name="add")

NameOption = Annotated[
    str | None, typer.Option(help="What to call it.", show_default="what it looks for")
]
ProposeOption = Annotated[
    int, typer.Option(min=1, max=100, help="How many of its products may wait for a decision.")
]
BelowOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=90,
        help="Target of approved products: this many percent below their average of 90 days.",
        show_default="no target",
    ),
]


@add.command("best-sellers")
def add_best_sellers(
    category: Annotated[int, typer.Option(min=1, help="Amazon's number of the category.")],
    domain: GivenDomainOption = "us",
    propose: ProposeOption = 20,
    rank_range: Annotated[
        int, typer.Option(help="Order by the rank's average over 0, 30, 90 or 180 days.")
    ] = 0,
    name: NameOption = None,
    price_type: WatchableTypeOption = "NEW",
    below_average: BelowOption = None,
) -> None:
    """Propose the best sellers of a category; a search costs 50 tokens, a proposal 2.

    Example: keeper discover add best-sellers --domain us --category 1055398 --propose 20
    """
    from keeper.pipeline.discovery.searches import (
        SearchTerms,
        UnclearDiscoveryError,
        best_sellers,
    )

    terms = SearchTerms(domain, name, propose, price_type, below_average)
    try:
        _save(best_sellers(terms, category, rank_range))
    except UnclearDiscoveryError as error:
        raise typer.BadParameter(str(error)) from None


@add.command("finder")
def add_finder(
    selection: Annotated[
        str, typer.Option(help="Keepa's product-finder query as JSON, as its web page shows it.")
    ],
    domain: GivenDomainOption = "us",
    propose: ProposeOption = 20,
    name: NameOption = None,
    price_type: WatchableTypeOption = "NEW",
    below_average: BelowOption = None,
) -> None:
    """Propose what Keepa's product finder selects; a search costs 11 tokens, a proposal 2.

    Example: keeper discover add finder --domain de --selection '{"current_SALES_lte": 1000}'
    """
    from keeper.domain.locales import locale_of
    from keeper.domain.money import format_money
    from keeper.pipeline.discovery.searches import SearchTerms, UnclearDiscoveryError, finder
    from keeper.sources.keepa.discovery import price_bounds

    terms = SearchTerms(domain, name, propose, price_type, below_average)
    try:
        found = finder(terms, selection)
    except UnclearDiscoveryError as error:
        raise typer.BadParameter(str(error)) from None
    _save(found)
    selected, locale = found.selection or {}, locale_of(found.domain)
    for field, amount in price_bounds(selected):
        typer.echo(f"  {field}: {format_money(amount, locale.currency)}")


@app.command()
def categories(
    search: Annotated[str, typer.Option(help="Words of its name.")],
    domain: GivenDomainOption = "us",
    as_json: JsonOption = False,
) -> None:
    """Look up the number of a category by its name; costs 1 token.

    Example: keeper discover categories --domain us --search keyboards
    """
    from keeper.domain.locales import locale_of
    from keeper.pipeline.runs.keepa_account import keepa_account
    from keeper.pipeline.services.configuration import keepa_config
    from keeper.settings import load_settings
    from keeper.sources.keepa.discovery import search_categories

    locale, settings = locale_of(domain), load_settings()
    with (
        database() as connection,
        keepa_account(keepa_config(settings), connection, None) as account,
    ):
        found = search_categories(account.client, locale, search)
    if as_json:
        print_records({"domain": domain, **record_of(category)} for category in found)
        return
    if not found:
        refuse(f"{locale.host} has no category called {search!r}; try one word of its name")
    for category in found:
        where = "root category" if not category.parent else f"in {category.parent}"
        count = "" if category.products is None else f"  {category.products:,} products"
        typer.echo(harmless(f"{category.category:>14}  {category.name}  ({where}){count}"))


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Show what is looked for, what came of it, and why the last search failed if it did.

    Example: keeper discover list
    """
    from keeper.stores.postgres.discovery.proposals import list_discoveries

    with database() as connection:
        searches = list_discoveries(connection)
    if as_json:
        print_records(
            record_of(search.discovery)
            | record_of(search, without=("discovery", "of_run", "left_over"))
            for search in searches
        )
        return
    if not searches:
        typer.echo("Nothing is looked for yet: keeper discover add best-sellers --category ID")
        return
    rows = []
    for search in searches:
        found = search.discovery
        below = found.below_average_percent
        rows.append(
            (
                str(found.discovery_id),
                found.domain,
                found.kind.value.replace("_", " "),
                found.name,
                str(found.propose),
                f"{found.price_type} −{below} %" if below else found.price_type,
                f"{search.proposed} / {search.approved} / {search.rejected}",
                time_text(found.searched_at, never="never"),
                found.problem or "",
            )
        )
    heads = "ID locale kind name propose target open/approved/rejected searched problem".split()
    print_table(
        heads,
        rows,
        numbers=("ID", "propose"),
        wrap=("name", "problem"),
        drop=("propose", "searched", "kind", "target", "problem"),
    )


@app.command()
def remove(
    discovery: Annotated[int, typer.Argument(metavar="ID", help="As `discover list` shows it.")],
) -> None:
    """Stop a search; what it proposed stays, and so does what was rejected.

    Example: keeper discover remove 3
    """
    from keeper.stores.postgres.discovery.proposals import remove_discovery

    with database() as connection:
        name = remove_discovery(connection, discovery)
    if name is None:
        refuse(f"there is no search {discovery}; see: keeper discover list")
    typer.echo(f"removed: {name}")


def _save(discovery: "Discovery") -> None:
    from keeper.stores.postgres.discovery.proposals import list_discoveries, save_discovery

    with database() as connection:
        active = [search.discovery for search in list_discoveries(connection)]
        number = save_discovery(connection, discovery)
    typer.echo(f"saved: {number} {discovery.domain} {discovery.name}")
    for former in active:
        if (former.domain, former.name) == (discovery.domain, discovery.name):
            for line in _differences(former, discovery):
                typer.echo(f"  {line}")


def _differences(before: "Discovery", after: "Discovery") -> list[str]:
    """Return what changes of a search, each field with its former and its new value."""
    former, new = _words(before), _words(after)
    return [f"{name}: {former[name]} → {new[name]}" for name in new if former[name] != new[name]]


def _words(search: "Discovery") -> dict[str, str]:
    return {
        "kind": search.kind.value.replace("_", " "),
        "category": str(search.category),
        "selection": json.dumps(dict(search.selection or {}), sort_keys=True),
        "rank range": str(search.rank_range_days),
        "propose": str(search.propose),
        "price type": search.price_type,
        "below average": str(search.below_average_percent or "no target"),
    }
