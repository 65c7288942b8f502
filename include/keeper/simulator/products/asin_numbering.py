"""Gives every product of a seeded catalogue its ASIN and code, and finds the product of either.

The numbering is an affine bijection on the 36⁸ ASINs that start with "B0", so that membership is
arithmetic and needs no table. A code is an EAN, of a book an ISBN-13. Nobody was given their
prefixes: 29 is for numbers within a shop, and no country has 979-9.
"""

from hashlib import blake2b
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PREFIX: Final = "B0"
_PLACES: Final = 8
_SPACE: Final = len(_DIGITS) ** _PLACES
_CODE_DIGITS: Final = 13
_EAN_PREFIX: Final = "2900"
_ISBN_PREFIX: Final = "9799"
_SHARED_OF_A_HUNDRED: Final = 66


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


def code_of(number: int, *, is_book: bool) -> str:
    """Return the code of a catalogue's product that shares none."""
    body = f"{_ISBN_PREFIX if is_book else _EAN_PREFIX}{number:08d}"
    return body + _check_digit(body)


def number_of_code(code: str) -> int | None:
    """Return the number of the product that was given a code, None if it is no code of ours."""
    if len(code) != _CODE_DIGITS or not code.isdecimal() or not code.isascii():
        return None
    if not code.startswith((_EAN_PREFIX, _ISBN_PREFIX)) or code[-1] != _check_digit(code[:-1]):
        return None
    return int(code[4:-1])


def shares_code(number: int) -> bool:
    """Return whether a product carries the code of the one before it, as some do."""
    return number % 100 == _SHARED_OF_A_HUNDRED


def _check_digit(body: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return str(-total % 10)
