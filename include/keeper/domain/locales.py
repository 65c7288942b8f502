"""Amazon locales as Keepa numbers them, with the currency each one prices in.

Source: Keepa's documentation of the `domain` request parameter.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Locale:
    """One Amazon marketplace.

    Attributes:
        domain: Keeper's short name, the value of every `domain` field ("us", "uk", …).
        keepa_id: The number Keepa's API calls `domain`.
        currency: ISO 4217 code of every price in this locale.
        minor_digits: Decimal digits of the currency's minor unit (0 for yen).
        host: Amazon's host name without "www.".
        has_lists: Keepa has deals and best sellers of it, beside products and the product finder.
    """

    domain: str
    keepa_id: int
    currency: str
    minor_digits: int
    host: str
    has_lists: bool = True


LOCALES: Final[tuple[Locale, ...]] = (
    Locale("us", 1, "USD", 2, "amazon.com"),
    Locale("uk", 2, "GBP", 2, "amazon.co.uk"),
    Locale("de", 3, "EUR", 2, "amazon.de"),
    Locale("fr", 4, "EUR", 2, "amazon.fr"),
    Locale("jp", 5, "JPY", 0, "amazon.co.jp"),
    Locale("ca", 6, "CAD", 2, "amazon.ca"),
    Locale("it", 8, "EUR", 2, "amazon.it"),
    Locale("es", 9, "EUR", 2, "amazon.es"),
    Locale("in", 10, "INR", 2, "amazon.in"),
    Locale("mx", 11, "MXN", 2, "amazon.com.mx"),
    Locale("br", 12, "BRL", 2, "amazon.com.br", has_lists=False),
)

_BY_DOMAIN: Final = {locale.domain: locale for locale in LOCALES}
_BY_KEEPA_ID: Final = {locale.keepa_id: locale for locale in LOCALES}
_BY_HOST: Final = {locale.host: locale for locale in LOCALES}
MINOR_DIGITS: Final = {locale.currency: locale.minor_digits for locale in LOCALES}


class UnknownLocaleError(ValueError):
    """A locale Keepa does not cover."""


def locale_of(domain: str) -> Locale:
    """Return the locale called `domain` ("us", "uk", …), or raise UnknownLocaleError."""
    try:
        return _BY_DOMAIN[domain]
    except KeyError:
        known = ", ".join(_BY_DOMAIN)
        raise UnknownLocaleError(
            f"Keepa has no Amazon locale {domain!r}; choose one of {known}"
        ) from None


def locale_of_keepa_id(keepa_id: int) -> Locale:
    """Return the locale Keepa numbers `keepa_id`, or raise UnknownLocaleError."""
    try:
        return _BY_KEEPA_ID[keepa_id]
    except KeyError:
        raise UnknownLocaleError(f"Keepa has no domain number {keepa_id}") from None


def locale_of_host(host: str) -> Locale:
    """Return the locale served at an Amazon host ("www.amazon.de"), or raise UnknownLocaleError."""
    # Amazon has www, smile, m, business and more before its name.
    labels = re.fullmatch(r"(?:[a-z0-9-]+\.)*?(amazon\.[a-z.]+?)\.?(?::\d+)?", host.lower())
    try:
        return _BY_HOST[labels[1] if labels else ""]
    except KeyError:
        raise UnknownLocaleError(f"{host!r} is not an Amazon site that Keepa covers") from None
