"""The `keepa` package's part: it knows how Keepa wants its requests spelled.

Everything after that is Keeper's, because the package fixes the host, sleeps inside calls and
throws the error object away; see transport.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import keepa

from keeper.domain.locales import Locale
from keeper.domain.tokens.balance import TokenRequest
from keeper.sources.keepa.transport import Reply

MAX_ASINS: Final = 100
_NO_KEY: Final = "added-when-sent"

Send = Callable[[TokenRequest, Mapping[str, object]], Reply]


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
        self, locale: Locale, asins: Sequence[str], stats_days: int, may_use_reserve: bool
    ) -> Reply:
        """Ask for the whole history of at most 100 products, in the order given."""
        self._asking = TokenRequest(
            "product",
            estimate=len(asins),
            domain=locale.domain,
            products=len(asins),
            may_use_reserve=may_use_reserve,
        )
        # `query()` would sort the ASINs and ask for the token status first.
        reply: Reply = self._product_query(  # type: ignore[no-untyped-call]
            list(asins),
            domain=keepa.DCODES[locale.keepa_id],
            stats=stats_days,
            history=True,
            offers=None,
            update=None,
            rating=False,
            stock=False,
            buybox=False,
            days=None,
            only_live_offers=None,
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
