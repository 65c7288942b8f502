"""Commands that pause, resume and remove watches."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import (
    AllDomainsOption,
    DomainOption,
    ProductArgument,
    TypeOption,
    UserOption,
)
from keeper.cli.session import database, refuse, user_address
from keeper.cli.watches.products import listed_product, product_address

if TYPE_CHECKING:
    from keeper.domain.watches.watch import WatchStatus
    from keeper.stores.postgres.watches.watch_list import StatusChange


def pause(
    product: ProductArgument,
    domain: DomainOption = None,
    all_domains: AllDomainsOption = False,
    price_type: TypeOption = None,
    user: UserOption = None,
) -> None:
    """Stop checking a product but keep its watch; in all price types, or one.

    Example: keeper watch pause B00EXAMPLE
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(product, WatchStatus.PAUSED, (domain, all_domains), price_type, user)


def resume(
    product: ProductArgument,
    domain: DomainOption = None,
    all_domains: AllDomainsOption = False,
    price_type: TypeOption = None,
    user: UserOption = None,
) -> None:
    """Check a paused product again; in all price types, or one.

    Example: keeper watch resume B00EXAMPLE
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(product, WatchStatus.ACTIVE, (domain, all_domains), price_type, user)


def remove(
    product: Annotated[
        str | None, typer.Argument(help="ASIN or Amazon address; none with --simulated.")
    ] = None,
    domain: DomainOption = None,
    all_domains: AllDomainsOption = False,
    price_type: TypeOption = None,
    user: UserOption = None,
    simulated: Annotated[
        bool,
        typer.Option(
            "--simulated", help="Everybody's products that the simulator made up, as of a demo."
        ),
    ] = False,
) -> None:
    """Take a product off the list; its history stays. In all price types, or one.

    Example: keeper watch remove B00EXAMPLE

    After a demo: keeper watch remove --simulated
    """
    from keeper.domain.watches.watch import WatchStatus

    if simulated:
        if product is not None or domain or all_domains or price_type or user:
            raise typer.BadParameter(
                "names no product, locale, price type or user", param_hint="--simulated"
            )
        _remove_simulated()
        return
    if product is None:
        raise typer.BadParameter(
            "name a product, or give --simulated for those of a demo", param_hint="PRODUCT"
        )
    _set_status(product, WatchStatus.INACTIVE, (domain, all_domains), price_type, user)


def _remove_simulated() -> None:
    from keeper.stores.postgres.watches.simulated import remove_simulated

    with database() as connection:
        removed = remove_simulated(connection)
    if removed:
        typer.echo(f"{removed} watches of products that the simulator made up are removed")
    else:
        typer.echo("no watch is of a product that the simulator made up")


def _set_status(
    product: str,
    status: "WatchStatus",
    where: tuple[str | None, bool],
    price_type: str | None,
    user: str | None,
) -> None:
    from keeper.stores.postgres.watches.watch_list import set_status

    address, email = product_address(product), user_address(user)
    with database() as connection:
        meant = listed_product(connection, email, address, where[0], everywhere=where[1])
        with connection.transaction():
            changes = [
                change
                for domain in meant.domains
                for change in set_status(
                    connection, email, meant.asin, status, domain=domain, price_type=price_type
                )
            ]
    if not changes:
        series = " ".join(filter(None, (meant.asin, *meant.domains, price_type)))
        refuse(f"{series} is not on the list of {email}; see: keeper watch list")
    for change in changes:
        typer.echo(f"{meant.asin} {change.domain} {change.price_type}: {_said(change, status)}")


def _said(change: "StatusChange", wanted: "WatchStatus") -> str:
    from keeper.domain.watches.changes import STATUS_WORDS

    before, after = STATUS_WORDS[change.before], STATUS_WORDS[change.after]
    if change.before != change.after:
        return f"status: {before} → {after}"
    if change.after != wanted:
        return f"stays {after}: Keepa keeps no {change.price_type} prices any more"
    return f"is {after} already"
