"""Who sells on each Amazon beside Amazon itself, and which of them offer a product."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import Final

from keeper.domain.locales import Locale
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.products.sheets import CATALOGUE_ORIGIN, ProductSheet

MERCHANTS: Final = 60
"""How many there are in each locale."""
MOST_FOR_A_PRODUCT: Final = 12
_YEAR: Final = 365 * 1440
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_DIGITS: Final = 13
_FIRST_WORDS: Final = "Amber Birch Copper Delta Ember Falcon Harbour Ivory Maple Nordic".split()
_LAST_WORDS: Final = "Outlet Goods Traders Depot Corner Market".split()


@dataclass(frozen=True, slots=True)
class Merchant:
    """A seller of one locale.

    Attributes:
        seller_id: As Amazon numbers them.
        name: Shown beside an offer.
        number: Its place among the locale's, the larger sellers first.
        uses_fba: Amazon stores and sends what it sells.
        ships_from_china: It sends from there.
        tracked_since: Keepa minute from which it is known.
        usual_rating: Of its customers, in percent.
        ratings_a_day: New ratings, on average.
    """

    seller_id: str
    name: str
    number: int
    uses_fba: bool
    ships_from_china: bool
    tracked_since: int
    usual_rating: int
    ratings_a_day: float


@lru_cache(maxsize=64)
def merchants_of(seed: int, locale: Locale) -> tuple[Merchant, ...]:
    """Return a locale's merchants, always the same, the larger ones first."""
    return tuple(_merchant(seed, locale, number) for number in range(MERCHANTS))


def merchants_offering(sheet: ProductSheet, locale: Locale) -> tuple[Merchant, ...]:
    """Return who offers a product at one time or another, 2 to 12 of the locale's merchants."""
    chance = Random(f"offered-by/{sheet.seed}/{sheet.number}/{locale.domain}")
    count = chance.randint(2, MOST_FOR_A_PRODUCT)
    merchants = merchants_of(sheet.seed, locale)
    weights = [1 / (merchant.number + 3) for merchant in merchants]
    chosen: dict[str, Merchant] = {}
    while len(chosen) < count:
        (merchant,) = chance.choices(merchants, weights)
        chosen[merchant.seller_id] = merchant
    return tuple(chosen.values())


def _merchant(seed: int, locale: Locale, number: int) -> Merchant:
    chance = Random(f"merchant/{seed}/{locale.domain}/{number}")
    first, last = _FIRST_WORDS[number % 10], _LAST_WORDS[number // 10]
    return Merchant(
        seller_id=_seller_id(seed, locale, number),
        name=f"{first} {last}",
        number=number,
        uses_fba=chance.random() < 0.6,
        ships_from_china=chance.random() < 0.15,
        tracked_since=to_keepa_minutes(CATALOGUE_ORIGIN) - int((1 + 3 * chance.random()) * _YEAR),
        usual_rating=chance.randint(82, 99),
        ratings_a_day=40 / (number + 1),
    )


def _seller_id(seed: int, locale: Locale, number: int) -> str:
    digest = blake2b(f"seller-id/{seed}/{locale.domain}/{number}".encode(), digest_size=16).digest()
    rest, places = int.from_bytes(digest), []
    for _ in range(_ID_DIGITS):
        rest, digit = divmod(rest, len(_DIGITS))
        places.append(_DIGITS[digit])
    return "A" + "".join(places)
