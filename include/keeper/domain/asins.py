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
    # ASCII: without it the Kelvin sign counts as a K.
    re.IGNORECASE | re.ASCII,
)


class InvalidAsinError(ValueError):
    """The text is neither an ASIN nor an Amazon product address."""


@dataclass(frozen=True, slots=True)
class ProductAddress:
    """An ASIN and, when the text said so, the locale it was seen in."""

    asin: str
    locale: Locale | None


def is_asin(text: str) -> bool:
    """Return whether `text` has the shape of an ASIN: ten digits or capital letters."""
    return _ASIN.fullmatch(text) is not None


def parse_product_address(text: str) -> ProductAddress:
    """Read an ASIN, in any case, or a pasted Amazon product URL of any locale.

    Raises:
        InvalidAsinError: The text is neither.
        UnknownLocaleError: The URL is of a site Keepa does not cover.
    """
    trimmed = text.strip()
    # ASCII: five sharp s would become ten capital letters.
    if trimmed.isascii() and is_asin(trimmed.upper()):
        return ProductAddress(trimmed.upper(), None)
    if "/" in trimmed:
        host, path = _host_and_path(trimmed if "://" in trimmed else f"https://{trimmed}")
        found = _IN_PATH.search(path)
        if found and host:
            return ProductAddress(found.group(1).upper(), locale_of_host(host))
    raise InvalidAsinError(
        f"{text!r} is not an ASIN (ten letters or digits, like B00EXAMPLE) "
        "nor the address of an Amazon product page"
    )


def _host_and_path(address: str) -> tuple[str, str]:
    try:
        url = urlsplit(address)
    except ValueError:
        return "", ""
    return url.netloc, url.path


def product_url(asin: str, locale: Locale) -> str:
    """Return the address of a product's page on the Amazon site of `locale`."""
    return f"https://www.{locale.host}/dp/{asin}"
