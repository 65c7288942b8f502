"""Asks Keepa for one product in four ways, to show what each brings and costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from keeper.domain.locales import Locale
from keeper.domain.prices.detail import OFFERS_ASKED, Detail
from keeper.domain.tokens.balance import TokenRequest
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.errors import KeepaRequestRejectedError
from keeper.sources.keepa.products.delivered import DeliveredProduct, delivered_product

_PARAMETERS: Final = {"stats": 90, "history": 1}
_STANDARD: Final = 0


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to ask for a product.

    Attributes:
        name: What the person reads.
        parameters: What it adds to the plain request.
        detail: How much that is.
        tokens: What it costs at most.
    """

    name: str
    parameters: Mapping[str, int]
    detail: Detail
    tokens: int


_WAYS: Final = (
    _Way("plain", {}, Detail.BASIC, 1),
    _Way("rating=1", {"rating": 1}, Detail.BASIC, 2),
    _Way("buybox=1", {"buybox": 1}, Detail.BUY_BOX, Detail.BUY_BOX.most_tokens),
    _Way(
        f"offers={OFFERS_ASKED}",
        {"offers": OFFERS_ASKED},
        Detail.OFFERS,
        Detail.OFFERS.most_tokens,
    ),
)
MOST_TOKENS: Final = sum(way.tokens for way in _WAYS)
"""What a probe costs at most, unless Keepa's prices change."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came of one way to ask.

    Attributes:
        request: The way.
        parameters: All of the query but the key and the product.
        tokens_consumed: What it cost; None if Keepa refused it.
        tokens_left: The balance after it.
        refill_rate: Tokens that come each minute, as Keepa says.
        flow_reduction: Those that the key's trackings take from them.
        product: What came; None if Keepa does not know the product, or refused.
        refusal: Keepa's words if it refused the request, else empty.
    """

    request: str
    parameters: Mapping[str, int]
    tokens_consumed: int | None = None
    tokens_left: int | None = None
    refill_rate: int | None = None
    flow_reduction: int | None = None
    product: DeliveredProduct | None = None
    refusal: str = ""


def probe_product(client: KeepaClient, locale: Locale, asin: str) -> Iterator[ProbeResult]:
    """Ask for a product plain, with rating, with buy box and with offers, a result each.

    It ends after the first if Keepa does not know the product. Offers are not asked for of what has
    none, such as a parent of variations.

    Args:
        client: Asked with exactly these parameters; it spends the tokens.
        locale: Which Amazon.
        asin: The product.

    Raises:
        KeeperError: As sources/keepa/errors.py says, but for a request that Keepa refuses.
    """
    for way in _WAYS:
        result = _probe(client, locale, asin, way)
        yield result
        if result.refusal:
            continue
        if result.product is None:
            return
        if result.product.product_type not in {_STANDARD, None} and way.detail is Detail.BUY_BOX:
            return


def _probe(client: KeepaClient, locale: Locale, asin: str, way: _Way) -> ProbeResult:
    parameters = {"domain": locale.keepa_id, **_PARAMETERS, **way.parameters}
    request = TokenRequest(
        "product",
        estimate=way.tokens,
        domain=locale.domain,
        products=1,
        detail=way.detail,
    )
    try:
        reply = client.ask(request, {**parameters, "asin": asin})
    except KeepaRequestRejectedError as error:
        return ProbeResult(way.name, parameters, refusal=str(error))
    envelope = reply.envelope
    return ProbeResult(
        way.name,
        parameters,
        envelope.tokens_consumed,
        envelope.tokens_left,
        envelope.refill_rate,
        envelope.flow_reduction,
        delivered_product(reply.body, asin),
    )
