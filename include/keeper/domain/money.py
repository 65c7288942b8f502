"""Money: integers in the currency's minor unit inside, decimals and text only at the edges.

What people type is read by `read_amount`, whichever command, file or rule it stands in.
"""

import re
from decimal import Decimal
from typing import Final

from keeper.domain.locales import MINOR_DIGITS
from keeper.domain.plain_text import plain_text

_SYMBOLS: Final = {
    "USD": "$",
    "GBP": "£",
    "EUR": "€",
    "JPY": "¥",
    "CAD": "CA$",
    "INR": "₹",
    "MXN": "MX$",
    "BRL": "R$",
}
_SIGNS: Final = {
    "$": {"USD", "CAD", "MXN"},
    "us$": {"USD"},
    "ca$": {"CAD"},
    "c$": {"CAD"},
    "mx$": {"MXN"},
    "r$": {"BRL"},
    "£": {"GBP"},
    "€": {"EUR"},
    "euro": {"EUR"},
    "¥": {"JPY"},
    "円": {"JPY"},
    "₹": {"INR"},
    "rs.": {"INR"},
    "rs": {"INR"},
    **{code.lower(): {code} for code in MINOR_DIGITS},
}
"""What people write before or after an amount, in lower case, and the currencies it stands for."""

_SIGN: Final = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_WHOLE: Final = re.compile(
    rf"(?P<before>(?:(?:{_SIGN}) ?)*)(?P<minus>-? ?)(?P<figures>[0-9., ']*[0-9][.,]?)"
    # A dash for no cents, as on price tags: 5,- and, in India, 500/-.
    rf"(?P<dash>(?<=[.,])--?|(?<=[0-9]) ?/-)?(?P<after>(?: ?(?:{_SIGN}))*)",
    re.ASCII,
)
_ALIKE: Final = str.maketrans({**dict.fromkeys("’‘ʼ`´", "'"), **dict.fromkeys("−–—‒‐‑", "-")})
_MOST: Final = 10_000_000_000
_LONGEST: Final = 100


class InvalidAmountError(ValueError):
    """The text is not an amount of money in the currency."""


def to_major(minor: int, currency: str) -> Decimal:
    """Turn minor units into the main unit: 1999 USD is 19.99, 1999 JPY is 1999."""
    return Decimal(minor).scaleb(-MINOR_DIGITS[currency])


def to_minor(amount: Decimal, currency: str) -> int:
    """Turn an amount in the main unit into minor units.

    Raises:
        InvalidAmountError: Not positive, or finer than the minor unit.
    """
    if not amount.is_finite() or amount <= 0 or amount > _MOST:
        raise InvalidAmountError(f"the amount must be above zero and of sane size, not {amount}")
    digits = MINOR_DIGITS[currency]
    # Compared, not computed with: arithmetic would round what has more digits than the context.
    rounded = amount.quantize(Decimal(1).scaleb(-digits))
    if rounded != amount:
        raise InvalidAmountError(f"{amount} has more decimals than {currency} has ({digits})")
    return int(rounded.scaleb(digits))


def read_amount(text: str, currency: str) -> int:
    """Read an amount as people type it, in the main unit, and return it in minor units.

    A point or a comma divides the decimals, whichever stands last. Points, commas, spaces of any
    width and apostrophes group thousands, in India also lakhs. The currency's own sign or code may
    stand before or after. Full-width figures are read, those of other scripts are not.

    Args:
        text: What was typed.
        currency: The currency of the locale's prices, which no sign in the text can change.

    Raises:
        InvalidAmountError: One sentence. It is no amount, of another currency, or ambiguous: a
            single point or comma with three figures behind is a group to some and decimals to
            others, so the sentence names both readings.
    """
    if len(text) > _LONGEST:
        raise InvalidAmountError(f"a text of {len(text):,} characters is not an amount")
    found = _WHOLE.fullmatch(_plain(text))
    if found is None:
        raise _no_amount(text, currency)
    signs = f"{found['before']} {found['after']}"
    for sign in re.findall(_SIGN, signs):
        if currency not in _SIGNS[sign]:
            raise InvalidAmountError(f"{text!r} is not in {currency}, in which these prices are")
    if found["minus"].strip():
        raise InvalidAmountError(f"the amount must be above zero, not {text}")
    no_cents = {None: "", "-": "0", "--": "0"}.get(found["dash"], ".0")
    return to_minor(_decimal(text, found["figures"] + no_cents, currency), currency)


def _plain(text: str) -> str:
    """Return the text with one form for what looks alike, and without what nobody sees."""
    return plain_text(text).translate(_ALIKE).lower()


def _decimal(text: str, figures: str, currency: str) -> Decimal:
    """Return what grouped figures mean; `text` is for sentences."""
    groups = re.split(r"[., ']", figures)
    marks = re.findall(r"[., ']", figures)
    if not marks:
        return Decimal(figures)
    *former, last = marks
    *whole, decimals = groups
    if last in ".," and len(marks) == 1:
        if len(decimals) != 3 or not whole[0].strip("0"):
            return Decimal(f"{whole[0] or 0}.{decimals or 0}")
        if MINOR_DIGITS[currency]:
            raise _ambiguous(text, whole[0], decimals, currency)
    if len(set(marks)) == 1:
        if _is_grouped(groups, currency):
            return Decimal("".join(groups))
    elif last in ".," and len(set(former)) == 1 and _is_grouped(whole, currency):
        return Decimal(f"{''.join(whole)}.{decimals or 0}")
    raise _no_amount(text, currency)


def _is_grouped(groups: list[str], currency: str) -> bool:
    """Return whether figures stand in groups of three, or as lakhs and crores in rupees."""
    first, *middle, last = groups
    if len(last) != 3 or not first or first[0] == "0":
        return False
    if len(first) <= 3 and all(len(group) == 3 for group in middle):
        return True
    return currency == "INR" and len(first) <= 2 and all(len(group) == 2 for group in middle)


def _ambiguous(text: str, whole: str, decimals: str, currency: str) -> InvalidAmountError:
    digits = MINOR_DIGITS[currency]
    thousands, fraction = Decimal(whole + decimals), Decimal(f"{whole}.{decimals}")
    large = f"{_SYMBOLS[currency]}{thousands:,.{digits}f}"
    exact = decimals[digits:].strip("0") == ""
    small = f"{_SYMBOLS[currency]}{fraction:,.{digits if exact else len(decimals)}f}"
    return InvalidAmountError(
        f"{text.strip()!r} can mean {large} or {small}; write {thousands} or {fraction:.{digits}f}"
    )


def _no_amount(text: str, currency: str) -> InvalidAmountError:
    example = "19.99" if MINOR_DIGITS[currency] else "1980"
    return InvalidAmountError(f"{text!r} is not an amount; write it like {example}")


def format_money(minor: int, currency: str) -> str:
    """Write an amount for people: $1,234.50, ¥1,980."""
    digits = MINOR_DIGITS[currency]
    return f"{_SYMBOLS[currency]}{to_major(minor, currency):,.{digits}f}"
