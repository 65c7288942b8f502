"""Products: those of one's own watches and deals, by the words of their titles."""

import logging
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.prices.shapes import ProductPricesReply
from keeper.console.api.shapes import TEXT, Domain, Reply
from keeper.console.auth import PriceReader
from keeper.console.context import ConsoleContext, Context
from keeper.console.paging import Cursor, Limit, read_cursor, write_cursor
from keeper.console.problems import (
    BAD_CURSOR,
    NOT_SIGNED_IN,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.domain.asins import is_asin
from keeper.domain.users.access import Account
from keeper.errors import KeeperError
from keeper.pipeline.prices.stored import ProductPrices
from keeper.pipeline.search.products import (
    ListedProduct,
    ProductKey,
    ProductsWanted,
    found_by_words,
    products_named,
    products_of,
)

_LOG: Final = logging.getLogger(__name__)
_ORDER: Final = "asin"
router = APIRouter(prefix="/products", tags=["products"])


class SearchedIn(StrEnum):
    """What found the products."""

    ELASTICSEARCH = "elasticsearch"
    POSTGRES = "postgres"


class ProductPage(Reply):
    """A page of products."""

    items: list[ProductPricesReply]
    searched_in: SearchedIn = Field(
        description="PostgreSQL knows what titles say now, Elasticsearch what they ever said. "
        "PostgreSQL is asked without words, and while Elasticsearch is away."
    )
    next_cursor: str | None = Field(
        description="Where the next page begins; null after the last. What Elasticsearch finds is "
        "one page."
    )


@router.get("", responses=answers(NOT_SIGNED_IN, SCOPE_MISSING) | answers(BAD_CURSOR), name="list")
async def list_products(
    caller: PriceReader,
    context: Context,
    q: Annotated[
        str | None,
        Query(max_length=200, pattern=TEXT, description="An ASIN, or words of a title."),
    ] = None,
    domain: Annotated[Domain | None, Query(description="Only in this locale.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> ProductPage:
    """List products of one's watches and deals with their prices; an operator sees all."""
    words = (q or "").strip() or None
    after = _read_key(cursor)
    if words and after is None:
        found = await _search(context, caller.account, words, domain, limit)
        if found is not None:
            return _page(found, SearchedIn.ELASTICSEARCH, None, context)
    # One more says whether there is a next page.
    wanted = ProductsWanted(limit + 1, domain, words, after=after)
    work = partial(products_of, account=caller.account, wanted=wanted)
    found = await context.database.run(work)
    last = found[limit - 1] if len(found) > limit else None
    return _page(found[:limit], SearchedIn.POSTGRES, last, context)


async def _search(
    context: ConsoleContext, account: Account, words: str, domain: str | None, limit: int
) -> list[ListedProduct] | None:
    """Return what Elasticsearch finds; None where it cannot be asked."""
    if context.search is None:
        return None
    try:
        keys = await context.search.run(partial(found_by_words, words=words, domain=domain))
    except KeeperError as error:
        _LOG.info("PostgreSQL is searched instead: %s", error)
        return None
    work = partial(products_named, account=account, keys=keys, most=limit)
    return await context.database.run(work)


def _read_key(cursor: str | None) -> ProductKey | None:
    start = read_cursor(cursor, _ORDER)
    if start is None:
        return None
    asin, _, domain = start[0].partition("/")
    if not is_asin(asin):
        raise ProblemError(BAD_CURSOR)
    return ProductKey(asin, domain)


def _page(
    products: list[ListedProduct],
    searched_in: SearchedIn,
    last: ListedProduct | None,
    context: ConsoleContext,
) -> ProductPage:
    return ProductPage(
        items=[
            ProductPricesReply.of_product(*one.key, ProductPrices(one.product, one.prices), context)
            for one in products
        ],
        searched_in=searched_in,
        next_cursor=None if last is None else write_cursor(_ORDER, "/".join(last.key), 0),
    )
