"""Money: integers in the currency's minor unit inside, decimals and text only at the edges."""

from decimal import Decimal, InvalidOperation
from typing import Final

from keeper.domain.locales import MINOR_DIGITS

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


class InvalidAmountError(ValueError):
    """The text is not an amount of money in the currency."""


def to_major(minor: int, currency: str) -> Decimal:
    """Turn minor units into the main unit: 1999 USD is 19.99, 1999 JPY is 1999."""
    return Decimal(minor).scaleb(-MINOR_DIGITS[currency])


def to_minor(text: str | Decimal, currency: str) -> int:
    """Turn an amount in the main unit into minor units.

    Raises:
        InvalidAmountError: Not a number, not positive, or finer than the minor unit.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise InvalidAmountError(f"{text!r} is not an amount; write it like 19.99") from None
    if not amount.is_finite() or amount <= 0 or amount > 10_000_000_000:
        raise InvalidAmountError(f"the amount must be above zero and of sane size, not {text}")
    digits = MINOR_DIGITS[currency]
    # Compared, not computed with: arithmetic would round what has more digits than the context.
    rounded = amount.quantize(Decimal(1).scaleb(-digits))
    if rounded != amount:
        raise InvalidAmountError(f"{text} has more decimals than {currency} has ({digits})")
    return int(rounded.scaleb(digits))


def format_money(minor: int, currency: str) -> str:
    """Write an amount for people: $1,234.50, ¥1,980."""
    digits = MINOR_DIGITS[currency]
    return f"{_SYMBOLS[currency]}{to_major(minor, currency):,.{digits}f}"
