"""What Keepa says of watched products that are no standard ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.prices.listing import NO_LABELS, Labels
from keeper.domain.product_kinds import ProductKind
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "product_kinds"


@dataclass(frozen=True, slots=True)
class SeenKind:
    """What a reply says a product is.

    Attributes:
        asin: The product.
        domain: Its locale.
        kind: What it is; NOT_FOUND if the reply leaves it out.
        seen_at: When the reply came.
        variations: What a parent stands for.
        labels: Its root category and brand.
    """

    asin: str
    domain: str
    kind: ProductKind
    seen_at: datetime
    variations: tuple[str, ...] = ()
    labels: Labels = NO_LABELS


@dataclass(frozen=True, slots=True)
class SavedKind:
    """A recorded kind.

    Attributes:
        misses: How often in a row Keepa did not know the product.
        former: What it was recorded as before, None if it was a standard product.
    """

    misses: int
    former: ProductKind | None


def save_kind(connection: Connection, product: SeenKind) -> SavedKind | None:
    """Record a product that is no standard one; None if something newer is known of it."""
    row = connection.execute(
        statements(_SQL)["save_kind"],
        {
            "asin": product.asin,
            "domain": product.domain,
            "kind": product.kind.value,
            "misses": int(product.kind is ProductKind.NOT_FOUND),
            "asked_at": product.seen_at,
            "variations": list(product.variations),
        },
    ).fetchone()
    if row is None:
        return None
    return SavedKind(row["misses"], ProductKind(row["former"]) if row["former"] else None)


def forget_kinds(connection: Connection, products: Sequence[SeenKind]) -> list[SeenKind]:
    """Forget what was recorded of products that are standard ones; return those there were."""
    rows = connection.execute(
        statements(_SQL)["forget_kinds"],
        {
            "asins": [product.asin for product in products],
            "domains": [product.domain for product in products],
            "times": [product.seen_at for product in products],
        },
    )
    forgotten = {(row["asin"], row["domain"]) for row in rows}
    return [product for product in products if (product.asin, product.domain) in forgotten]


def save_labels(connection: Connection, products: Sequence[SeenKind]) -> int:
    """Record root categories and brands that are not as they were; return how many."""
    return connection.execute(
        statements(_SQL)["save_labels"],
        {
            "asins": [product.asin for product in products],
            "domains": [product.domain for product in products],
            "times": [product.seen_at for product in products],
            "root_categories": [product.labels.root_category for product in products],
            "brands": [product.labels.brand for product in products],
        },
    ).rowcount


def products_without_offers(connection: Connection) -> set[tuple[str, str]]:
    """Return the locales and ASINs of the products Keepa has no offers of."""
    kinds = [kind.value for kind in ProductKind if not kind.has_offers]
    rows = connection.execute(statements(_SQL)["of_kinds"], {"kinds": kinds})
    return {(row["domain"], row["asin"]) for row in rows}


def watchers(connection: Connection, product: SeenKind) -> list[tuple[int, str]]:
    """Return the ids and e-mail addresses of those who actively watch a product."""
    rows = connection.execute(
        statements(_SQL)["watchers"], {"asin": product.asin, "domain": product.domain}
    )
    return [(row["user_id"], row["email"]) for row in rows]
