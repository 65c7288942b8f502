"""Products by the words of their titles, for those who may see them."""

from collections.abc import Sequence
from typing import Final

from elasticsearch import Elasticsearch

from keeper.domain.users.access import Account
from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
from keeper.stores.elasticsearch.product_search import find_products
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.product_pages import (
    ListedProduct,
    ProductKey,
    ProductsWanted,
    product_page,
)
from keeper.stores.postgres.users.visibility import visible_to

__all__ = [
    "ListedProduct",
    "ProductKey",
    "ProductsWanted",
    "found_by_words",
    "products_named",
    "products_of",
]
_MOST_FOUND: Final = 10_000
_WITHIN_S: Final = 3.0
"""Less than the console waits, so that what finds too much ends before."""


def found_by_words(client: Elasticsearch, words: str, *, domain: str | None) -> list[ProductKey]:
    """Return the products whose title once had all these words, those that changed last first.

    They are anybody's: see products_named for who may see them.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchTooLongError: Too much is found.
        SearchRejectedError: It refuses, as when nothing is indexed yet.
    """
    hits = find_products(
        client, PRICES_ALIAS, words, domain=domain, limit=_MOST_FOUND, within_s=_WITHIN_S
    )
    return list(dict.fromkeys(ProductKey(hit.asin, hit.domain) for hit in hits))


def products_named(
    connection: Connection, account: Account, keys: Sequence[ProductKey], *, most: int
) -> list[ListedProduct]:
    """Return those of some products that a user may see, in their order."""
    wanted = ProductsWanted(len(keys), keys=keys)
    seen = {one.key: one for one in product_page(connection, visible_to(account), wanted)}
    return [seen[key] for key in keys if key in seen][:most]


def products_of(
    connection: Connection, account: Account, wanted: ProductsWanted
) -> list[ListedProduct]:
    """Return a page of the products a user may see, by ASIN and locale."""
    return product_page(connection, visible_to(account), wanted)
