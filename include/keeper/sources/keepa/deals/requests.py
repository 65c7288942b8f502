"""Asks Keepa for the deals of a saved filter, page by page."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from keeper.domain.deals.deal import DealFilter
from keeper.domain.deals.selection import (
    InvalidSelectionError,
    as_sent,
    validate_market,
    validate_selection,
)
from keeper.domain.locales import Locale, UnknownLocaleError, locale_of
from keeper.domain.prices.types import UnknownPriceTypeError, price_type_of
from keeper.domain.tokens.balance import TokenRequest
from keeper.errors import TerminalError
from keeper.sources.keepa.deals.decode import count_deals
from keeper.sources.keepa.errors import (
    SELECTION_REFUSED,
    KeepaDecodeError,
    KeepaRequestRejectedError,
)
from keeper.sources.keepa.tokens import Envelope
from keeper.sources.keepa.transport import Reply

DEALS_PER_PAGE: Final = 150
TOKENS_PER_PAGE: Final = 5
ENDPOINT: Final = "deal"


class DealSource(Protocol):
    """Sends requests to Keepa: KeepaClient."""

    def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        """Send one request and return its reply."""


class DealFilterRejectedError(TerminalError):
    """A saved filter cannot be searched with.

    Attributes:
        filter: Its name.
        field: The field at fault, empty if Keepa did not say.
    """

    def __init__(self, name: str, field: str, problem: str) -> None:
        """Say which filter, which field and what to do."""
        where = f", field `{field}`" if field else ""
        super().__init__(
            f"deal filter {name!r}{where}: {problem.rstrip('.')}; change or disable this filter"
        )
        self.filter = name
        self.field = field


@dataclass(frozen=True, slots=True)
class DealPage:
    """One reply of /deal.

    Attributes:
        locale: Which Amazon was asked about.
        filter: What was asked.
        number: Of the page, from 0.
        body: The decompressed JSON exactly as received.
        received_at: When the last byte arrived, by Keeper's clock.
        envelope: The token fields.
        last: There are no more deals, or nothing that says so.
    """

    locale: Locale
    filter: DealFilter
    number: int
    body: bytes
    received_at: datetime
    envelope: Envelope
    last: bool


def deal_pages(
    client: DealSource, found_by: DealFilter, *, max_pages: int, first_page: int = 0
) -> Iterator[DealPage]:
    """Ask for a filter's deals to the end, 150 and five tokens a page.

    A page is asked for only when it is wanted; when one fails, those before it have been handed
    over already. A page that is no reply of /deal is handed over as the last.

    Args:
        client: Asks, and sets the tokens aside.
        found_by: The filter.
        max_pages: Ask for at most so many pages.
        first_page: Go on here.

    Raises:
        DealFilterRejectedError: Keepa, or Keeper before asking, refuses the filter; names it and
            the field.
        KeeperError: As errors.py says.
    """
    try:
        locale = locale_of(found_by.domain)
        selection = _selection(found_by, locale)
    except UnknownLocaleError as error:
        raise DealFilterRejectedError(found_by.name, "domain", str(error)) from None
    except UnknownPriceTypeError as error:
        raise DealFilterRejectedError(found_by.name, "price_type", str(error)) from None
    except InvalidSelectionError as error:
        raise DealFilterRejectedError(found_by.name, error.field, error.problem) from None
    return _pages(client, found_by, locale, selection, range(first_page, first_page + max_pages))


def _pages(
    client: DealSource,
    found_by: DealFilter,
    locale: Locale,
    selection: dict[str, object],
    numbers: range,
) -> Iterator[DealPage]:
    for number in numbers:
        asked = as_parameter({**selection, "page": number})
        request = TokenRequest(ENDPOINT, estimate=TOKENS_PER_PAGE, domain=locale.domain)
        try:
            reply = client.ask(request, {"domain": locale.keepa_id, "selection": asked})
        except KeepaRequestRejectedError as error:
            # Anything else is not about the filter.
            if error.status not in SELECTION_REFUSED:
                raise
            raise DealFilterRejectedError(found_by.name, error.details, str(error)) from None
        last = is_last_page(reply.body)
        yield DealPage(
            locale, found_by, number, reply.body, reply.received_at, reply.envelope, last
        )
        if last:
            return


def as_parameter(selection: Mapping[str, object]) -> str:
    """Return a selection as Keepa is sent it: without blanks, its letters as they are."""
    return json.dumps(selection, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _selection(found_by: DealFilter, locale: Locale) -> dict[str, object]:
    validate_selection(found_by.selection)
    price_type = price_type_of(found_by.price_type)
    validate_market(locale, price_type)
    return {
        "domainId": locale.keepa_id,
        "priceTypes": [price_type.index],
        "dateRange": 0,
        "sortType": 4,
        **as_sent(found_by.selection),
    }


def is_last_page(body: bytes) -> bool:
    """Return whether a page is the last; a body that is no page of deals counts as the last."""
    try:
        return count_deals(body) < DEALS_PER_PAGE
    except KeepaDecodeError:
        return True
