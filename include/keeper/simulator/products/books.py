"""Which products of a catalogue are books, what they are called and who wrote them."""

from dataclasses import dataclass
from random import Random
from typing import Final

from keeper.simulator.products.word_lists import ProductKind

_SHARE: Final = 0.1

BOOK_KINDS: Final = tuple(
    ProductKind("Books", shelf, noun, ("Paperback", "Hardcover", "Large Print"), cheapest, dearest)
    for shelf, noun, cheapest, dearest in (
        ("Fantasy", "A Fantasy Novel", 8, 34),
        ("Crime", "A Crime Novel", 7, 29),
        ("Cooking", "A Cookbook", 14, 48),
        ("Travel", "A Travel Guide", 12, 30),
    )
)

_AUTHORS: Final = (
    "Odile Brannock",
    "Tobias Merrin",
    "Ines Calloway",
    "Ruben Halstead",
    "Maeve Torrington",
    "Anselm Vike",
    "Priya Lockhart",
    "Jonas Wetherell",
)
_SHARES: Final = (30, 20, 14, 11, 9, 7, 5, 4)
"""How much of all books each author wrote: a few write many."""
_PUBLISHERS: Final = ("Harrow & Finch", "Lantern Press", "Northgate Books")
_FIRST_WORDS: Final = "Silent Broken Hidden Last Winter Golden Paper Salt Distant Burning".split()
_LAST_WORDS: Final = "Harbour Orchard Crown Letters River Lanterns Garden Road Tower Tide".split()


@dataclass(frozen=True, slots=True)
class Book:
    """What a book has in place of a brand's product.

    Attributes:
        kind: Its shelf and usual price.
        title: As Amazon shows it.
        authors: One or two of them, the first named before the other.
        publisher: Stands where other products have their brand.
    """

    kind: ProductKind
    title: str
    authors: tuple[str, ...]
    publisher: str


def book_of(seed: int, number: int) -> Book | None:
    """Return the book that product `number` of a seed's catalogue is; None for nine of ten."""
    chance = Random(f"book/{seed}/{number}")
    if chance.random() >= _SHARE:
        return None
    kind = chance.choice(BOOK_KINDS)
    name = f"The {chance.choice(_FIRST_WORDS)} {chance.choice(_LAST_WORDS)}"
    authors = chance.choices(_AUTHORS, _SHARES, k=2 if chance.random() < 0.15 else 1)
    return Book(
        kind=kind,
        title=f"{name}: {kind.noun}, {chance.choice(kind.features)}",
        authors=tuple(dict.fromkeys(authors)),
        publisher=chance.choice(_PUBLISHERS),
    )
