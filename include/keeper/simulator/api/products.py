"""Answers /product: finds the products, takes what each costs and shows what was asked for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from keeper.domain.locales import Locale
from keeper.domain.prices.types import price_type_of
from keeper.simulator.api.recordings import Recordings
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.histories import History, OffersCollection
from keeper.simulator.products.lightning_spells import LONGEST_SPELL, Spell, spell_at
from keeper.simulator.products.series import OF_COLLECTIONS
from keeper.simulator.products.sheets import ProductSheet
from keeper.simulator.replies.charges import Standing, is_due, product_tokens, unknown_tokens
from keeper.simulator.replies.detail import ProductDetail, withhold
from keeper.simulator.replies.objects import LastVisits, product_object, variation_object
from keeper.simulator.replies.visits import Place, Visits

_LIGHTNING: Final = price_type_of("LIGHTNING_DEAL").index
_OFFER_COUNTS: Final = tuple(
    price_type_of(name).index
    for name in ("COUNT_NEW", "COUNT_USED", "COUNT_REFURBISHED", "COUNT_COLLECTIBLE")
)


class FoundProducts(NamedTuple):
    """The product objects of a reply and what they cost in tokens."""

    products: list[dict[str, Any]]
    tokens: int


@dataclass(frozen=True, slots=True)
class ProductRequest:
    """A request to /product, and what goes wrong with it.

    Attributes:
        locale: Where the products are asked for.
        asins: Each once, in the order of the reply.
        detail: How much of each is wanted.
        codes: UPCs, EANs and ISBNs to be found instead, in thirteen digits.
        code_limit: Products of a code at most, None for all.
        dropped: Products left out as if unknown.
        offers_fail: Products whose offers cannot be collected; if empty, none can be; None for no
            such fault.
    """

    locale: Locale
    asins: Collection[str]
    detail: ProductDetail
    codes: Collection[str] = ()
    code_limit: int | None = None
    dropped: Collection[str] = frozenset()
    offers_fail: Collection[str] | None = None


class ProductReplies:
    """Answers requests to /product and remembers what they had Keepa look at."""

    def __init__(self) -> None:
        self._visits = Visits()

    def find(
        self, catalogue: Catalogue, recordings: Recordings, request: ProductRequest, at: int
    ) -> FoundProducts:
        """Return the products asked for that there are; the others are silently missing.

        Args:
            catalogue: The simulated products.
            recordings: Real ones, which go before them.
            request: What is asked.
            at: Keepa minute of the reply.
        """
        products: list[dict[str, Any]] = []
        tokens = 0
        for asin in [*request.asins, *_asins_of_codes(catalogue, recordings, request)]:
            found = (
                None
                if asin in request.dropped
                else self._recorded(recordings, asin, request, at)
                or self._simulated(catalogue, asin, request, at)
            )
            if found is None:
                tokens += unknown_tokens(request.detail)
            else:
                products.append(found.product)
                tokens += found.tokens
        return FoundProducts(products, tokens)

    def _recorded(
        self, recordings: Recordings, asin: str, request: ProductRequest, at: int
    ) -> "_Found | None":
        recorded = recordings.product(asin, request.locale, at)
        if recorded is None:
            return None
        stats = recorded.get("stats") or {}
        counts = [_last_value(recorded.get("csv"), index) for index in _OFFER_COUNTS]
        place = (asin, request.locale.keepa_id)
        visits = self._visits.collections(place, at)
        collected = visits[-1].minute if visits else stats.get("lastOffersUpdate")
        looked = self._visits.last_look(place, at) or recorded.get("lastUpdate")
        standing = Standing(
            offers=sum(max(count, 0) for count in counts),
            look_age=_age(looked, at),
            offers_age=_age(collected, at),
            rating_age=_age(recorded.get("lastRatingUpdate"), at),
            offers_fail=_fails(request, asin),
            has_parent=recorded.get("parentAsin") is not None,
        )
        shown = withhold(recorded, request.detail)
        if not self._visit(asin, request, standing, at):
            shown["offersSuccessful"] = False
        return _Found(shown, product_tokens(request.detail, standing))

    def _simulated(
        self, catalogue: Catalogue, asin: str, request: ProductRequest, at: int
    ) -> "_Found | None":
        locale, detail = request.locale, request.detail
        sheet = catalogue.find(asin, locale)
        if sheet is None:
            return None
        place = (asin, locale.keepa_id)
        history = catalogue.history(sheet, locale, at)
        last = self._last_visits(history, place, at)
        standing = Standing(
            offers=history.offers_at(at),
            look_age=_age(last.look, at),
            offers_age=_age(last.collection, at),
            rating_age=_age(last.collection, at),
            offers_fail=_fails(request, asin),
            has_parent=sheet.parent is not None,
        )
        succeeded = self._visit(asin, request, standing, at)
        if detail.has_buy_box or not detail.series.isdisjoint(OF_COLLECTIONS):
            history = history.collected(self._visits.collections(place, at))
        product = product_object(
            sheet,
            locale,
            history,
            at,
            detail,
            self._last_visits(history, place, at),
            _running_lightning_deal(catalogue, sheet, locale, history, at),
        )
        product["eanList"] = [catalogue.code_of(sheet)]
        variations = [catalogue.find(child, locale) for child in sheet.variations]
        product["variations"] = [variation_object(v) for v in variations if v is not None] or None
        if detail.offers is not None:
            product["offersSuccessful"] = succeeded
        return _Found(product, product_tokens(detail, standing))

    def _visit(self, asin: str, request: ProductRequest, standing: Standing, at: int) -> bool:
        """Have Keepa look at what is due; return whether nothing failed."""
        place = (asin, request.locale.keepa_id)
        offers = request.detail.offers
        if is_due(standing.look_age, request.detail):
            self._visits.look(place, at)
        if offers is None or not is_due(standing.offers_age, request.detail):
            return True
        if standing.offers_fail:
            return False
        self._visits.collect(place, OffersCollection(at, offers))
        return True

    def _last_visits(self, history: History, place: Place, at: int) -> LastVisits:
        visits = self._visits.collections(place, at)
        collections = (history.last_collection, visits[-1].minute if visits else None)
        looks = (history.last_look, self._visits.last_look(place, at))
        return LastVisits(_latest(*looks, *collections), _latest(*collections))


class _Found(NamedTuple):
    product: dict[str, Any]
    tokens: int


def _asins_of_codes(
    catalogue: Catalogue, recordings: Recordings, request: ProductRequest
) -> list[str]:
    """Return the products that carry the codes; a code of none stands for an unknown product."""
    found: list[str] = []
    for code in request.codes:
        asins = [
            *recordings.with_code(code, request.locale),
            *(sheet.asin for sheet in catalogue.with_code(code, request.locale)),
        ]
        found += asins[: request.code_limit] or [code]
    return list(dict.fromkeys(found))


def _fails(request: ProductRequest, asin: str) -> bool:
    failing = request.offers_fail
    return failing is not None and (not failing or asin in failing)


def _latest(*minutes: int | None) -> int | None:
    return max((minute for minute in minutes if minute is not None), default=None)


def _age(minute: int | None, at: int) -> int | None:
    # A recording, or a clock that went back, may be of later than now.
    return None if not minute else max(at - minute, 0)


def _last_value(csv: Any, index: int) -> int:
    return int(csv[index][-1]) if csv and index < len(csv) and csv[index] else -1


def _running_lightning_deal(
    catalogue: Catalogue, sheet: ProductSheet, locale: Locale, history: History, at: int
) -> Spell | None:
    course: Mapping[int, Any] = history.entries
    if _LIGHTNING not in course or course[_LIGHTNING][-1, 1] < 0:
        return None
    # The catalogue's future is fixed: when a deal ends stands in the later history.
    later = catalogue.history(sheet, locale, at + LONGEST_SPELL)
    return spell_at(later.entries[_LIGHTNING], at)
