"""Asks Keepa for products, page by page, so that a caller can keep each page before the next."""

import logging
import random as random_module
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from keeper.clock import Clock, utc_now
from keeper.domain.asins import InvalidAsinError, is_asin
from keeper.domain.locales import LOCALES, Locale, UnknownLocaleError
from keeper.domain.naming import some_of
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.events import Source
from keeper.domain.tokens.balance import TokenBudget, TokenRequest
from keeper.sources.keepa.config import KeepaConfig
from keeper.sources.keepa.errors import KeepaLateReplyError
from keeper.sources.keepa.late_replies import asked_again, halves
from keeper.sources.keepa.products.requests import BASIC, KeepaRequests, ProductQuery
from keeper.sources.keepa.tokens import Envelope, TokenStatus, TokenUsage
from keeper.sources.keepa.transport import Reply, Transport

__all__ = [
    "Envelope",
    "KeepaClient",
    "ProductPage",
    "ProductQuery",
    "Reply",
    "TokenStatus",
    "TokenUsage",
]

_LOG: Final = logging.getLogger(__name__)
_NAMED_IN_ERRORS: Final = 5


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One reply of /product.

    Attributes:
        locale: Which Amazon was asked about.
        asked: The ASINs of the request; those Keepa does not know are missing from the body.
        detail: How much was asked for.
        body: The decompressed JSON exactly as received, known to be whole and to have an envelope.
        received_at: When the last byte arrived, by Keeper's clock.
        envelope: The token fields.
    """

    locale: Locale
    asked: tuple[str, ...]
    detail: Detail
    body: bytes
    received_at: datetime
    envelope: Envelope


class KeepaClient:
    """A connection to Keepa, or to whatever speaks its protocol at the configured URL.

    For use by one thread at a time. It never waits for tokens; it waits between attempts only.
    """

    def __init__(
        self,
        config: KeepaConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        random: Callable[[], float] = random_module.random,
        budget: TokenBudget | None = None,
    ) -> None:
        """Prepare the client; nothing is sent yet.

        Args:
            config: Where and how patiently to ask.
            sleep: Waits between attempts.
            clock: Gives `received_at`.
            random: Gives the jitter, in [0, 1).
            budget: Asked for tokens before each request that costs some; without one the balance
                is Keepa's business alone.
        """
        self.config = config
        self._transport = Transport(config, sleep=sleep, clock=clock, random=random, budget=budget)
        self._requests = KeepaRequests(self._transport.send)

    @property
    def source(self) -> Source:
        """What the data this client brings is marked as."""
        return self.config.source

    def product_pages(
        self,
        locale: Locale,
        asins: Sequence[str],
        query: ProductQuery = BASIC,
        *,
        page_products: int | None = None,
        may_use_reserve: bool = False,
    ) -> Iterator[ProductPage]:
        """Ask for products with their whole history and statistics, a page a request.

        What a product costs depends on how much of it is asked for; see Detail. A request is sent
        only when its page is asked for; when one fails, the pages before it have been handed over
        already. A page whose reply was late is asked for once more in two halves, which then use
        what Keepa collected for it: it costs at most twice its price.

        Args:
            locale: Which Amazon.
            asins: Asked in this order, repeats once.
            query: What is asked of them.
            page_products: Most products a request asks for; never more than Keepa allows. Fewer
                where the account can never hold so many tokens.
            may_use_reserve: The products are worth the tokens the budget keeps back.

        Returns:
            Pages in the order of `asins`.

        Raises:
            InvalidAsinError: Some `asins` cannot be ASINs; raised before anything is sent.
            UnknownLocaleError: Keepa has no such locale; raised before anything is sent.
            KeeperError: As errors.py says, from the page that fails on.
        """
        if locale not in LOCALES:
            raise UnknownLocaleError(f"Keepa has no Amazon locale {locale.domain!r}")
        wrong = [asin for asin in asins if not is_asin(asin)]
        if wrong:
            named = some_of([repr(asin) for asin in wrong], _NAMED_IN_ERRORS)
            raise InvalidAsinError(f"{len(wrong)} of {len(asins)} are not ASINs: {named}")
        unique = tuple(dict.fromkeys(asins))
        most = query.detail.page_products
        size = max(min(page_products or most, most), 1)
        pages = (unique[start : start + size] for start in range(0, len(unique), size))
        return (
            page for asked in pages for page in self._pages(locale, asked, query, may_use_reserve)
        )

    def _pages(
        self, locale: Locale, asked: tuple[str, ...], query: ProductQuery, may_use_reserve: bool
    ) -> Iterator[ProductPage]:
        """Ask for a page; if the reply is late, once more for its halves."""
        try:
            page = self._page(locale, asked, query, may_use_reserve)
        except KeepaLateReplyError as error:
            _LOG.warning("%s; its %d products are asked for in halves", error, len(asked))
        else:
            yield page
            return
        for half in halves(asked):
            yield self._page(locale, half, asked_again(query), may_use_reserve)

    def _page(
        self, locale: Locale, asked: tuple[str, ...], query: ProductQuery, may_use_reserve: bool
    ) -> ProductPage:
        reply = self._requests.ask_products(locale, asked, query, may_use_reserve)
        return ProductPage(
            locale, asked, query.detail, reply.body, reply.received_at, reply.envelope
        )

    def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        """Send one request of any endpoint and return its reply.

        Args:
            request: The endpoint, and what the request will cost.
            parameters: The query without the key; values as Keepa spells them.

        Raises:
            KeeperError: As errors.py says.
        """
        return self._transport.send(request, parameters)

    def token_status(self) -> TokenStatus:
        """Ask for the balance; costs nothing."""
        reply = self._transport.send(TokenRequest("token", estimate=0), {})
        self._transport.observe(reply.envelope, reply.received_at)
        return TokenStatus.of_envelope(reply.envelope, reply.received_at, reply.served_at)

    @property
    def usage(self) -> TokenUsage:
        """What this client has spent so far, requests whose replies were lost included."""
        return self._transport.usage

    def close(self) -> None:
        """Give the connection back."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Return the client; leaving the block closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()
