"""What requests had Keepa look at: a product anew, or its offers."""

from bisect import bisect_right
from collections import defaultdict
from typing import TypeAlias

from keeper.simulator.products.histories import OffersCollection

Place: TypeAlias = tuple[str, int]
"""A product in a locale: ASIN and Keepa's number of the locale."""


class Visits:
    """Looks and collections of offers that requests caused.

    The catalogue's clock may go back: what was done later than now is not known now.
    """

    def __init__(self) -> None:
        self._looks: dict[Place, int] = {}
        self._collections: dict[Place, list[OffersCollection]] = defaultdict(list)

    def last_look(self, place: Place, at: int) -> int | None:
        """Return the Keepa minute of the last look until `at`, None if there is none."""
        look = self._looks.get(place)
        return look if look is not None and look <= at else None

    def collections(self, place: Place, at: int) -> list[OffersCollection]:
        """Return the collections until a Keepa minute, in order of time."""
        made = self._collections.get(place, [])
        return made[: bisect_right(made, at, key=lambda collection: collection.minute)]

    def look(self, place: Place, at: int) -> None:
        """Note a look at a product."""
        self._looks[place] = at

    def collect(self, place: Place, collection: OffersCollection) -> None:
        """Note a collection of a product's offers, which is a look at it as well."""
        self.look(place, collection.minute)
        made = self._collections[place]
        # After the clock went back, what was collected later is collected anew when it comes.
        del made[bisect_right(made, collection.minute, key=lambda known: known.minute) :]
        made.append(collection)
