"""Products for the console: page by page, only those its user may see.

What somebody watches is theirs, so a reader's lists have the products of their own watches and of
the deals their own filters found.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from keeper.domain.product_kinds import ProductKind
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.prices.product_prices import SeriesPrice, StoredProduct
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "products"


class ProductKey(NamedTuple):
    """A product: an ASIN in a locale."""

    asin: str
    domain: str


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product as Keepa last described it, with its current prices by price type."""

    key: ProductKey
    product: StoredProduct
    prices: list[SeriesPrice]


@dataclass(frozen=True, slots=True)
class ProductsWanted:
    """A page of products; None lets everything pass.

    Attributes:
        most: How many at most.
        domain: Only in this locale.
        search: An ASIN, or words that all occur in the title.
        keys: Only these.
        after: The last product before the page.
    """

    most: int
    domain: str | None = None
    search: str | None = None
    keys: Sequence[ProductKey] | None = None
    after: ProductKey | None = None


def product_page(
    connection: Connection, visibility: Visibility, wanted: ProductsWanted
) -> list[ListedProduct]:
    """Return a page of the products somebody may see, by ASIN and locale."""
    search, keys, after = wanted.search, wanted.keys, wanted.after
    values = {
        "owner": visibility.owner_id,
        "domain": wanted.domain,
        "search": None if search is None else search.strip(),
        "words": None if search is None else search.split(),
        "asins": None if keys is None else [key.asin for key in keys],
        "domains": None if keys is None else [key.domain for key in keys],
        "after_asin": None if after is None else after.asin,
        "after_domain": None if after is None else after.domain,
        "most": wanted.most,
    }
    found = {
        ProductKey(row["asin"], row["domain"]): StoredProduct(
            row["title"],
            row["image_url"],
            ProductKind(row["kind"]) if row["kind"] else ProductKind.STANDARD,
            tuple(row["variations"] or ()),
        )
        for row in connection.execute(statements(_SQL)["product_page"], values)
    }
    prices = _prices(connection, list(found))
    return [ListedProduct(key, product, prices[key]) for key, product in found.items()]


def _prices(
    connection: Connection, keys: Sequence[ProductKey]
) -> defaultdict[ProductKey, list[SeriesPrice]]:
    values = {"asins": [key.asin for key in keys], "domains": [key.domain for key in keys]}
    prices: defaultdict[ProductKey, list[SeriesPrice]] = defaultdict(list)
    for row in connection.execute(statements(_SQL)["current_prices_of"], values):
        key = ProductKey(row.pop("asin"), row.pop("domain"))
        prices[key].append(SeriesPrice(**row))
    return prices


def watched_keys(connection: Connection, visibility: Visibility) -> set[ProductKey]:
    """Return the products of the active watches somebody may see."""
    values = {"owner": visibility.owner_id}
    rows = connection.execute(statements(_SQL)["watched_products"], values)
    return {ProductKey(**row) for row in rows}
