"""How products are asked for again whose reply was late.

A reply that is late has been worked for: Keepa charges it all the same. Asking the same again would
pay for the same work again, and for a page of products that work is what made it late.
"""

from collections.abc import Sequence
from dataclasses import replace

from keeper.sources.keepa.products.requests import COLLECT_NOTHING, ProductQuery

_COLLECTED_ANEW_H = 1
"""What was collected for the late reply is younger, so that it is not collected again."""


def halves(asins: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return products in two parts of nearly one size, in their order; one product as one part."""
    middle = (len(asins) + 1) // 2
    return tuple(tuple(part) for part in (asins[:middle], asins[middle:]) if part)


def asked_again(query: ProductQuery) -> ProductQuery:
    """Return the query that uses what Keepa has collected for the late reply."""
    if query.update_h == COLLECT_NOTHING:
        return query
    return replace(query, update_h=max(query.update_h or 0, _COLLECTED_ANEW_H))
