"""Watches of products that the simulator made up: once Keepa itself is asked, nobody knows them."""

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


def pause_simulated(connection: Connection) -> int:
    """Pause the watches of these products; return how many products they were."""
    products = sorted(simulated_products(connection))
    asins, domains = [asin for asin, _ in products], [domain for _, domain in products]
    connection.execute(statements(_SQL)["pause_products"], {"asins": asins, "domains": domains})
    return len(products)


def remove_simulated(connection: Connection) -> int:
    """Remove everybody's watches of products whose prices are all the simulator's; return how many.

    Their prices stay, and say where they are from.
    """
    return len(connection.execute(statements(_SQL)["remove_simulated"]).fetchall())
