"""Finds products by category or by what they are like: best sellers, product finder, categories."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from math import ceil
from typing import Final, Protocol

from pydantic import ValidationError

from keeper.domain.asins import is_asin
from keeper.domain.discovery import RANK_RANGES
from keeper.domain.locales import Locale
from keeper.domain.prices.points import from_keepa_minutes
from keeper.domain.prices.types import PRICE_TYPES
from keeper.domain.tokens.balance import TokenRequest
from keeper.errors import TerminalError
from keeper.sources.keepa.document import (
    JsonObject,
    NotJsonError,
    as_array,
    as_object,
    as_text,
    parse,
)
from keeper.sources.keepa.errors import (
    SELECTION_REFUSED,
    KeepaDecodeError,
    KeepaRequestRejectedError,
)
from keeper.sources.keepa.transport import Reply

_LOG: Final = logging.getLogger(__name__)

BEST_SELLERS_COST: Final = 50
CATEGORY_SEARCH_COST: Final = 1
FINDER_PAGE_COST: Final = 11
"""Of a page of 100, the size asked for where nothing else is."""
_FINDER_COST: Final = 10
_FOUND_FOR_A_TOKEN: Final = 100
_SMALLEST_PAGE: Final = 50
_LARGEST_PAGE: Final = 10_000
"""Also as far as Keepa pages: nothing beyond its first 10,000 results can be had."""
_SHORTEST_WORD: Final = 3
_MISSPELT: Final = 0.9
"""So alike, by difflib's ratio, two names are one and a slip of the finger."""
_SERIES_FIELD: Final = re.compile(r"[a-z][A-Za-z0-9]*_([A-Z_]+)_(?:gte|lte)")
_PRICE_FIELD: Final = re.compile(r"(?:current|avg\d+)_(?P<series>[A-Z_]+)_(?:gte|lte)")
_PRICES: Final = frozenset(series.name for series in PRICE_TYPES if series.is_price)
_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
_KEEPERS: Final = frozenset({"page", "perPage", "domainId"})
"""Fields Keeper fills in: the page it wants, and the locale of the search."""


class ShortTermError(TerminalError):
    """A word too short for Keepa's search of categories."""


class FinderSelectionError(TerminalError):
    """A product-finder selection that Keepa refuses, or would refuse.

    Attributes:
        field: The field at fault; empty if Keepa did not say.
    """

    def __init__(self, field: str, text: str) -> None:
        """Keep the field beside the text for people."""
        super().__init__(text)
        self.field = field


class CategoryUnknownError(TerminalError):
    """Keepa has no best sellers of the category asked for."""


class Asks(Protocol):
    """What sends a request to Keepa: KeepaClient."""

    def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        """Send one request of any endpoint and return its reply."""


@dataclass(frozen=True, slots=True)
class FoundProducts:
    """Products one request found.

    Attributes:
        locale: Which Amazon was searched.
        asins: In Keepa's order, each once.
        total: How many there are in all, those of other pages included.
        updated_at: When Keepa made the list; None for a finder, which searches right then.
        tokens: What the request cost.
    """

    locale: Locale
    asins: tuple[str, ...]
    total: int
    updated_at: datetime | None
    tokens: int


@dataclass(frozen=True, slots=True)
class FoundCategory:
    """A category of an Amazon.

    Attributes:
        category: Its number.
        name: As Amazon calls it, without the categories above it.
        parent: The number of the category above; 0 for a root category.
        products: Keepa's estimate of how many products it has; None if it does not say.
    """

    category: int
    name: str
    parent: int
    products: int | None


def best_sellers(client: Asks, locale: Locale, category: int, range_days: int = 0) -> FoundProducts:
    """Ask for a category's best sellers, the best first. Costs 50 tokens.

    Args:
        client: Sends the request.
        locale: Which Amazon.
        category: Amazon's number of a root category or one below.
        range_days: Order by the rank's average over so many days, one of RANK_RANGES.

    Raises:
        CategoryUnknownError: Keepa has no such list.
        KeepaDecodeError: The reply has another shape.
        KeeperError: As errors.py says.
    """
    if range_days not in RANK_RANGES:
        raise ValueError(f"ranks are averaged over {RANK_RANGES} days, not {range_days}")
    reply = client.ask(
        TokenRequest("bestsellers", BEST_SELLERS_COST, locale.domain),
        {"domain": locale.keepa_id, "category": category, "range": range_days},
    )
    listed = as_object(_document(reply).get("bestSellersList"))
    asins, _ = _asins(listed, "asinList") if listed is not None else ((), 0)
    if listed is None or not asins:
        raise CategoryUnknownError(
            f"Keepa has no best sellers of category {category} on {locale.host}; look for its "
            f"number: keeper discover categories --domain {locale.domain} --search NAME"
        )
    updated = listed.get("lastUpdate")
    return FoundProducts(
        locale=locale,
        asins=asins,
        total=len(asins),
        updated_at=from_keepa_minutes(updated) if type(updated) is int and updated > 0 else None,
        tokens=reply.envelope.tokens_consumed,
    )


def find_products(
    client: Asks,
    locale: Locale,
    selection: Mapping[str, object],
    max_products: int,
    page_size: int = 100,
) -> Iterator[FoundProducts]:
    """Ask the product finder, a page at a time, each only when it is wanted.

    A page costs 10 tokens and 1 for each 100 products on it. The pages end with what there is or
    with `max_products`, whichever comes first.

    Args:
        client: Sends the requests.
        locale: Which Amazon.
        selection: Keepa's selection fields by their own names.
        max_products: No more in all; beyond 10,000 Keepa has none.
        page_size: Products a page, 50 to 10,000.

    Raises:
        FinderSelectionError: Keepa refuses the selection; names the field.
        KeepaDecodeError: A reply has another shape.
        KeeperError: As errors.py says.
    """
    size = min(max(page_size, _SMALLEST_PAGE), _LARGEST_PAGE)
    wanted = min(max_products, _LARGEST_PAGE)
    for page in range(ceil(wanted / size)):
        asked = {**selection, "page": page, "perPage": size}
        reply = _ask_finder(client, locale, asked, _FINDER_COST + ceil(size / _FOUND_FOR_A_TOKEN))
        document = _document(reply)
        asins, listed = _asins(document, "asinList")
        total = document.get("totalResults")
        done = page * size
        yield FoundProducts(
            locale=locale,
            asins=asins[: wanted - done],
            total=total if type(total) is int else done + listed,
            updated_at=None,
            tokens=reply.envelope.tokens_consumed,
        )
        # A page's count says it more surely than totalResults, which may change between pages.
        if listed < size:
            return


def search_categories(client: Asks, locale: Locale, term: str) -> list[FoundCategory]:
    """Look for categories by words of their names. Costs 1 token.

    Returns:
        The largest first; empty if there are none.

    Raises:
        ShortTermError: A word has fewer than three letters, by which Keepa finds nothing; raised
            before anything is sent.
        KeepaDecodeError: The reply has another shape.
        KeeperError: As errors.py says.
    """
    if short := [word for word in term.split() if len(word) < _SHORTEST_WORD]:
        raise ShortTermError(
            f"Keepa finds no category by {', '.join(map(repr, short))}: each word must have at "
            f"least {_SHORTEST_WORD} letters"
        )
    reply = client.ask(
        TokenRequest("search", CATEGORY_SEARCH_COST, locale.domain),
        {"domain": locale.keepa_id, "type": "category", "term": term},
    )
    listed = _document(reply).get("categories")
    if listed is None:
        return []
    nodes = as_object(listed)
    if nodes is None:
        raise KeepaDecodeError("`categories` of this reply is not an object")
    found = [category for node in nodes.values() if (category := _category(as_object(node)))]
    return sorted(found, key=lambda category: (-(category.products or 0), category.category))


def read_selection(text: str) -> dict[str, object]:
    """Read a product-finder selection and check its fields before any token is spent.

    A field that is null counts as absent, as in what Keepa's web page exports, and the fields that
    Keeper fills in are dropped from it.

    Raises:
        FinderSelectionError: Not a JSON object, or a field Keepa has not or of the wrong type.
    """
    try:
        given = json.loads(text)
    except ValueError as error:
        raise FinderSelectionError("", f"the selection is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise FinderSelectionError(
            "", 'the selection is not an object like {"current_SALES_lte": 1000}'
        )
    selection = {
        name: value for name, value in given.items() if value is not None and name not in _KEEPERS
    }
    if not selection:
        raise FinderSelectionError("", "the selection selects nothing; give it a field")
    for name, value in selection.items():
        if problem := _mistake(name, value):
            raise FinderSelectionError(name, f"`{name}` {problem}")
    return selection


def price_bounds(selection: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    """Yield the fields of a selection that bound a price, with their amounts in minor units.

    The finder takes no other unit, which a person easily overlooks.
    """
    for name, value in selection.items():
        found = _PRICE_FIELD.fullmatch(name)
        if found and found["series"] in _PRICES and isinstance(value, int) and value > 0:
            yield name, value


def _ask_finder(client: Asks, locale: Locale, selection: Mapping[str, object], cost: int) -> Reply:
    try:
        return client.ask(
            TokenRequest("query", cost, locale.domain),
            {"domain": locale.keepa_id, "selection": json.dumps(selection)},
        )
    except KeepaRequestRejectedError as error:
        if error.status not in SELECTION_REFUSED:
            raise
        field = error.details
        about = f"field `{field}` of the finder's selection" if field else "the finder's selection"
        raise FinderSelectionError(
            field, f"Keepa rejects {about}: {error.message or error}; save it again, corrected"
        ) from error


def _document(reply: Reply) -> JsonObject:
    try:
        document = as_object(parse(reply.body))
    except NotJsonError as error:
        raise KeepaDecodeError(f"the reply is not whole JSON ({error})") from None
    if document is None:
        raise KeepaDecodeError("the reply is not an object")
    return document


def _asins(node: JsonObject, name: str) -> tuple[tuple[str, ...], int]:
    """Return the ASINs of a list, each once, and how many entries it had."""
    listed = node.get(name)
    if listed is None:
        return (), 0
    entries = as_array(listed)
    if entries is None:
        raise KeepaDecodeError(f"`{name}` of this reply is not a list")
    given = [as_text(entry) for entry in entries]
    asins = [asin for asin in given if asin is not None and is_asin(asin)]
    if wrong := len(given) - len(asins):
        _LOG.warning("%d of %d entries of `%s` are not ASINs and left out", wrong, len(given), name)
    return tuple(dict.fromkeys(asins)), len(given)


def _category(node: JsonObject | None) -> FoundCategory | None:
    number = None if node is None else node.get("catId")
    if node is None or type(number) is not int:
        return None
    parent, products = node.get("parent"), node.get("productCount")
    return FoundCategory(
        category=number,
        name=as_text(node.get("name")) or as_text(node.get("contextFreeName")) or "",
        parent=parent if type(parent) is int else 0,
        products=products if type(products) is int else None,
    )


def _mistake(name: str, value: object) -> str | None:
    """Return what is wrong with a field by the `keepa` package's model of it, None if nothing."""
    from keepa.models.backend import ProductFinderRequest

    if name not in ProductFinderRequest.model_fields:
        near = get_close_matches(name, _finder_fields(), n=1, cutoff=_MISSPELT)
        if near and not _is_of_a_series(name):
            return f"is no field of Keepa's product finder; did you mean `{near[0]}`?"
        if not _FIELD_NAME.fullmatch(name):
            return "is no field of Keepa's product finder"
        # Keepa adds fields more often than the package is renewed.
        _LOG.warning("the keepa package does not know `%s`; whether it is right, Keepa says", name)
        return None
    complaint = None
    # Keepa takes one value where the model has a list of them.
    for attempt in (value, [value]):
        try:
            ProductFinderRequest(**{name: attempt})
        except ValidationError as error:
            complaint = complaint or error.errors()[0]["msg"]
        else:
            return None
    return f"is wrong ({complaint}): {json.dumps(value)[:100]}"


def _is_of_a_series(name: str) -> bool:
    """Whether a field is named like Keepa's own of a series: `current_SALES_lte`."""
    named = _SERIES_FIELD.fullmatch(name)
    return named is not None and any(named[1] == series.name for series in PRICE_TYPES)


@cache
def _finder_fields() -> tuple[str, ...]:
    from keepa.models.backend import ProductFinderRequest

    return tuple(ProductFinderRequest.model_fields)
