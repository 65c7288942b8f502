"""The products of a batch, read from its stored replies."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.locales import locale_of
from keeper.domain.prices.detail import Detail
from keeper.domain.watches.watch import ProductToCheck
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.decode import (
    DecodedProduct,
    DecodedReply,
    DecodeProblem,
    decode_products,
)
from keeper.stores.lake.paths import MissingFileError
from keeper.stores.lake.run_files import BatchFolder, StoredPage

_LOG: Final = logging.getLogger(__name__)
Plan = Mapping[tuple[str, str], ProductToCheck]
"""The products of a batch by locale and ASIN."""


@dataclass(frozen=True, slots=True)
class FetchedProduct:
    """A product of the plan as a reply holds it.

    Attributes:
        product: What the reply says.
        plan: What is to be checked of it.
        received_at: When the reply came.
        detail: How much the request asked for.
        problems: What could not be read of it.
    """

    product: DecodedProduct
    plan: ProductToCheck
    received_at: datetime
    detail: Detail = Detail.BASIC
    problems: tuple[DecodeProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedPage:
    """What a page holds of the plan.

    Attributes:
        received_at: When the reply came.
        products: Its products, without those of an earlier page.
        not_found: The locales and ASINs that were asked for and left out: Keepa knows no such
            products.
    """

    received_at: datetime
    products: tuple[FetchedProduct, ...]
    not_found: tuple[tuple[str, str], ...]


def read_plan(folder: BatchFolder) -> Plan:
    """Return which products the batch holds.

    Raises:
        MissingFileError: The plan is not there or damaged.
    """
    return {(product.domain, product.asin): product for product in folder.read_plan()}


def stored_pages(folder: BatchFolder, plan: Plan, *, is_complete: bool) -> list[StoredPage]:
    """Return the batch's pages.

    Args:
        folder: The batch's files.
        plan: Its products.
        is_complete: Every product was fetched.

    Raises:
        MissingFileError: Every product was fetched, but not every one is in the pages.
    """
    pages = folder.pages()
    lost = plan.keys() - {(page.domain, asin) for page in pages for asin in page.asked}
    if lost and is_complete:
        raise MissingFileError(
            f"the replies of {len(lost)} products are not in {folder.path}; clear the fetch task"
        )
    return pages


def decode_pages(
    folder: BatchFolder, pages: Iterable[StoredPage], plan: Plan, *, are_archived: bool
) -> Iterator[DecodedPage]:
    """Yield what each page holds of the plan.

    Of several pages that were asked for a product, it comes from one that was asked enough for its
    watched price types, and of these from the newest.

    One page is in memory at a time. Replies that cannot be read hold nothing; the log says which,
    and which products Keepa does not know.

    Args:
        folder: The batch's files.
        pages: Its pages.
        plan: Its products.
        are_archived: The replies are those of earlier runs. They hold products of other batches,
            and some twice, which are then left out without a warning.

    Raises:
        MissingFileError: A reply is not there or damaged.
    """
    pages = list(pages)
    chosen = _chosen(pages, plan)
    found: set[tuple[str, str]] = set()
    for page in pages:
        reply = _decoded(folder.read_page(page))
        if reply is None:
            continue
        problems: dict[str | None, list[DecodeProblem]] = {}
        for problem in reply.problems:
            _LOG.warning("left out: %s", problem)
            problems.setdefault(problem.asin, []).append(problem)
        products = []
        for product in reply.products:
            key = (product.locale.domain, product.asin)
            if chosen.get(key, page.number) != page.number:
                continue
            planned = plan.get(key)
            if planned is None or key in found:
                if not are_archived:
                    why = "was not asked for" if planned is None else "is there twice"
                    _LOG.warning("%s %s and is left out", product.asin, why)
                continue
            found.add(key)
            fetched = FetchedProduct(
                product,
                planned,
                page.received_at,
                page.detail,
                tuple(problems.get(product.asin, ())),
            )
            products.append(fetched)
        missing = [(page.domain, asin) for asin in reply.missing(page.asked)]
        not_found = [key for key in missing if chosen.get(key) == page.number]
        if not_found:
            host = locale_of(page.domain).host
            names = ", ".join(asin for _, asin in not_found)
            _LOG.warning("Keepa knows no product of %s called %s", host, names)
        yield DecodedPage(page.received_at, tuple(products), tuple(not_found))


def _chosen(pages: Iterable[StoredPage], plan: Plan) -> dict[tuple[str, str], int]:
    """Return the number of the page each planned product is taken from."""
    best: dict[tuple[str, str], tuple[bool, datetime, int]] = {}
    for page in pages:
        for asin in page.asked:
            key = (page.domain, asin)
            if planned := plan.get(key):
                rank = (page.detail.brings(planned.detail), page.received_at, page.number)
                best[key] = max(rank, best.get(key, rank))
    return {key: number for key, (_, _, number) in best.items()}


def _decoded(body: bytes) -> DecodedReply | None:
    try:
        return decode_products(body)
    except KeepaDecodeError as error:
        # The client took the reply for whole; what it holds is counted as missing products.
        _LOG.warning("a reply cannot be read: %s", error)
        return None
