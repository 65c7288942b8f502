"""ASINs and the Amazon addresses people paste instead of them."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from keeper.domain.locales import Locale, locale_of_host

ASIN_PATTERN: Final = r"^[0-9A-Z]{10}$"
_ASIN: Final = re.compile(ASIN_PATTERN)
_IN_PATH: Final = re.compile(
    r"/(?:dp|gp/product|gp/aw/d|gp/offer-listing|product|exec/obidos/asin|o/asin|d)"
    r"/([0-9A-Za-z]{10})(?=[/?#]|$)",
    re.IGNORECASE,
)


class InvalidAsinError(ValueError):
    """The text is neither an ASIN nor an Amazon product address."""


@dataclass(frozen=True, slots=True)
class ProductAddress:
    """An ASIN and, when the text said so, the locale it was seen in."""

    asin: str
    locale: Locale | None


def is_asin(text: str) -> bool:
    """Tell whether `text` has the shape of an ASIN: ten digits or capital letters."""
    return _ASIN.fullmatch(text) is not None


def parse_product_address(text: str) -> ProductAddress:
    """Read an ASIN, in any case, or a pasted Amazon product URL of any locale.

    Raises:
        InvalidAsinError: The text is neither.
        UnknownLocaleError: The URL is of a site Keepa does not cover.
    """
    trimmed = text.strip()
    if is_asin(trimmed.upper()):
        return ProductAddress(trimmed.upper(), None)
    if "/" in trimmed:
        url = urlsplit(trimmed if "://" in trimmed else f"https://{trimmed}")
        found = _IN_PATH.search(url.path)
        if found and url.netloc:
            return ProductAddress(found.group(1).upper(), locale_of_host(url.netloc))
    raise InvalidAsinError(
        f"{text!r} is not an ASIN (ten letters or digits, like B00EXAMPLE) "
        "nor the address of an Amazon product page"
    )


def product_url(asin: str, locale: Locale) -> str:
    """Return the address of a product's page on the Amazon site of `locale`."""
    return f"https://www.{locale.host}/dp/{asin}"
