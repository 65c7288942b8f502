"""The second step of a run: raw replies of a batch's products, each stored as it arrives."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final, Protocol

from keeper.domain.locales import Locale, locale_of
from keeper.domain.prices.events import Source
from keeper.domain.watches.watch import ProductToCheck
from keeper.sources.keepa.client import ProductPage
from keeper.sources.keepa.products.requests import BASIC, ProductQuery
from keeper.stores.lake.run_files import BatchFolder

_LOG: Final = logging.getLogger(__name__)


class ProductSource(Protocol):
    """Where raw product replies come from."""

    @property
    def source(self) -> Source:
        """What the data is marked as."""

    def product_pages(
        self,
        locale: Locale,
        asins: Sequence[str],
        query: ProductQuery = BASIC,
        *,
        page_products: int | None = None,
        may_use_reserve: bool = False,
    ) -> Iterator[ProductPage]:
        """Yield one reply for up to `page_products` products at a time, in the order asked."""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """How many products this run asked for, in how many replies, and the tokens they cost."""

    asked: int
    pages: int
    tokens: int


def fetch_batch(
    folder: BatchFolder,
    source: ProductSource,
    query: ProductQuery = BASIC,
    *,
    page_products: int | None = None,
    may_use_reserve: bool = False,
    received_from: datetime | None = None,
) -> FetchResult:
    """Fetch what is not stored yet of the batch's products.

    A reply is in the lake before the next is asked for, so that an error half-way loses nothing
    that was paid for: called again, it goes on where it ended.

    Args:
        folder: The batch's files.
        source: Where replies come from.
        query: What is asked of the products.
        page_products: Most products a request asks for; None for as many as Keepa allows.
        may_use_reserve: The products are worth the tokens the budget keeps back.
        received_from: Replies of earlier runs that are this new serve as well, and cost nothing.

    Raises:
        TerminalError: A wrong key, say; see keeper.sources.keepa.errors.
        TransientError: Keepa or the tokens are away for now.
    """
    stored = folder.pages()
    if received_from is not None and not stored:
        stored = folder.add_archived(received_from, source.source)
    have = {(page.domain, asin) for page in stored for asin in page.asked}
    if stored:
        _LOG.info("%d replies are in the lake already", len(stored))
    missing = [p for p in folder.read_plan() if (p.domain, p.asin) not in have]
    for domain, products in groupby(_by_domain(missing), attrgetter("domain")):
        asins = [product.asin for product in products]
        for page in source.product_pages(
            locale_of(domain),
            asins,
            query,
            page_products=page_products,
            may_use_reserve=may_use_reserve,
        ):
            stored.append(
                folder.write_page(
                    len(stored),
                    page.body,
                    endpoint="product",
                    domain=domain,
                    asked=page.asked,
                    received_at=page.received_at,
                    tokens_consumed=page.envelope.tokens_consumed,
                    source=source.source,
                    detail=page.detail,
                )
            )
            _LOG.info(
                "%s: %d products (%s) for %d tokens, %d left",
                domain,
                len(page.asked),
                page.detail.label,
                page.envelope.tokens_consumed,
                page.envelope.tokens_left,
            )
    own = [page for page in stored if page.reply.run_id == folder.run_id]
    return FetchResult(
        asked=sum(len(page.asked) for page in own),
        pages=len(own),
        tokens=sum(page.tokens_consumed for page in own),
    )


def _by_domain(products: Sequence[ProductToCheck]) -> list[ProductToCheck]:
    return sorted(products, key=attrgetter("domain"))
