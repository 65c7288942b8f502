"""Deals, saved searches and reports for the console: page by page, only those one may see."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg import sql

from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.deals.filters import SavedFilter, saved_filter
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "deal_pages"


class DealSort(StrEnum):
    """What a page is sorted by; a minus begins with the highest or latest."""

    BEST = "-score"
    DISCOUNT = "-discount_percent"
    SEEN_LAST = "-last_seen_at"
    FOUND_LAST = "-first_seen_at"
    CHEAPEST = "price"


class BadPageStartError(ValueError):
    """A page begins after what is no key of its order."""


_KEYS: Final = {
    DealSort.BEST: ("d.score::int", "int"),
    DealSort.DISCOUNT: ("coalesce(d.discount_percent, -2147483648)", "int"),
    DealSort.SEEN_LAST: ("d.last_seen_at", "timestamptz"),
    DealSort.FOUND_LAST: ("d.first_seen_at", "timestamptz"),
    # What has no offer comes last.
    DealSort.CHEAPEST: ("coalesce(d.price_minor, 9223372036854775807)", "bigint"),
}


@dataclass(frozen=True, slots=True)
class DealWhere:
    """Which deals are asked for; None lets everything pass.

    Attributes:
        user_id: Of whose searches.
        filter_id: Of which search.
        min_score: Scored at least so, and as its search wants.
        min_discount: At least so many percent below what it usually costs.
        domain: Of this locale.
        price_type: Of this price type.
        below_minor: Cheaper than this, in minor units of `currency`.
        currency: Of that amount.
        search: A part of the title, or an ASIN.
        since: Seen again since then.
    """

    user_id: int | None = None
    filter_id: int | None = None
    min_score: int | None = None
    min_discount: int | None = None
    domain: str | None = None
    price_type: str | None = None
    below_minor: int | None = None
    currency: str | None = None
    search: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class DealStart:
    """Where a page begins: after the deal with this key and id."""

    sort_key: str
    event_id: str


@dataclass(frozen=True, slots=True)
class PagedDeal:
    """A deal as the console shows it; amounts in minor units of `currency`.

    Attributes:
        event_id: Its id.
        filter_id: The search that found it.
        filter: That search's name.
        user_id: Whose search it is.
        email: Their address.
        asin: The product.
        domain: Keeper's locale name.
        price_type: Keepa's series name.
        currency: ISO 4217 code.
        title: As Amazon shows it.
        image_url: Address of the main picture.
        price_minor: The price; None without an offer.
        original_minor: What it usually costs: its 90-day average.
        previous_minor: The price just before.
        list_price_minor: What the seller calls the list price.
        discount_percent: How far below its average.
        score: 0 to 100.
        reasons: Why, the weightiest first.
        rating: 0.0 to 5.0.
        review_count: Reviews.
        sales_rank: Rank in the root category.
        back_in_stock: It had no offer before.
        lightning_ends_at: End of a lightning deal.
        observed_at: Since when the price holds.
        first_seen_at: When it was first found.
        last_seen_at: When Keepa last reported it.
        source: "keepa" or "simulator".
        sort_key: What its place in the page's order follows from, as text.
    """

    event_id: str
    filter_id: int
    filter: str
    user_id: int
    email: str
    asin: str
    domain: str
    price_type: str
    currency: str
    title: str | None
    image_url: str | None
    price_minor: int | None
    original_minor: int | None
    previous_minor: int | None
    list_price_minor: int | None
    discount_percent: int | None
    score: int
    reasons: list[str]
    rating: float | None
    review_count: int | None
    sales_rank: int | None
    back_in_stock: bool
    lightning_ends_at: datetime | None
    observed_at: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    source: str
    sort_key: str


@dataclass(frozen=True, slots=True)
class DealCount:
    """How many deals have something in common.

    Attributes:
        kind: What: all, domain, price_type, filter, score, discount or back_in_stock.
        key: Which; None for all, and for deals of which it is not known.
        name: Of a search.
        deals: How many.
    """

    kind: str
    key: str | None
    name: str | None
    deals: int


@dataclass(frozen=True, slots=True)
class PagedFilter:
    """A saved search with whose it is and when it was changed."""

    user_id: int
    email: str
    created_at: datetime
    changed_at: datetime
    saved: SavedFilter

    @property
    def filter_id(self) -> int:
        """Its number."""
        return self.saved.filter.filter_id or 0


@dataclass(frozen=True, slots=True)
class PagedReport:
    """A daily report with how many deals it has, and how many more there were."""

    report_id: int
    user_id: int
    email: str
    since: datetime
    until: datetime
    simulated: bool
    left_out: int
    deals: int


def deal_page(
    connection: Connection,
    visibility: Visibility,
    where: DealWhere,
    *,
    sort: DealSort = DealSort.BEST,
    after: DealStart | None = None,
    most: int = 1,
    event_id: str | None = None,
    event_ids: list[str] | None = None,
) -> list[PagedDeal]:
    """Return a page of the deals somebody may see.

    Raises:
        BadPageStartError: The page begins after what is no key of its order.
    """
    key, key_type = _KEYS[sort]
    is_back = sort.value.startswith("-")
    statement = sql.SQL(statements(_SQL)["deal_page"]).format(
        key=sql.SQL(key),
        type=sql.SQL(key_type),
        later=sql.SQL("<" if is_back else ">"),
        direction=sql.SQL("DESC" if is_back else "ASC"),
    )
    values = {
        **asdict(where),
        "owner": visibility.owner_id,
        "event_id": event_id,
        "event_ids": event_ids,
        "after_key": None if after is None else after.sort_key,
        "after_id": None if after is None else after.event_id,
        "most": most,
    }
    try:
        return [PagedDeal(**row) for row in connection.execute(statement, values)]
    except psycopg.DataError:
        raise BadPageStartError("a page begins after something that is none") from None


def deal_counts(
    connection: Connection, visibility: Visibility, where: DealWhere
) -> list[DealCount]:
    """Return how many deals somebody may see, in all and by what they have in common."""
    values = {**asdict(where), "owner": visibility.owner_id}
    return [DealCount(**row) for row in connection.execute(statements(_SQL)["deal_counts"], values)]


def filter_page(
    connection: Connection,
    visibility: Visibility,
    *,
    filter_id: int | None = None,
    user_id: int | None = None,
    name: str | None = None,
    after: int | None = None,
    most: int = 1,
) -> list[PagedFilter]:
    """Return a page of the saved searches somebody may see, by number, removed ones left out."""
    values = {
        "owner": visibility.owner_id,
        "filter_id": filter_id,
        "user_id": user_id,
        "name": name,
        "after": after,
        "most": most,
    }
    rows = connection.execute(statements(_SQL)["filter_page"], values)
    return [_paged_filter(row) for row in rows]


def report_page(
    connection: Connection,
    visibility: Visibility,
    *,
    report_id: int | None = None,
    user_id: int | None = None,
    since: datetime | None = None,
    before: int | None = None,
    most: int = 1,
) -> list[PagedReport]:
    """Return a page of the daily reports somebody may see, the newest first."""
    values = {
        "owner": visibility.owner_id,
        "report_id": report_id,
        "user_id": user_id,
        "since": since,
        "before": before,
        "most": most,
    }
    rows = connection.execute(statements(_SQL)["report_page"], values)
    return [PagedReport(**row) for row in rows]


def _paged_filter(row: Mapping[str, Any]) -> PagedFilter:
    return PagedFilter(
        row["user_id"], row["email"], row["created_at"], row["updated_at"], saved_filter(row)
    )
