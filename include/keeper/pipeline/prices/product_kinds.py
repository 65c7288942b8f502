"""Watched products that are no standard ones: what is recorded of them, and who is notified."""

import logging
from collections.abc import Sequence
from typing import Final

from keeper.domain.locales import locale_of
from keeper.domain.messages.notices import Trouble
from keeper.domain.product_kinds import ProductKind
from keeper.domain.tokens.candidates import UNKNOWN_AFTER
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice, resolve_notices
from keeper.stores.postgres.watches.product_kinds import (
    SeenKind,
    forget_kinds,
    save_kind,
    save_labels,
    watchers,
)

_LOG: Final = logging.getLogger(__name__)


def record_kinds(connection: Connection, seen: Sequence[SeenKind]) -> None:
    """Record what replies say products are, and notify who watches those without prices.

    They are notified once, of a product Keepa does not know after it was asked for twice. What a
    newer reply has said stays; recording the same again changes nothing. Root categories and brands
    are kept from the first reply that says so until another says otherwise.
    """
    with connection.transaction():
        standard = [product for product in seen if product.kind is ProductKind.STANDARD]
        for product in forget_kinds(connection, standard):
            topics = [_topic(product, user_id) for user_id, _ in watchers(connection, product)]
            resolve_notices(connection, *topics, at=product.seen_at)
        save_labels(connection, [one for one in seen if one.kind is not ProductKind.NOT_FOUND])
        for product in seen:
            if product.kind is ProductKind.STANDARD:
                continue
            saved = save_kind(connection, product)
            if saved is None:
                continue
            is_sure = product.kind is not ProductKind.NOT_FOUND or saved.misses >= UNKNOWN_AFTER
            was_sure = saved.former is product.kind and (
                product.kind is not ProductKind.NOT_FOUND or saved.misses > UNKNOWN_AFTER
            )
            if is_sure and not was_sure:
                _notify(connection, product)


def _notify(connection: Connection, product: SeenKind) -> None:
    why = product.kind.explain(product.variations)
    if not why:
        return
    host = locale_of(product.domain).host
    _LOG.warning("%s of %s: %s", product.asin, host, why)
    for user_id, email in watchers(connection, product):
        trouble = Trouble(
            _topic(product, user_id),
            f"no prices of {product.asin} ({host}): {why}",
            "You watch it, but Keeper cannot alert you of it.\n"
            f"To take it off your list: keeper watch remove {product.asin} "
            f"--domain {product.domain}",
        )
        raise_notice(connection, trouble, operator=email, at=product.seen_at)


def _topic(product: SeenKind, user_id: int) -> str:
    return f"product:{product.domain}:{product.asin}:{user_id}"
