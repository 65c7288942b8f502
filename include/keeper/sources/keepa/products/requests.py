"""The `keepa` package's part: it knows how Keepa wants its requests spelled.

Everything after that is Keeper's, because the package fixes the host, sleeps inside calls and
throws the error object away; see transport.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import keepa

from keeper.domain.locales import Locale
from keeper.domain.prices.detail import OFFERS_ASKED, Detail
from keeper.domain.tokens.balance import TokenRequest
from keeper.sources.keepa.transport import Reply

_NO_KEY: Final = "added-when-sent"

Send = Callable[[TokenRequest, Mapping[str, object]], Reply]


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """What is asked of products.

    Attributes:
        detail: How much; it decides which series come and what they cost.
        with_rating: Their ratings and numbers of reviews as well; a token more at most, none with
            offers.
        stats_days: The interval of Keepa's statistics.
        update_h: Data younger than so many hours is not collected anew; -1 collects nothing, and a
            product Keepa does not know then costs nothing. None leaves it to Keepa: an hour.
        tokens_each: Tokens a product is expected to cost; None for Keepa's usual price.
    """

    detail: Detail = Detail.BASIC
    with_rating: bool = False
    stats_days: int = 90
    update_h: int | None = None
    tokens_each: float | None = None

    @property
    def has_offers(self) -> bool:
        """Whether single offers are asked for."""
        return self.detail is Detail.OFFERS

    def estimate(self, products: int) -> int:
        """Return the tokens so many products are expected to cost, rounded up."""
        each = self.detail.tokens if self.tokens_each is None else self.tokens_each
        if self.with_rating and not self.has_offers:
            each += 1
        return ceil(each * products)


BASIC: Final = ProductQuery()
"""The least that can be asked."""
COLLECT_NOTHING: Final = -1
_A_YEAR_H: Final = 8760
_STORED_OFFERS_TOKENS: Final = 5


def past_query(detail: Detail) -> ProductQuery:
    """Return what is asked of products of which only the past is wanted.

    Keepa then collects no offers, but gives those it has; this is cheaper.
    """
    if detail is not Detail.OFFERS:
        return ProductQuery(detail)
    return ProductQuery(detail, update_h=_A_YEAR_H, tokens_each=_STORED_OFFERS_TOKENS)


class KeepaRequests(keepa.Keepa):
    """Keepa's client with its network taken out: every request goes to `send`.

    The key is not known here; the package would write its last characters to the log.
    """

    def __init__(self, send: Send) -> None:
        """Take the function that sends a request with its parameters."""
        super().__init__(_NO_KEY, logging_level="WARNING")
        self._send = send
        # The package carries only Keepa's parameters to `_request`.
        self._asking: TokenRequest | None = None

    def ask_products(
        self, locale: Locale, asins: Sequence[str], query: ProductQuery, may_use_reserve: bool
    ) -> Reply:
        """Ask for the whole history of at most a page of products, in the order given."""
        self._asking = TokenRequest(
            "product",
            estimate=query.estimate(len(asins)),
            domain=locale.domain,
            products=len(asins),
            may_use_reserve=may_use_reserve,
            detail=query.detail,
        )
        # `query()` would sort the ASINs and ask for the token status first.
        reply: Reply = self._product_query(  # type: ignore[no-untyped-call]
            list(asins),
            domain=keepa.DCODES[locale.keepa_id],
            stats=query.stats_days,
            history=True,
            offers=OFFERS_ASKED if query.has_offers else None,
            update=query.update_h,
            # Both come with offers, which Keepa's price includes.
            rating=query.with_rating and not query.has_offers,
            stock=False,
            buybox=query.detail is Detail.BUY_BOX,
            days=None,
            # Past offers would make replies large; their prices are in the histories.
            only_live_offers=True if query.has_offers else None,
            videos=False,
            aplus=False,
            raw=True,
            wait=False,
        )
        return reply

    def _request(
        self,
        request_type: str,
        payload: dict[str, Any],
        wait: bool = False,
        raw_response: bool = True,
        is_json: bool = True,
    ) -> Reply:
        parameters = {name: value for name, value in payload.items() if name != "key"}
        if self._asking is None or self._asking.endpoint != request_type:
            raise TypeError(f"the keepa package asks {request_type} where Keeper did not")
        return self._send(self._asking, parameters)
