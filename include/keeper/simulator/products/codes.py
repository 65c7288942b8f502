"""The codes products carry besides their ASIN: an EAN each, of books an ISBN-13.

Nobody was given the prefixes: 29 is for numbers within a shop, and no country has 979-9.
"""

from typing import Final

_DIGITS: Final = 13
_EAN_PREFIX: Final = "2900"
_ISBN_PREFIX: Final = "9799"
_SHARED_OF_A_HUNDRED: Final = 66


def code_of(number: int, *, is_book: bool) -> str:
    """Return the code of a catalogue's product that shares none."""
    body = f"{_ISBN_PREFIX if is_book else _EAN_PREFIX}{number:08d}"
    return body + _check_digit(body)


def number_of_code(code: str) -> int | None:
    """Return the number of the product that was given a code, None if it is no code of ours."""
    if len(code) != _DIGITS or not code.isdecimal() or not code.isascii():
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
