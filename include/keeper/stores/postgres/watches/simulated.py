"""Watches of products that the simulator made up: once Keepa itself is asked, nobody knows them."""

from collections.abc import Collection
from typing import Final

from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "simulated_watches"


def simulated_products(connection: Connection) -> set[tuple[str, str]]:
    """Return the watched products, as ASIN and domain, whose prices are all the simulator's.

    Empty when the latest price run with products asked Keepa itself: who resumes such a watch then
    means it.
    """
    rows = connection.execute(statements(_SQL)["simulated_products"])
    return {(row["asin"], row["domain"]) for row in rows}


def pause_products(connection: Connection, products: Collection[tuple[str, str]]) -> None:
    """Pause everybody's active watches of products, given as ASIN and domain."""
    ordered = sorted(products)
    asins, domains = [asin for asin, _ in ordered], [domain for _, domain in ordered]
    connection.execute(statements(_SQL)["pause_products"], {"asins": asins, "domains": domains})


def remove_simulated(connection: Connection) -> int:
    """Remove everybody's watches of products whose prices are all the simulator's; return how many.

    Their prices stay, and say where they are from.
    """
    return len(connection.execute(statements(_SQL)["remove_simulated"]).fetchall())
