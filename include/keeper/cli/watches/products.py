"""Which product a command is about: what was typed, and the rule for a bare ASIN."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from keeper.domain.asins import ProductAddress
    from keeper.pipeline.watches.meant import MeantProduct
    from keeper.stores.postgres.connection import Connection


def product_address(text: str) -> "ProductAddress":
    """Return the product that somebody typed.

    Raises:
        typer.BadParameter: It is none, with what to write instead.
    """
    from keeper.domain.asins import parse_product_address

    try:
        return parse_product_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def listed_product(
    connection: "Connection",
    email: str,
    address: "ProductAddress",
    domain: str | None,
    *,
    everywhere: bool,
) -> "MeantProduct":
    """Return the locales in which a product of a user's list is meant; none if it is not on it.

    Raises:
        typer.BadParameter: There are several, and neither one nor all were asked for.
    """
    from keeper.pipeline.watches.meant import meant_product
    from keeper.stores.postgres.watches.watch_list import watched_locales

    watched = watched_locales(connection, email, address.asin).watched
    try:
        return meant_product(address, domain, watched, everywhere=everywhere)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def product_or_short_link(text: str) -> "ProductAddress | None":
    """Return the product that somebody typed; None for a short link, which is opened later if ever.

    Raises:
        typer.BadParameter: It is neither, with what to write instead.
    """
    from keeper.domain.asins import ShortLinkError, parse_product_address

    try:
        return parse_product_address(text)
    except ShortLinkError:
        return None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def product_to_add(
    connection: "Connection", email: str, address: "ProductAddress", domain: str | None
) -> "MeantProduct":
    """Return the one locale in which a product is added, changed or tried.

    Raises:
        typer.BadParameter: The user watches it in several.
    """
    from keeper.pipeline.watches.meant import meant_for_adding
    from keeper.stores.postgres.watches.watch_list import watched_locales

    listed = watched_locales(connection, email, address.asin)
    try:
        return meant_for_adding(address, domain, listed.watched, listed.removed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
