"""The second step of a run: raw replies of a batch's products, each stored as it arrives."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, Protocol

from keeper.domain.locales import Locale, locale_of
from keeper.domain.watches import ProductToCheck
from keeper.sources.keepa.client import ProductPage
from keeper.stores.lake.run_files import BatchFolder, StoredPage

_LOG: Final = logging.getLogger(__name__)


class ProductSource(Protocol):
    """Where raw product replies come from."""

    def product_pages(
        self,
        locale: Locale,
        asins: Sequence[str],
        *,
        page_products: int,
        may_use_reserve: bool,
    ) -> Iterator[ProductPage]:
        """Yield one reply for up to `page_products` products at a time, in the order asked."""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """How many products were asked for, in how many replies, and the tokens they cost."""

    asked: int
    pages: int
    tokens: int


def fetch_batch(
    folder: BatchFolder,
    source: ProductSource,
    *,
    page_products: int = 100,
    may_use_reserve: bool = False,
) -> FetchResult:
    """Fetch what is not stored yet of the batch's products.

    A reply is in the lake before the next is asked for, so that an error half-way loses nothing
    that was paid for: called again, it goes on where it ended.

    Args:
        folder: The batch's files.
        source: Where replies come from.
        page_products: Most products a request asks for.
        may_use_reserve: The products are worth the tokens the budget keeps back.

    Raises:
        TerminalError: A wrong key, say; see keeper.sources.keepa.errors.
        TransientError: Keepa or the tokens are away for now.
    """
    stored = folder.pages()
    have = {(page.domain, asin) for page in stored for asin in page.asked}
    if stored:
        _LOG.info("%d replies are in the lake already", len(stored))
    missing = [p for p in folder.read_plan() if (p.domain, p.asin) not in have]
    for domain, products in groupby(_by_domain(missing), attrgetter("domain")):
        asins = [product.asin for product in products]
        for page in source.product_pages(
            locale_of(domain),
            asins,
            page_products=page_products,
            may_use_reserve=may_use_reserve,
        ):
            description = StoredPage(
                number=len(stored),
                domain=domain,
                asked=page.asked,
                received_at=page.received_at,
                tokens_consumed=page.envelope.tokens_consumed,
            )
            folder.write_page(description, page.body)
            stored.append(description)
            _LOG.info(
                "%s: %d products for %d tokens, %d left",
                domain,
                len(page.asked),
                page.envelope.tokens_consumed,
                page.envelope.tokens_left,
            )
    return FetchResult(
        asked=sum(len(page.asked) for page in stored),
        pages=len(stored),
        tokens=sum(page.tokens_consumed for page in stored),
    )


def _by_domain(products: Sequence[ProductToCheck]) -> list[ProductToCheck]:
    return sorted(products, key=attrgetter("domain"))
