"""`keeper discover`: what was found, and the decisions on it."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import AllDomainsOption, AnyDomainOption, JsonOption, domain_of
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, refuse
from keeper.cli.tables import clip, print_table
from keeper.cli.watches.products import product_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keeper.domain.asins import ProductAddress
    from keeper.domain.discovery import Proposal

ProposedDomainOption = Annotated[
    str | None,
    typer.Option(
        help="Locale, if a product is proposed in several.",
        show_default="where it is proposed",
        callback=domain_of,
    ),
]
AsinsArgument = Annotated[list[str], typer.Argument(metavar="ASIN…", help="Proposed products.")]
UserOption = Annotated[
    str | None,
    typer.Option(
        help="Whose watch list, by e-mail address.", show_default="Keeper's own, without targets"
    ),
]


def proposals(
    state: Annotated[
        str, typer.Option(help="PROPOSED, APPROVED, REJECTED or all.", case_sensitive=False)
    ] = "PROPOSED",
    domain: AnyDomainOption = None,
    as_json: JsonOption = False,
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
        found = [
            proposal
            for proposal in list_proposals(connection, wanted)
            if domain in (None, proposal.domain)
        ]
    if as_json:
        print_records(map(record_of, found))
        return
    if not found:
        typer.echo("Nothing is proposed; the DAG discover_products searches every week")
        return

    def money(minor: int | None, proposal: "Proposal") -> str:
        return "" if minor is None else format_money(minor, proposal.currency)

    rows = [
        (
            proposal.asin,
            proposal.domain,
            clip(proposal.title),
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
    print_table(
        columns,
        rows,
        numbers=("price", "target", "rating", "rank"),
        cut=("title",),
        wrap=("found-by", "state"),
        drop=("rank", "rating", "found-by", "state", "target"),
    )


def approve(
    asins: AsinsArgument,
    domain: ProposedDomainOption = None,
    all_domains: AllDomainsOption = False,
    user: UserOption = None,
) -> None:
    """Watch proposed products; as good as choosing them in Airflow.

    Example: keeper discover approve B00EXAMPLE B01EXAMPLE --user you@example.org
    """
    if user is not None and "@" not in user.strip("@"):
        raise typer.BadParameter(f"{user!r} is not an e-mail address")
    _decide(asins, (domain, all_domains), user, is_approved=True)


def reject(
    asins: AsinsArgument,
    domain: ProposedDomainOption = None,
    all_domains: AllDomainsOption = False,
) -> None:
    """Refuse proposed products for good: they are never proposed again.

    Example: keeper discover reject B00EXAMPLE
    """
    _decide(asins, (domain, all_domains), None, is_approved=False)


def _decide(
    asins: list[str], where: tuple[str | None, bool], user: str | None, *, is_approved: bool
) -> None:
    from keeper.clock import utc_now
    from keeper.settings import load_settings
    from keeper.stores.postgres.discovery.proposals import decide, list_proposals

    addresses = [product_address(asin) for asin in asins]
    with database() as connection:
        waiting = [(proposal.domain, proposal.asin) for proposal in list_proposals(connection)]
        chosen, missing = _chosen(addresses, where, waiting)
        decision = decide(
            connection,
            approved=chosen if is_approved else (),
            rejected=() if is_approved else chosen,
            decided_by=load_settings().people.user_email,
            decided_at=utc_now(),
            email=user,
        )
    for domain, asin in chosen:
        typer.echo(
            f"{asin} {domain}: state: PROPOSED → {'APPROVED' if is_approved else 'REJECTED'}"
        )
    typer.echo(f"approved: {decision.approved}, rejected: {decision.rejected}")
    if missing:
        refuse(f"not waiting for a decision: {', '.join(missing)}; see: keeper discover proposals")


def _chosen(
    addresses: "Iterable[ProductAddress]",
    where: tuple[str | None, bool],
    waiting: "Sequence[tuple[str, str]]",
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the proposals that are meant, by locale and ASIN, and the products without one."""
    from keeper.pipeline.watches.meant import meant_product

    chosen: dict[tuple[str, str], None] = {}
    missing: dict[str, None] = {}
    for address in addresses:
        found_in = [domain for domain, asin in waiting if asin == address.asin]
        try:
            meant = meant_product(address, where[0], found_in, everywhere=where[1], word="proposed")
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        proposals = [(name, meant.asin) for name in meant.domains if name in found_in]
        chosen.update(dict.fromkeys(proposals))
        if not proposals:
            missing[address.asin] = None
    return list(chosen), sorted(missing)
