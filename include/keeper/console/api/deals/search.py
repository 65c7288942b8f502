"""Deals by the words of their titles, the best match first."""

import logging
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.deals.deals import Filters
from keeper.console.api.deals.shapes import DealReply
from keeper.console.api.shapes import TEXT, Reply
from keeper.console.api.spoken import Spoken
from keeper.console.auth import DealReader
from keeper.console.context import ConsoleContext, Context
from keeper.console.paging import Limit
from keeper.console.problems import BAD_REQUEST, NOT_SIGNED_IN, SCOPE_MISSING, answers
from keeper.domain.users.access import Account
from keeper.domain.users.languages import Language
from keeper.errors import KeeperError
from keeper.pipeline.deals.found import DealSort, DealWhere, PagedDeal, deals_of
from keeper.pipeline.deals.full_text import deals_named, found_by_words, searchable

_LOG: Final = logging.getLogger(__name__)
router = APIRouter(prefix="/deals", tags=["deals"])


class SearchedIn(StrEnum):
    """What found the deals."""

    ELASTICSEARCH = "elasticsearch"
    POSTGRES = "postgres"


class FoundDeals(Reply):
    """Deals, the best match first."""

    items: list[DealReply]
    searched_in: SearchedIn = Field(
        description="Elasticsearch finds words in any order; PostgreSQL, which is asked while "
        "Elasticsearch is away, what is written just so, the best deal first."
    )


@router.get("/search", responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, BAD_REQUEST), name="search")
async def search(
    caller: DealReader,
    context: Context,
    q: Annotated[
        str,
        Query(
            min_length=1, max_length=200, pattern=TEXT, description="Words of a title, or an ASIN."
        ),
    ],
    filters: Filters,
    language: Spoken,
    limit: Limit = 100,
) -> FoundDeals:
    """Search the deals of one's own searches by words; an operator everybody's."""
    where = filters.where(context, q)
    found = await _by_rank(context, caller.account, q, where, limit)
    if found is not None:
        return _reply(found, SearchedIn.ELASTICSEARCH, language)
    work = partial(
        deals_of,
        account=caller.account,
        where=where,
        sort=DealSort.BEST,
        after=None,
        most=limit,
    )
    return _reply(await context.database.run(work), SearchedIn.POSTGRES, language)


async def _by_rank(
    context: ConsoleContext, account: Account, words: str, where: DealWhere, limit: int
) -> list[PagedDeal] | None:
    """Return what Elasticsearch finds; None where it cannot be asked."""
    if context.search is None:
        return None
    seen = await context.database.run(partial(searchable, account=account))
    try:
        ids = await context.search.run(
            partial(found_by_words, words=words, filters=seen, domain=where.domain)
        )
    except KeeperError as error:
        _LOG.info("PostgreSQL is searched instead: %s", error)
        return None
    work = partial(deals_named, account=account, ids=ids, where=where, most=limit)
    return await context.database.run(work)


def _reply(deals: list[PagedDeal], searched_in: SearchedIn, language: Language) -> FoundDeals:
    return FoundDeals(
        items=[DealReply.of_deal(deal, language) for deal in deals], searched_in=searched_in
    )
