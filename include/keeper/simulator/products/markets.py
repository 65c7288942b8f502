"""A product's market in one locale, look by look: offers, their prices, the rank they bring."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np

from keeper.domain.locales import Locale
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.products.chance import Flags, Floats, Ints, bounded_walk, held, spells
from keeper.simulator.products.sheets import CATALOGUE_ORIGIN, ProductSheet

NO_OFFER: Final = -1
CHANCES_PER_LOOK: Final = 36
"""Uniform numbers a market takes at each look; changing it makes another catalogue."""

_DAY: Final = 1440
_PRICE_LEVELS: Final = {
    "USD": 1.0,
    "GBP": 0.82,
    "EUR": 0.95,
    "JPY": 148.0,
    "CAD": 1.36,
    "INR": 62.0,
    "MXN": 18.5,
    "BRL": 5.4,
}
HIDDEN_SINCE: Final = to_keepa_minutes(CATALOGUE_ORIGIN)
"""From then on a product whose maker forbids it shows neither NEW nor a buy box."""
_LANDED_SINCE: Final = to_keepa_minutes(datetime(2026, 2, 23, tzinfo=UTC))
"""From then on NEW and USED include shipping, as Keepa's pages say."""
_USED_CONDITIONS: Final = (
    ("USED_NEW_SHIPPING", 0.88),
    ("USED_VERY_GOOD_SHIPPING", 0.80),
    ("USED_GOOD_SHIPPING", 0.72),
    ("USED_ACCEPTABLE_SHIPPING", 0.62),
)


class Market:
    """Who offers a product in one locale, and at what price, at every look.

    Everything at a look follows from the numbers up to it.
    """

    def __init__(self, sheet: ProductSheet, locale: Locale, looks: Ints, chance: Floats) -> None:
        self._sheet = sheet
        self._locale = locale
        self._looks = looks
        self._chance = np.ascontiguousarray(chance.T)
        self._count = len(looks)
        scale = 10**locale.minor_digits
        # A locale's level for this product: 85 to 115 % of the usual one.
        own = 0.85 + 0.3 * float(chance[0, 1])
        self._usual = sheet.usual_price * _PRICE_LEVELS[locale.currency] * scale * own
        self._pace = sheet.look_gap / _DAY
        self._is_hidden = (looks >= HIDDEN_SINCE) & sheet.hides_price
        self._is_landed = looks >= _LANDED_SINCE

    def series(self) -> Iterator[tuple[str, list[Ints]]]:
        """Give every price type the market has, with one value (or price and shipping) a look."""
        on_sale = self._while_sold()
        amazon = self._amazon(on_sale)
        fba = self._fba(on_sale)
        fbm, fbm_shipping, fbm_shipping_unknown = self._fbm(on_sale)
        item = _lowest([amazon, fba, fbm])
        unknown_as_none = np.where(fbm_shipping_unknown, 0, fbm_shipping)
        landed = np.where(fbm < 0, NO_OFFER, fbm + unknown_as_none)
        new = np.where(self._is_landed, _lowest([amazon, fba, landed]), item)
        yield "AMAZON", [amazon]
        yield "NEW", [np.where(self._is_hidden, NO_OFFER, new)]
        yield "NEW_FBA", [fba]
        shown_shipping = np.where(fbm_shipping_unknown, NO_OFFER, fbm_shipping)
        yield "NEW_FBM_SHIPPING", [fbm, np.where(fbm < 0, NO_OFFER, shown_shipping)]
        yield "LISTPRICE", [self._list_price()]
        yield from self._buy_box(amazon, fba, fbm, fbm_shipping, fbm_shipping_unknown)
        yield from self._offer_counts(amazon, fba, fbm)
        if self._sheet.sold_used:
            yield from self._used(on_sale)
        if self._sheet.sold_in_deals:
            yield from self._deals(item)
        yield "SALES", [self._rank(item)]
        yield from self._reviews()

    def _while_sold(self) -> Flags:
        gone = spells(self._chance[2], 0.004 * self._pace, 0.12 * self._pace)
        if self._sheet.ended is not None:
            gone = gone | (self._looks > self._sheet.ended)
        return ~gone

    def _amazon(self, on_sale: Flags) -> Ints:
        if not self._sheet.sold_by_amazon:
            return np.full(self._count, NO_OFFER)
        chance, pace = self._chance, self._pace
        walk = bounded_walk(chance[3] < 0.12 * pace, chance[4], 0.06, 0.22)
        reduced = spells(chance[5], 0.035 * pace, 0.16 * pace)
        starts = chance[5] < 0.035 * pace
        depth = held(0.05 + 0.3 * chance[6] ** 2, starts, 0.0)
        price = self._shelf_price(self._usual * np.exp(walk) * (1 - depth * reduced))
        absent = spells(chance[7], 0.012 * pace, 0.14 * pace)
        return np.where(on_sale & ~absent, price, NO_OFFER)

    def _fba(self, on_sale: Flags) -> Ints:
        if not self._sheet.sold_by_fba:
            return np.full(self._count, NO_OFFER)
        chance, pace = self._chance, self._pace
        walk = bounded_walk(chance[8] < 0.22 * pace, chance[9], 0.05, 0.2)
        price = np.rint(self._usual * 1.03 * np.exp(walk)).astype(np.int64)
        absent = spells(chance[10], 0.02 * pace, 0.1 * pace)
        return np.where(on_sale & ~absent, price, NO_OFFER)

    def _fbm(self, on_sale: Flags) -> tuple[Ints, Ints, Flags]:
        """Give the merchants' lowest price, its shipping, and when the shipping is not known."""
        chance, pace = self._chance, self._pace
        walk = bounded_walk(chance[11] < 0.3 * pace, chance[12], 0.07, 0.25)
        price = np.rint(self._usual * 1.01 * np.exp(walk)).astype(np.int64)
        absent = spells(chance[13], 0.02 * pace, 0.15 * pace)
        steps = np.floor(chance[14] * 4) / 4
        full = self._usual * 0.1
        shipping = held(np.rint(full * steps).astype(np.int64), chance[15] < 0.03 * pace, 0)
        unknown = spells(chance[16], 0.008 * pace, 0.2 * pace)
        return np.where(on_sale & ~absent, price, NO_OFFER), shipping, unknown

    def _list_price(self) -> Ints:
        chance, pace = self._chance, self._pace
        walk = bounded_walk(chance[17] < 0.008 * pace, chance[18], 0.08, 0.1)
        price = self._shelf_price(self._usual * 1.25 * np.exp(walk))
        hidden = spells(chance[19], 0.004 * pace, 0.05 * pace)
        return np.where(hidden, NO_OFFER, price)

    def _buy_box(
        self, amazon: Ints, fba: Ints, fbm: Ints, fbm_shipping: Ints, unknown: Flags
    ) -> Iterator[tuple[str, list[Ints]]]:
        landed = np.where(fbm < 0, NO_OFFER, fbm + fbm_shipping)
        best = _lowest([amazon, fba, landed])
        # Amazon keeps the box for itself while it is at most 5 % dearer.
        to_amazon = (amazon >= 0) & (amazon <= best * 1.05)
        to_merchant = ~to_amazon & (best >= 0) & (best == landed)
        price = np.where(to_amazon, amazon, np.where(to_merchant, fbm, best))
        shipping = np.where(to_merchant, np.where(unknown, NO_OFFER, fbm_shipping), 0)
        empty = (price < 0) | spells(self._chance[20], 0.01 * self._pace, 0.2 * self._pace)
        empty |= self._is_hidden
        # Keepa writes an empty box as (−1, −1), for some products as (−1, 0).
        no_shipping = 0 if self._sheet.number % 7 == 0 else NO_OFFER
        yield (
            "BUY_BOX_SHIPPING",
            [np.where(empty, NO_OFFER, price), np.where(empty, no_shipping, shipping)],
        )

    def _offer_counts(self, amazon: Ints, fba: Ints, fbm: Ints) -> Iterator[tuple[str, list[Ints]]]:
        chance, pace = self._chance, self._pace
        renewed = chance[21] < 0.4 * pace
        by_fba = np.where(fba < 0, 0, held(1 + (chance[22] * 5).astype(np.int64), renewed, 1))
        by_fbm = np.where(fbm < 0, 0, held(1 + (chance[23] * 9).astype(np.int64), renewed, 1))
        for name, count in (
            ("COUNT_NEW", (amazon >= 0) + by_fba + by_fbm),
            ("COUNT_NEW_FBA", by_fba),
            ("COUNT_NEW_FBM", by_fbm),
        ):
            yield name, [np.where(count > 0, count, NO_OFFER).astype(np.int64)]

    def _used(self, on_sale: Flags) -> Iterator[tuple[str, list[Ints]]]:
        chance, pace = self._chance, self._pace
        walk = bounded_walk(chance[24] < 0.25 * pace, chance[25], 0.08, 0.2)
        shipping = np.rint(self._usual * 0.06 * np.floor(chance[26] * 3) / 2).astype(np.int64)
        prices, shippings = [], []
        for column, (name, share) in enumerate(_USED_CONDITIONS, start=27):
            price = np.rint(self._usual * share * np.exp(walk)).astype(np.int64)
            offered = spells(chance[column], 0.03 * pace, 0.12 * pace, at_first=column == 28)
            price = np.where(offered & on_sale, price, NO_OFFER)
            own = np.where(price < 0, NO_OFFER, held(shipping, chance[24] < 0.03 * pace, 0))
            prices.append(price)
            shippings.append(own)
            yield name, [price, own]
        lowest = _lowest(prices)
        landed = [
            np.where(price < 0, NO_OFFER, price + np.maximum(own, 0))
            for price, own in zip(prices, shippings, strict=True)
        ]
        yield "USED", [np.where(self._is_landed, _lowest(landed), lowest)]
        count = sum((price >= 0).astype(np.int64) for price in prices)
        yield "COUNT_USED", [np.where(lowest < 0, NO_OFFER, count)]
        best_shipping = np.full(self._count, NO_OFFER)
        for price, own in zip(prices, shippings, strict=True):
            best_shipping = np.where((price >= 0) & (price == lowest), own, best_shipping)
        yield "BUY_BOX_USED_SHIPPING", [lowest, best_shipping]

    def _deals(self, new: Ints) -> Iterator[tuple[str, list[Ints]]]:
        chance, pace = self._chance, self._pace
        for name, column, share, starting, ending in (
            ("WAREHOUSE", 31, 0.82, 0.02, 0.15),
            ("LIGHTNING_DEAL", 32, 0.78, 0.006, 0.9),
            ("PRIME_EXCL", 33, 0.9, 0.008, 0.2),
        ):
            offered = spells(chance[column], starting * pace, ending * pace)
            price = self._shelf_price(new.astype(np.float64) * share)
            yield name, [np.where(offered & (new >= 0), price, NO_OFFER)]

    def _rank(self, new: Ints) -> Ints:
        chance = self._chance
        always = np.ones(self._count, dtype=bool)
        drift = bounded_walk(always, chance[34], 0.2, 1.1)
        price_effect = np.where(new < 0, 1.2, 2 * (new / self._usual - 1))
        rank = self._sheet.usual_rank * np.exp(drift + price_effect)
        whole: Ints = np.maximum(np.rint(rank), 1).astype(np.int64)
        return whole

    def _reviews(self) -> Iterator[tuple[str, list[Ints]]]:
        chance, pace = self._chance, self._pace
        busy = min(30.0, 20_000 / self._sheet.usual_rank)
        noticed = chance[35] < 0.3 * pace
        # One column serves three purposes; its digits after the decision are as good as new.
        fine = np.mod(chance[35] * 1_000, 1.0)
        fresh = np.where(noticed, np.floor(fine * (1 + busy)), 0).astype(np.int64)
        first = int(chance[1][0] * 900)
        yield "COUNT_REVIEWS", [first + np.cumsum(fresh)]
        start = 33 + int(chance[1][1] * 15)
        drift = bounded_walk(noticed, np.mod(chance[35] * 1_000_000, 1.0), 0.3, 2.0)
        yield "RATING", [np.clip(np.rint(start + drift).astype(np.int64), 10, 50)]

    def _shelf_price(self, price: Floats) -> Ints:
        """Round to the prices shops like: …,99 where there are cents, tens where there are none."""
        if self._locale.minor_digits == 0:
            return np.maximum(np.rint(price / 10).astype(np.int64) * 10, 10)
        return np.maximum(np.floor(price / 100).astype(np.int64) * 100 + 99, 99)


def _lowest(offers: list[Ints]) -> Ints:
    """Return the lowest price offered at each look, −1 where there is no offer."""
    never = np.iinfo(np.int64).max
    lowest: Ints = np.minimum.reduce([np.where(offer < 0, never, offer) for offer in offers])
    lowest[lowest == never] = NO_OFFER
    return lowest
