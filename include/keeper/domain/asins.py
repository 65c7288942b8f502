"""ASINs and the Amazon addresses people paste instead of them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from keeper.domain.isbn import InvalidIsbnError, is_isbn10, isbn10_of
from keeper.domain.locales import Locale, UnknownLocaleError, locale_of_host, locale_of_keepa_id
from keeper.domain.plain_text import plain_text

ASIN_PATTERN: Final = r"^[0-9A-Z]{10}$"
_ASIN: Final = re.compile(ASIN_PATTERN)
_CERTAIN: Final = re.compile(r"B0[0-9A-Z]{8}|BT(?=[A-Z]*\d)[0-9A-Z]{8}", re.ASCII)
"""What no word looks like: all ASINs but those of books, and the oldest, begin like this."""
_IN_TEXT: Final = re.compile(r"(?<!\w)[Bb][0Tt][0-9A-Za-z]{8}(?!\w)", re.ASCII)
_ISBN_IN_TEXT: Final = re.compile(r"(?<![\w-])97[89][ -]?(?:\d[ -]?){9}\d(?![\w-])", re.ASCII)
_ADDRESS: Final = re.compile(
    r"(?:https?://)?(?P<host>[\w.@-]*\w\.[a-z]{2,}\.?(?::\d+)?)(?P<rest>[/?#][^\s<>\"]*)",
    re.IGNORECASE,
)
_SEGMENT: Final = re.compile(r"([0-9A-Za-z]{10})(?=$|[^\w-])", re.ASCII)
"""With what may stick to an address in a text: a full stop, a bracket, a parameter."""
_BEFORE_ASIN: Final = frozenset(
    "dp d product asin offer-listing product-reviews detail ol - reviews dp-video".split()
)
"""Parts of Amazon's paths that an ASIN follows."""
_SHORT_HOSTS: Final = frozenset("a.co amzn.to amzn.eu amzn.asia amzn.in amzn.com".split())
_SHORT_WITH_ASIN: Final = "amzn.com"
_KEEPA_PRODUCT: Final = re.compile(r"#!product/(\d+)-([0-9A-Za-z]{10})", re.ASCII)
_LONGEST: Final = 5_000
"""Sponsored links have more than a thousand characters."""
_ROUNDED: Final = re.compile(r"\d[.,]\d+e\+?1[02]", re.IGNORECASE)


class InvalidAsinError(ValueError):
    """The text is neither an ASIN nor an Amazon product address."""


class ShortLinkError(InvalidAsinError):
    """The text is one of Amazon's short links, which do not say which product they mean.

    Attributes:
        url: The link.
    """

    def __init__(self, url: str) -> None:
        """Say what to do instead."""
        super().__init__(
            f"{url!r} is a short link, which does not say the product: open it and copy the "
            "address of the page, or give --follow to `keeper watch add` or `import`"
        )
        self.url = url


@dataclass(frozen=True, slots=True)
class ProductAddress:
    """An ASIN and, when the text said so, the locale it was seen in.

    Attributes:
        asin: The product.
        locale: None if the text names none.
        note: What to say of how it was read; None where it stood there as it is.
    """

    asin: str
    locale: Locale | None
    note: str | None = None


def is_asin(text: str) -> bool:
    """Return whether `text` has the shape of an ASIN: ten digits or capital letters."""
    return _ASIN.fullmatch(text) is not None


def is_short_host(host: str) -> bool:
    """Return whether Amazon's short links live at a host."""
    return host.lower().removeprefix("www.") in _SHORT_HOSTS


def parse_product_address(text: str) -> ProductAddress:
    """Read an ASIN, in any case, an ISBN, or a text with an Amazon address of any locale.

    Invisible characters do not count. In an address the ASIN may stand in the path, in a parameter
    of tracking or in an address within the address. A word without a figure is never an ASIN.

    Raises:
        InvalidAsinError: It is none of these, an ISBN without ASIN, or names several products.
        ShortLinkError: It is a short link.
        UnknownLocaleError: The URL is of a site Keepa does not cover.
    """
    if len(text) > _LONGEST:
        raise InvalidAsinError(f"a text of {len(text):,} characters is too long to name a product")
    shown = plain_text(text)
    bare = shown.strip("<>()[]{}\"'.,;: ")
    # ASCII: five sharp s would become ten capital letters.
    if bare.isascii() and is_asin(bare.upper()):
        if not re.search(r"\d", bare):
            raise InvalidAsinError(f"{text!r} is a word; an ASIN like B00EXAMPLE has figures")
        return ProductAddress(bare.upper(), None)
    try:
        if (isbn := isbn10_of(bare)) is not None:
            return _book(bare, isbn)
    except InvalidIsbnError as error:
        raise InvalidAsinError(str(error)) from None
    found = set(_addresses_in(shown)) or _bare_in(shown)
    if len({address.asin for address in found}) > 1:
        asins = ", ".join(sorted({address.asin for address in found}))
        raise InvalidAsinError(f"the text names several products, {asins}: give one of them")
    # The same product in two locales is not the same watch.
    if len(found) > 1:
        raise InvalidAsinError("the text has addresses of several Amazon sites: give one of them")
    if found:
        return found.pop()
    raise InvalidAsinError(_what_is_wrong(text, bare))


def _what_is_wrong(text: str, bare: str) -> str:
    if _ROUNDED.fullmatch(bare):
        return f"{text!r} is a number that a spreadsheet rounded; make the column text"
    if re.fullmatch(r"\d{12,13}", bare, re.ASCII):
        return f"{text!r} is a bar code; open the product on Amazon and copy its address"
    padded = bare.upper().zfill(10)
    if 7 <= len(bare) < 10 and is_isbn10(padded):
        return f"{text!r} looks like an ISBN whose zero a spreadsheet dropped; write {padded}"
    return (
        f"{text!r} is not an ASIN (ten letters or digits, like B00EXAMPLE) "
        "nor the address of an Amazon product page"
    )


def _book(written: str, isbn: str) -> ProductAddress:
    return ProductAddress(isbn, None, f"{written} is the ASIN {isbn}")


def _bare_in(text: str) -> set[ProductAddress]:
    """Return the products a text names without an address."""
    asins = {match.upper() for match in _IN_TEXT.findall(text)}
    named = {ProductAddress(asin, None) for asin in asins if _CERTAIN.fullmatch(asin)}
    if named:
        return named
    books = set()
    for written in _ISBN_IN_TEXT.findall(text):
        # Any number in a text may look like a wrong ISBN.
        with suppress(InvalidIsbnError):
            if (isbn := isbn10_of(written)) is not None:
                books.add(_book(written, isbn))
    return books


def _addresses_in(text: str) -> Iterator[ProductAddress]:
    """Yield the products that the addresses in a text lead to.

    Raises:
        ShortLinkError: There are only short links.
        UnknownLocaleError: There is only a product of another site.
    """
    problem: ValueError | None = None
    is_found = False
    for match in _ADDRESS.finditer(text):
        try:
            address = _address(match["host"], match["rest"], match.group().rstrip(".,;:!?)>]'"))
        except (ShortLinkError, UnknownLocaleError) as error:
            problem = problem or error
            continue
        if address is not None:
            is_found = True
            yield address
    if problem is not None and not is_found:
        raise problem


def _address(host: str, rest: str, url: str) -> ProductAddress | None:
    name = host.lower().removeprefix("www.")
    if name == "keepa.com" and (product := _KEEPA_PRODUCT.match(rest.removeprefix("/"))):
        return ProductAddress(product[2].upper(), locale_of_keepa_id(int(product[1])))
    if name == _SHORT_WITH_ASIN and (asin := _asin_in(rest)):
        return ProductAddress(asin, locale_of_host("amazon.com"))
    if is_short_host(name):
        raise ShortLinkError(url)
    try:
        locale = locale_of_host(host)
    except UnknownLocaleError:
        # A redirector has the address it leads to in a parameter.
        for inner in _inner_addresses(rest):
            return inner
        if _asin_in(rest) is None:
            return None
        raise
    asin = _asin_in(rest)
    return None if asin is None else ProductAddress(asin, locale)


def _inner_addresses(rest: str) -> Iterator[ProductAddress]:
    """Yield what is at the Amazon addresses within the path and the parameters of another."""
    for text in (unquote(rest), unquote(unquote(rest))):
        # Its own beginning is no address.
        for match in re.finditer(r"https?://[^\s<>\"]*", text):
            inner = _ADDRESS.match(match.group())
            if inner is None:
                continue
            try:
                locale = locale_of_host(inner["host"])
            except UnknownLocaleError:
                continue
            if (asin := _asin_in(inner["rest"])) is not None:
                yield ProductAddress(asin, locale)


def _asin_in(rest: str) -> str | None:
    """Return the ASIN in what stands behind the host of an Amazon address.

    One that no word looks like is taken before others, behind a known part of a path before
    elsewhere, and the path before parameters.
    """
    try:
        url = urlsplit(rest)
    except ValueError:
        return None
    path, certain = _asin_in_path(url.path)
    if path is not None and certain:
        return path
    for _, value in parse_qsl(url.query):
        # A sponsored link has the path of the product in a parameter.
        inner, certain = _asin_in_path(unquote(value))
        if inner is not None and certain:
            return inner
    if path is not None:
        return path
    for name, value in parse_qsl(url.query):
        if name.lower().partition(".")[0] == "asin" and is_isbn10(value.upper()):
            return value.upper()
    return None


def _asin_in_path(path: str) -> tuple[str | None, bool]:
    """Return the best ASIN of a path, and whether no word looks like it."""
    segments = unquote(path).split("/")
    found: list[tuple[int, str]] = []
    for before, segment in zip(["", *segments], segments, strict=False):
        match = _SEGMENT.match(segment)
        if match is None:
            continue
        asin = match.group().upper()
        follows = before.lower() in _BEFORE_ASIN
        if _CERTAIN.fullmatch(asin):
            found.append((0 if follows else 1, asin))
        elif follows and re.search(r"\d", asin):
            found.append((2 if is_isbn10(asin) else 3, asin))
    if not found:
        return None, False
    rank, asin = min(found, key=lambda ranked: ranked[0])
    return asin, rank < 2


def product_url(asin: str, locale: Locale) -> str:
    """Return the address of a product's page on the Amazon site of `locale`."""
    return f"https://www.{locale.host}/dp/{asin}"
