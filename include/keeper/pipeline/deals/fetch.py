"""The second step of a deal run: pages of deals, then the histories that show good from bad."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from keeper.domain.deals.deal import Deal, DealFilter
from keeper.domain.locales import locale_of
from keeper.domain.prices.events import Source
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.fetch import ProductSource, fetch_batch
from keeper.sources.keepa.deals.decode import DecodedDeals, decode_deals
from keeper.sources.keepa.deals.requests import (
    ENDPOINT,
    TOKENS_PER_PAGE,
    DealFilterRejectedError,
    DealPage,
    DealSource,
    deal_pages,
    is_last_page,
)
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.requests import ProductQuery, past_query
from keeper.stores.lake.archive import ArchivedReply
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.lake.run_files import StoredPage
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.filters import active_filters, record_problem
from keeper.stores.postgres.deals.histories import known_histories

_LOG: Final = logging.getLogger(__name__)
_PAGES_SHARE: Final = 0.5
"""Of a filter's tokens, how much its pages may take; what they leave buys histories."""
_FRESH: Final = timedelta(days=1)
"""A history of this age still says what a product usually costs."""


class KeepaSource(DealSource, ProductSource, Protocol):
    """Where replies come from: KeepaClient."""


@dataclass(frozen=True, slots=True)
class DealFetchResult:
    """What was fetched for a filter.

    Attributes:
        pages: Pages of deals.
        deals: Deals on them.
        histories: Products whose history was asked for.
        tokens: What it cost.
        complete: No deals were left because the tokens ended.
    """

    pages: int
    deals: int
    histories: int
    tokens: int
    complete: bool


def renew_filter(folder: DealFolder, connection: Connection) -> bool:
    """Take the filter as its user has it now; return whether it is active still.

    A filter that Keepa refused is mended by its user: then its part of the run is made with the
    mended one. Pages that were fetched with the former one are let go.
    """
    planned = folder.read_filter()
    for found_by in active_filters(connection):
        if found_by.filter_id == planned.filter_id:
            folder.write_filter(found_by)
            return True
    return False


def fetch_deals(
    folder: DealFolder, connection: Connection, source: KeepaSource, *, max_tokens: int
) -> DealFetchResult:
    """Fetch a filter's deals to the end, then what their products have cost before.

    Half of the tokens are for pages, the first page in any case; the rest buys the whole history of
    products, where neither PostgreSQL nor the archive of the last day has it: those furthest below
    their average of 90 days first, none that is not below it. A history costs a token, three for
    the buy box, five for price types that come with the offers. Each reply is in the lake before
    the next is asked for: called again, it goes on where it ended.

    Raises:
        DealFilterRejectedError: Keepa refuses the filter; it is recorded beside the filter.
        TerminalError: A wrong key, say; see keeper.sources.keepa.errors.
        TransientError: Keepa or the tokens are away for now.
    """
    found_by = folder.read_filter()
    pages, is_complete = _fetch_pages(folder, connection, source, found_by, max_tokens)
    if not is_complete:
        _LOG.warning("%s has more deals than its %d tokens reach for", found_by.name, max_tokens)
    deals = [deal for page in pages for deal in decoded_page(folder, page, found_by).deals]
    left = max_tokens - sum(page.tokens_consumed for page in pages)
    _plan_histories(folder, connection, source.source, found_by, worth_a_token(deals), left)
    histories = fetch_batch(folder.histories, source, _query_for(found_by))
    return DealFetchResult(
        pages=len(pages),
        deals=len(deals),
        histories=histories.asked,
        tokens=max_tokens - left + histories.tokens,
        complete=is_complete,
    )


def _fetch_pages(
    folder: DealFolder,
    connection: Connection,
    source: KeepaSource,
    found_by: DealFilter,
    max_tokens: int,
) -> tuple[list[StoredPage], bool]:
    """Return the pages, and whether they are all there are."""
    pages = folder.pages()
    max_pages = max(int(max_tokens * _PAGES_SHARE) // TOKENS_PER_PAGE, 1)
    is_complete = bool(pages) and is_last_page(folder.read_page(pages[-1]))
    if is_complete or len(pages) >= max_pages:
        return pages, is_complete
    try:
        for page in deal_pages(
            source, found_by, max_pages=max_pages - len(pages), first_page=len(pages)
        ):
            pages.append(_store(folder, page, source.source))
            is_complete = page.last
    except DealFilterRejectedError as error:
        _record_problem(connection, found_by, str(error))
        raise
    _record_problem(connection, found_by, None)
    return pages, is_complete


def _query_for(found_by: DealFilter) -> ProductQuery:
    # What a deal costs now stands on its page; only the past is bought.
    return past_query(price_type_of(found_by.price_type).detail)


def _record_problem(connection: Connection, found_by: DealFilter, problem: str | None) -> None:
    if found_by.filter_id is not None:
        record_problem(connection, found_by.filter_id, problem)


def fresh_from(folder: DealFolder) -> datetime:
    """Return from when on a product's history still says what it usually costs."""
    return folder.pages()[0].received_at - _FRESH


def recent_histories(
    folder: DealFolder, found_by: DealFilter, asins: Collection[str], source: Source
) -> dict[str, ArchivedReply]:
    """Return archived replies with products' histories, fresh enough to score a deal by."""
    return folder.archive.newest_holding(
        found_by.domain,
        dict.fromkeys(asins, price_type_of(found_by.price_type).detail),
        received_from=fresh_from(folder),
        source=source,
    )


def decoded_page(folder: DealFolder, page: StoredPage, found_by: DealFilter) -> DecodedDeals:
    """Return the deals of a stored page; an unreadable page has none, and says so."""
    price_type = price_type_of(found_by.price_type)
    try:
        return decode_deals(folder.read_page(page), locale_of(found_by.domain), price_type)
    except KeepaDecodeError as error:
        _LOG.warning("page %d of %s cannot be read: %s", page.number, found_by.name, error)
        return DecodedDeals([], [], -1)


def worth_a_token(deals: Iterable[Deal]) -> list[str]:
    """Return the products whose price lies below their average of 90 days, the furthest first.

    Where Keepa has no such average yet, the longest one it has serves: the history may say more.
    """
    drops = {}
    for deal in deals:
        price, usual = deal.price_minor, _longest_average(deal)
        if price and usual and price < usual:
            drops[deal.asin] = (usual - price) / usual
    return sorted(drops, key=lambda asin: (-drops[asin], asin))


def _longest_average(deal: Deal) -> int | None:
    averages = (
        deal.average_90_days_minor,
        deal.average_month_minor,
        deal.average_week_minor,
        deal.average_day_minor,
    )
    return next(filter(None, averages), None)


def _store(folder: DealFolder, page: DealPage, source: Source) -> StoredPage:
    _LOG.info(
        "%s: page %d, %d tokens left", page.filter.name, page.number, page.envelope.tokens_left
    )
    return folder.write_page(
        page.number,
        page.body,
        endpoint=ENDPOINT,
        domain=page.locale.domain,
        asked=(page.filter.name, f"page {page.number}"),
        received_at=page.received_at,
        tokens_consumed=page.envelope.tokens_consumed,
        source=source,
    )


def _plan_histories(
    folder: DealFolder,
    connection: Connection,
    source: Source,
    found_by: DealFilter,
    asins: Sequence[str],
    tokens: int,
) -> None:
    known = known_histories(
        connection,
        domain=found_by.domain,
        price_type=found_by.price_type,
        asins=asins,
        checked_from=fresh_from(folder),
    )
    known |= recent_histories(folder, found_by, asins, source).keys()
    # What was bought before an interruption is among the recent ones.
    left = tokens - sum(page.tokens_consumed for page in folder.histories.pages())
    affordable = max(left, 0) // _query_for(found_by).estimate(1)
    unknown = [asin for asin in asins if asin not in known]
    folder.histories.write_plan(
        ProductToCheck(asin, found_by.domain, {}, {}) for asin in unknown[:affordable]
    )
