"""Deals by the words of their titles, for those who may see them.

Elasticsearch ranks, PostgreSQL decides: what is shown, and who may see it, comes from there alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from elasticsearch import Elasticsearch

from keeper.domain.users.access import Account
from keeper.pipeline.deals.found import DealWhere, PagedDeal
from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
from keeper.stores.elasticsearch.deal_search import find_deals
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.deal_pages import deal_page, filter_ids
from keeper.stores.postgres.users.visibility import visible_to

__all__ = ["deals_named", "found_by_words", "searchable"]


def searchable(connection: Connection, account: Account) -> list[int] | None:
    """Return the saved searches whose deals a user may see; None for all of them."""
    if account.is_operator:
        return None
    return filter_ids(connection, visible_to(account))


def found_by_words(
    client: Elasticsearch, words: str, *, filters: Sequence[int] | None, domain: str | None
) -> list[str]:
    """Return the ids of the deals with these words, the best first, as far as they are indexed.

    Raises:
        SearchUnavailableError: Elasticsearch does not answer.
        SearchRejectedError: It refuses, as when nothing is indexed yet.
    """
    if filters is not None and not filters:
        return []
    return find_deals(client, DEALS_ALIAS, words, filter_ids=filters, domain=domain)


def deals_named(
    connection: Connection, account: Account, ids: Sequence[str], where: DealWhere, *, most: int
) -> list[PagedDeal]:
    """Return those of some deals that a user may see and that are asked for, in their order."""
    named = list(ids)
    found = deal_page(
        connection,
        visible_to(account),
        replace(where, search=None),
        event_ids=named,
        most=len(named),
    )
    seen = {deal.event_id: deal for deal in found}
    return [seen[number] for number in named if number in seen][:most]
