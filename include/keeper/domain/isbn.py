"""ISBNs: Amazon's ASIN of a printed book is its ISBN-10.

Source: the ISBN Users' Manual; ISBN-13s with 979 have no ISBN-10, and their ASINs are not ISBNs.
"""

import re
from typing import Final

_LABEL: Final = re.compile(r"(?:e-?)?isbn(?:-?1[03])?[ :]*", re.IGNORECASE | re.ASCII)
_GROUPED: Final = re.compile(r"(?:\d[ -]?){9}(?:(?:\d[ -]?){3}\d|[\dXx])", re.ASCII)


class InvalidIsbnError(ValueError):
    """The text has the shape of an ISBN, but is none or has no ISBN-10."""


def is_isbn10(text: str) -> bool:
    """Return whether ten figures, the last perhaps an X, have the right check digit."""
    if re.fullmatch(r"\d{9}[\dX]", text, re.ASCII) is None:
        return False
    values = [10 if char == "X" else int(char) for char in text]
    return sum((10 - place) * value for place, value in enumerate(values)) % 11 == 0


def isbn10_of(text: str) -> str | None:
    """Return the ISBN-10 of an ISBN, with or without hyphens and label; None if it looks like none.

    Raises:
        InvalidIsbnError: One sentence: a wrong check digit, or an ISBN-13 without ISBN-10.
    """
    label = _LABEL.match(text)
    number = text[label.end() :] if label else text
    if _GROUPED.fullmatch(number) is None:
        return None
    figures = re.sub("[ -]", "", number).upper()
    if len(figures) == 10:
        if is_isbn10(figures):
            return figures
        # Ten plain figures may be an ASIN that is no ISBN.
        if label is None and number.isalnum():
            return None
        raise InvalidIsbnError(f"{text!r} is no ISBN: its check digit does not fit")
    if figures[:3] not in ("978", "979"):
        return None
    weights = (1, 3) * 6
    total = sum(w * int(f) for w, f in zip(weights, figures[:12], strict=True))
    if (total + int(figures[12])) % 10:
        raise InvalidIsbnError(f"{text!r} is no ISBN: its check digit does not fit")
    if figures[:3] == "979":
        raise InvalidIsbnError(
            f"{text!r} is an ISBN of 979, which has no ASIN of its own; open the book's page on "
            "Amazon and copy its address"
        )
    core = figures[3:12]
    rest = sum((10 - place) * int(figure) for place, figure in enumerate(core)) % 11
    check = (11 - rest) % 11
    return core + ("X" if check == 10 else str(check))
