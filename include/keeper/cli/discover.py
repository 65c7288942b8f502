"""`keeper discover`: what to look for, and the decisions on what was found."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.options import AnyDomainOption, GivenDomainOption
from keeper.cli.session import database
from keeper.cli.tables import print_table

if TYPE_CHECKING:
    from keeper.domain.discovery import Discovery, Proposal

_LONGEST_NAME: Final = 60

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
TypeOption = Annotated[
    str, typer.Option(help="Price type to watch, e.g. NEW, AMAZON, BUY_BOX_SHIPPING.")
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
AsinsArgument = Annotated[list[str], typer.Argument(metavar="ASIN…", help="Proposed products.")]
UserOption = Annotated[
    str | None,
    typer.Option(
        help="Whose watch list, by e-mail address.", show_default="Keeper's own, without targets"
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
    price_type: TypeOption = "NEW",
    below_average: BelowOption = None,
) -> None:
    """Propose the best sellers of a category; a search costs 50 tokens, a proposal 2.

    Example: keeper discover add best-sellers --domain us --category 1055398 --propose 20
    """
    from keeper.domain.discovery import RANK_RANGES, Discovery, DiscoveryKind
    from keeper.domain.locales import locale_of

    if rank_range not in RANK_RANGES:
        raise typer.BadParameter("--rank-range is 0, 30, 90 or 180")
    locale = locale_of(domain)
    if not locale.has_lists:
        raise typer.BadParameter(
            f"Keepa has no best sellers of {locale.host}; the product finder it has: "
            "keeper discover add finder --help"
        )
    _save(
        Discovery(
            name=name or f"best sellers of {category}",
            kind=DiscoveryKind.BEST_SELLERS,
            domain=locale.domain,
            category=category,
            rank_range_days=rank_range,
            propose=propose,
            price_type=_price_type(price_type),
            below_average_percent=below_average,
        )
    )


@add.command("finder")
def add_finder(
    selection: Annotated[
        str, typer.Option(help="Keepa's product-finder query as JSON, as its web page shows it.")
    ],
    domain: GivenDomainOption = "us",
    propose: ProposeOption = 20,
    name: NameOption = None,
    price_type: TypeOption = "NEW",
    below_average: BelowOption = None,
) -> None:
    """Propose what Keepa's product finder selects; a search costs 11 tokens, a proposal 2.

    Example: keeper discover add finder --domain de --selection '{"current_SALES_lte": 1000}'
    """
    from zlib import crc32

    from keeper.domain.discovery import Discovery, DiscoveryKind
    from keeper.domain.locales import locale_of
    from keeper.domain.money import format_money
    from keeper.sources.keepa.discovery import FinderSelectionError, price_bounds, read_selection

    try:
        selected = read_selection(selection)
    except FinderSelectionError as error:
        raise typer.BadParameter(str(error)) from None
    locale, series = locale_of(domain), _price_type(price_type)
    shown = ", ".join(f"{field}={value}" for field, value in selected.items())
    if len(shown) > _LONGEST_NAME:
        # Two long selections may differ after the cut only.
        shown = f"{shown[: _LONGEST_NAME - 10]}… {crc32(shown.encode()):08x}"
    _save(
        Discovery(
            name=name or shown,
            kind=DiscoveryKind.FINDER,
            domain=locale.domain,
            selection=selected,
            propose=propose,
            price_type=series,
            below_average_percent=below_average,
        )
    )
    for field, amount in price_bounds(selected):
        typer.echo(f"  {field}: {format_money(amount, locale.currency)}")


@app.command()
def categories(
    search: Annotated[str, typer.Option(help="Words of its name.")],
    domain: GivenDomainOption = "us",
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
    if not found:
        typer.echo(f"{locale.host} has no category called {search!r}")
        raise typer.Exit(1)
    for category in found:
        where = "root category" if not category.parent else f"in {category.parent}"
        count = "" if category.products is None else f"  {category.products:,} products"
        typer.echo(f"{category.category:>14}  {category.name}  ({where}){count}")


@app.command("list")
def list_() -> None:
    """Show what is looked for, what came of it, and why the last search failed if it did.

    Example: keeper discover list
    """
    from keeper.stores.postgres.discovery.proposals import list_discoveries

    with database() as connection:
        searches = list_discoveries(connection)
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
                f"{found.searched_at:%Y-%m-%d %H:%M}" if found.searched_at else "never",
                found.problem or "",
            )
        )
    heads = "ID locale kind name propose target open/approved/rejected searched problem".split()
    print_table(heads, rows, numbers=("ID", "propose"))


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
        typer.secho(f"there is no search {discovery}", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)
    typer.echo(f"removed: {name}")


@app.command()
def proposals(
    state: Annotated[
        str, typer.Option(help="PROPOSED, APPROVED, REJECTED or all.", case_sensitive=False)
    ] = "PROPOSED",
) -> None:
    """Show the products found: those that wait for a decision, or those decided.

    Example: keeper discover proposals --state rejected
    """
    from keeper.domain.discovery import ProposalState
    from keeper.domain.money import format_money
    from keeper.stores.postgres.discovery.proposals import list_proposals

    try:
        wanted = None if state.lower() == "all" else ProposalState(state.upper())
    except ValueError:
        raise typer.BadParameter(
            f"{state!r} is no state; PROPOSED, APPROVED, REJECTED or all"
        ) from None
    with database() as connection:
        found = list_proposals(connection, wanted)
    if not found:
        typer.echo("Nothing is proposed; the DAG discover_products searches every week")
        return

    def money(minor: int | None, proposal: "Proposal") -> str:
        return "" if minor is None else format_money(minor, proposal.currency)

    rows = [
        (
            proposal.asin,
            proposal.domain,
            (proposal.title or "")[:48],
            money(proposal.price_minor, proposal),
            money(proposal.target_minor, proposal),
            "" if proposal.rating is None else f"{proposal.rating:.1f}",
            "" if proposal.sales_rank is None else str(proposal.sales_rank),
            (proposal.found_by or "") + (" simulated" if proposal.source == "simulator" else ""),
            proposal.state.value + (f" by {proposal.decided_by}" if proposal.decided_by else ""),
        )
        for proposal in found
    ]
    columns = "ASIN locale title price target rating rank found-by state".split()
    print_table(columns, rows, numbers=("price", "target", "rating", "rank"))


@app.command()
def approve(asins: AsinsArgument, domain: AnyDomainOption = None, user: UserOption = None) -> None:
    """Watch proposed products; as good as choosing them in Airflow.

    Example: keeper discover approve B00EXAMPLE B01EXAMPLE --user you@example.org
    """
    if user is not None and "@" not in user.strip("@"):
        raise typer.BadParameter(f"{user!r} is not an e-mail address")
    _decide(asins, domain, user, is_approved=True)


@app.command()
def reject(asins: AsinsArgument, domain: AnyDomainOption = None) -> None:
    """Refuse proposed products for good: they are never proposed again.

    Example: keeper discover reject B00EXAMPLE
    """
    _decide(asins, domain, None, is_approved=False)


def _decide(asins: list[str], domain: str | None, user: str | None, *, is_approved: bool) -> None:
    from keeper.clock import utc_now
    from keeper.domain.asins import parse_product_address
    from keeper.settings import load_settings
    from keeper.stores.postgres.discovery.proposals import decide, list_proposals

    try:
        wanted = {parse_product_address(asin).asin for asin in asins}
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with database() as connection:
        chosen = [
            (proposal.domain, proposal.asin)
            for proposal in list_proposals(connection)
            if proposal.asin in wanted and domain in (None, proposal.domain)
        ]
        decision = decide(
            connection,
            approved=chosen if is_approved else (),
            rejected=() if is_approved else chosen,
            decided_by=load_settings().people.user_email,
            decided_at=utc_now(),
            email=user,
        )
    typer.echo(f"approved: {decision.approved}, rejected: {decision.rejected}")
    if missing := sorted(wanted - {asin for _, asin in chosen}):
        typer.secho(
            f"not waiting for a decision: {', '.join(missing)}", fg=typer.colors.RED, err=True
        )
        raise typer.Exit(1)


def _save(discovery: "Discovery") -> None:
    from keeper.stores.postgres.discovery.proposals import save_discovery

    with database() as connection:
        number = save_discovery(connection, discovery)
    typer.echo(f"saved: {number} {discovery.domain} {discovery.name}")


def _price_type(name: str) -> str:
    from keeper.domain.prices.types import price_type_of

    try:
        price_type = price_type_of(name.strip().upper())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not price_type.is_price:
        raise typer.BadParameter(f"{price_type.name} is not a price")
    if price_type.is_gone:
        raise typer.BadParameter(f"Keepa keeps no {price_type.name} prices any more")
    return price_type.name
