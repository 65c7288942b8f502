"""Keepa's API as a function: an endpoint and its parameters in, status and body out, no network."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import ceil
from threading import Lock
from typing import Any, Final

from keeper.settings import SIMULATOR_KEY
from keeper.simulator.api.graphs import GraphImages
from keeper.simulator.api.parameters import Parameters
from keeper.simulator.api.payload import Payload
from keeper.simulator.api.posted import PostedBody, with_body
from keeper.simulator.api.products import ProductReplies, ProductRequest
from keeper.simulator.api.recordings import Recordings
from keeper.simulator.api.sellers import sellers, top_sellers
from keeper.simulator.api.token_bucket import Balance, TokenBucket
from keeper.simulator.deals.found import find_deals
from keeper.simulator.deals.lightning import all_lightning_deals, lightning_deal
from keeper.simulator.deals.selection import parse_selection
from keeper.simulator.discovery.finder import find_products
from keeper.simulator.discovery.keywords import products_named
from keeper.simulator.discovery.selection import parse_finder_selection
from keeper.simulator.faults.bodies import spoiled_body, spoiled_picture
from keeper.simulator.faults.plan import Fault, FaultKind, FaultPlan
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.clock import CatalogueClock
from keeper.simulator.products.listings import (
    all_categories,
    best_sellers,
    look_up,
    parents_of,
    search_categories,
)
from keeper.simulator.refusals import (
    RequestRefusedError,
    invalid_parameter,
    out_of_range,
    unknown_endpoint,
    unknown_key,
    without_subscription,
)

UNPAID_KEY: Final = "simulator-unpaid"
"""A key that every simulator knows as one without a subscription."""

JSON: Final = "application/json;charset=UTF-8"
_PNG: Final = "image/png"
_OK: Final = 200
_ERRORS: Final = 400
_TOO_MANY_REQUESTS: Final = 429
_HOUR_MS: Final = 3_600_000

_DEAL_COST: Final = 5
_BEST_SELLERS_COST: Final = 50
_CATEGORY_COST: Final = 1
_SEARCH_COST: Final = 1
_PRODUCT_SEARCH_COST: Final = 10
_MOST_RATING_COST: Final = 5
_FINDER_COST: Final = 10
_FOUND_FOR_A_TOKEN: Final = 100
_LIGHTNING_DEALS_COST: Final = 500
_LIGHTNING_DEAL_COST: Final = 1
_SHORTEST_WORD: Final = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply before it goes over the network.

    Attributes:
        status: HTTP status.
        body: Uncompressed.
        cost: Tokens taken.
        fault: The fault it was made with, if any.
        delay_s: Seconds to wait before it sets out, as if the network held it.
        trickle_s: Seconds its body takes.
        media_type: Of the body.
    """

    status: int
    body: bytes
    cost: int = 0
    fault: FaultKind | None = None
    delay_s: float = 0
    trickle_s: float = 0
    media_type: str = JSON


@dataclass
class KeepaApi:
    """The simulated service; its parts may be changed while it runs.

    Attributes:
        catalogue: The products.
        clock: The catalogue's time.
        bucket: The tokens, with a time of their own.
        keys: API keys accepted.
        unpaid_keys: API keys known and refused, as those of subscriptions that ended.
        recordings: Real replies that go before simulated ones.
        faults: What the next replies have wrong with them.
    """

    catalogue: Catalogue
    clock: CatalogueClock = field(default_factory=CatalogueClock)
    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(20))
    keys: Collection[str] = (SIMULATOR_KEY,)
    unpaid_keys: Collection[str] = (UNPAID_KEY,)
    recordings: Recordings = field(default_factory=Recordings)
    faults: FaultPlan = field(default_factory=FaultPlan)
    _graphs: GraphImages = field(default_factory=GraphImages, repr=False)
    _product_replies: ProductReplies = field(default_factory=ProductReplies, repr=False)
    _turn: Lock = field(default_factory=Lock, repr=False)

    def answer(
        self, endpoint: str, query: Mapping[str, str], body: PostedBody | None = None
    ) -> Answer:
        """Answer a request as Keepa would; never raises for what a client may send.

        Threads take turns: computing side by side they would only slow each other down.

        Args:
            endpoint: "product", "deal", "token", "category", "bestsellers", "search", "query",
                "lightningdeal", "seller", "topseller" or "graphimage"; others are refused.
            query: The query's parameters, `key` among them.
            body: Of a POST request.
        """
        with self._turn:
            return self._answer(endpoint, query, body)

    def _answer(self, endpoint: str, query: Mapping[str, str], body: PostedBody | None) -> Answer:
        started_ms = self.bucket.now_ms()
        began = time.perf_counter()
        faults: list[Fault] = []
        status, payload, error = _OK, Payload({}, 0), None
        knows_key = True
        try:
            self._validate_key(query)
            faults = self.faults.take(endpoint, asks_offers=bool(query.get("offers")))
            if any(fault.kind is FaultKind.REVOKE_KEY for fault in faults):
                raise unknown_key()
            status, payload = self._run_with(
                faults, endpoint, Parameters(with_body(endpoint, query, body))
            )
            error = _fault_error(status)
        except RequestRefusedError as refusal:
            status, error, knows_key = refusal.status, refusal.error, refusal.knows_key

        balance = self.bucket.spend(payload.cost)
        skew_h = sum(fault.hours for fault in faults)
        envelope = {
            "timestamp": started_ms + round(skew_h * _HOUR_MS),
            **self._token_fields(balance if knows_key else Balance(0, 0), payload.cost, knows_key),
            "processingTimeInMs": int((time.perf_counter() - began) * 1000),
            "simulated": True,
        }
        document = envelope | payload.fields | ({"error": error} if error else {})
        kinds = [fault.kind for fault in faults]
        text, media_type = spoiled_body(document, payload.fields, kinds), JSON
        if payload.picture is not None:
            text, media_type = spoiled_picture(payload.picture, kinds), _PNG
        return Answer(
            status,
            text,
            payload.cost,
            kinds[0] if kinds else None,
            delay_s=sum(fault.delay_s for fault in faults),
            trickle_s=sum(fault.seconds for fault in faults),
            media_type=media_type,
        )

    def _run_with(
        self, faults: list[Fault], endpoint: str, asked: Parameters
    ) -> tuple[int, Payload]:
        """Run a request as far as its faults let it; gives the status and what is sent and paid."""
        ordered = next((f.status for f in faults if f.kind is FaultKind.STATUS), None)
        charged = all(fault.is_charged for fault in faults)
        if ordered is not None and not charged:
            return ordered, Payload({}, 0)
        if endpoint != "token" and self.bucket.balance().left <= 0:
            return _TOO_MANY_REQUESTS, Payload({}, 0)
        payload = self._run(endpoint, asked, faults)
        if ordered is not None:
            return ordered, Payload({}, payload.cost)
        return _OK, payload if charged else payload._replace(cost=0)

    def _token_fields(self, balance: Balance, cost: int, knows_key: bool) -> dict[str, Any]:
        return {
            "tokensLeft": balance.left,
            "refillIn": balance.refill_in_ms,
            "refillRate": self.bucket.refill_rate if knows_key else 0,
            "tokenFlowReduction": self.bucket.flow_reduction if knows_key else 0.0,
            "tokensConsumed": cost,
        }

    def _validate_key(self, query: Mapping[str, str]) -> None:
        if query.get("key") in self.unpaid_keys:
            raise without_subscription()
        if query.get("key") not in self.keys:
            raise unknown_key()

    def _run(self, endpoint: str, asked: Parameters, faults: list[Fault]) -> Payload:
        handlers: dict[str, Callable[[], Payload]] = {
            "product": lambda: self._products(asked, faults),
            "deal": lambda: self._deals(asked),
            "token": lambda: Payload({}, 0),
            "category": lambda: self._categories(asked),
            "bestsellers": lambda: self._best_sellers(asked),
            "search": lambda: self._search(asked),
            "query": lambda: self._finder(asked),
            "lightningdeal": lambda: self._lightning_deals(asked),
            "seller": lambda: sellers(self.catalogue, asked, self.clock.minute()),
            "topseller": lambda: top_sellers(self.catalogue, asked, self.clock.minute()),
            "graphimage": lambda: self._graphs.answer(
                self.catalogue, asked, self.clock.minute(), self.bucket.now_ms()
            ),
        }
        if endpoint not in handlers:
            raise unknown_endpoint(endpoint)
        return handlers[endpoint]()

    def _products(self, asked: Parameters, faults: list[Fault]) -> Payload:
        at = self.clock.minute()
        request = ProductRequest(
            asked.locale(),
            asked.asins(),
            asked.detail(at),
            codes=asked.codes(),
            code_limit=asked.number("code-limit", lowest=1),
            dropped=_asins_of(faults, FaultKind.DROP) or frozenset(),
            offers_fail=_asins_of(faults, FaultKind.OFFERS_FAIL),
        )
        found = self._product_replies.find(self.catalogue, self.recordings, request, at)
        # Keepa leaves the key out when it knows none of the products.
        return Payload({"products": found.products} if found.products else {}, found.tokens)

    def _deals(self, asked: Parameters) -> Payload:
        selection = parse_selection(
            asked.selection(), asked.locale() if asked.has("domain") else None
        )
        recorded = self.recordings.deals(selection.locale)
        if recorded is not None:
            page = recorded if selection.page == 0 else recorded | {"dr": []}
            return Payload({"deals": page, "dealsCached": False}, _DEAL_COST)
        deals = find_deals(self.catalogue, selection, self.clock.minute())
        return Payload({"deals": deals, "dealsCached": False}, _DEAL_COST)

    def _finder(self, asked: Parameters) -> Payload:
        locale = asked.locale()
        selection = parse_finder_selection(asked.selection())
        found = find_products(self.catalogue, locale, selection, self.clock.minute())
        return Payload(found, _FINDER_COST + ceil(len(found["asinList"]) / _FOUND_FOR_A_TOKEN))

    def _lightning_deals(self, asked: Parameters) -> Payload:
        locale, at = asked.locale(), self.clock.minute()
        if not asked.has("asin"):
            deals = all_lightning_deals(self.catalogue, locale, at)
            return Payload({"lightningDeals": deals}, _LIGHTNING_DEALS_COST)
        sheet = self.catalogue.find(asked.text("asin"), locale)
        deal = lightning_deal(self.catalogue, sheet, locale, at) if sheet else None
        return Payload({"lightningDeals": [deal] if deal else []}, _LIGHTNING_DEAL_COST)

    def _categories(self, asked: Parameters) -> Payload:
        known = all_categories(self.catalogue, asked.locale())
        wanted = asked.categories()
        fields = {"categories": look_up(known, wanted)}
        if asked.flag("parents"):
            fields["categoryParents"] = parents_of(known, fields["categories"])
        return Payload(fields, _CATEGORY_COST)

    def _best_sellers(self, asked: Parameters) -> Payload:
        category = asked.number("category")
        if category is None:
            raise invalid_parameter("category")
        if not asked.locale().has_lists:
            raise out_of_range("domain")
        listed = best_sellers(self.catalogue, asked.locale(), category, self.clock.minute())
        if not listed:
            return Payload({}, 0)
        return Payload({"bestSellersList": listed}, _BEST_SELLERS_COST)

    def _search(self, asked: Parameters) -> Payload:
        if asked.text("type") == "product":
            return self._search_products(asked)
        if asked.text("type") != "category":
            raise invalid_parameter("type")
        known = all_categories(self.catalogue, asked.locale())
        term = asked.text("term")
        long_enough = all(len(word) >= _SHORTEST_WORD for word in term.split())
        found = search_categories(known, term) if long_enough else {}
        return Payload({"categories": found}, _SEARCH_COST)

    def _search_products(self, asked: Parameters) -> Payload:
        asins = products_named(self.catalogue, asked.locale(), asked.text("term"))
        if asked.flag("asins-only"):
            return Payload({"asinList": asins}, _PRODUCT_SEARCH_COST)
        if not asins:
            return Payload({}, _PRODUCT_SEARCH_COST)
        names = ("domain", "stats", "history", "update")
        asked_again = {"asin": ",".join(asins)}
        found = self._products(asked.only(*names, **asked_again), [])
        # A token for each product is in the price of the search.
        cost = _PRODUCT_SEARCH_COST + found.cost - len(asins)
        if asked.flag("rating"):
            rated = self._products(asked.only(*names, "rating", **asked_again), [])
            cost += min(rated.cost - found.cost, _MOST_RATING_COST)
            found = rated
        return Payload(found.fields, cost)


def _asins_of(faults: list[Fault], kind: FaultKind) -> frozenset[str] | None:
    """Return the products that faults of a kind name, None if there is no such fault."""
    named = [fault.asins for fault in faults if fault.kind is kind]
    return frozenset(asin for asins in named for asin in asins) if named else None


def _fault_error(status: int) -> dict[str, str] | None:
    if status < _ERRORS or status == _TOO_MANY_REQUESTS:
        return None
    return {
        "type": "simulatedFault",
        "message": f"The simulator was set to answer {status}.",
        "details": "",
    }
