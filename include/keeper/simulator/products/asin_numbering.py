"""Gives every product of a seeded catalogue its ASIN, and finds the product of an ASIN.

The numbering is an affine bijection on the 36⁸ ASINs that start with "B0", so that membership is
arithmetic and needs no table.
"""

from hashlib import blake2b
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PREFIX: Final = "B0"
_PLACES: Final = 8
_SPACE: Final = len(_DIGITS) ** _PLACES


class AsinNumbering:
    """The one-to-one map between a seed's product numbers and ASINs."""

    def __init__(self, seed: int) -> None:
        digest = blake2b(f"asin-numbering/{seed}".encode(), digest_size=16).digest()
        # 36⁸ has the prime factors 2 and 3 only: 6k + 1 shares none of them.
        self._step = (int.from_bytes(digest[:8]) % (_SPACE // 6)) * 6 + 1
        self._offset = int.from_bytes(digest[8:]) % _SPACE
        self._back = pow(self._step, -1, _SPACE)

    def asin_of(self, number: int) -> str:
        """Return the ASIN of product `number`, counted from 0."""
        rest = (number * self._step + self._offset) % _SPACE
        places = []
        for _ in range(_PLACES):
            rest, digit = divmod(rest, len(_DIGITS))
            places.append(_DIGITS[digit])
        return _PREFIX + "".join(reversed(places))

    def number_of(self, asin: str) -> int | None:
        """Return the number whose ASIN this is, however large; None for another shape of ASIN."""
        places = asin.removeprefix(_PREFIX)
        if not asin.startswith(_PREFIX) or len(places) != _PLACES:
            return None
        if any(place not in _DIGITS for place in places):
            return None
        return (int(places, len(_DIGITS)) - self._offset) * self._back % _SPACE
