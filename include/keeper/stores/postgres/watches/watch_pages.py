"""Watches for the console: page by page, only those its user may see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg import sql

from keeper.domain.watches.watch import WatchedPrice, WatchStatus
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.users.visibility import Visibility
from keeper.stores.postgres.watches.watch_list import watched_price

_SQL: Final = "watch_pages"


class WatchSort(StrEnum):
    """What a page is sorted by; with a minus the other way round."""

    CHANGED_LAST = "-changed_at"
    CHANGED_FIRST = "changed_at"
    CREATED_LAST = "-created_at"
    CREATED_FIRST = "created_at"
    ASIN = "asin"
    ASIN_BACK = "-asin"
    TITLE = "title"
    TITLE_BACK = "-title"
    CHECKED_LAST = "-checked_at"
    CHECKED_FIRST = "checked_at"
    PRICED_LAST = "-priced_at"
    PRICED_FIRST = "priced_at"
    CHANGE = "change"
    CHANGE_BACK = "-change"
    DISTANCE = "distance"
    DISTANCE_BACK = "-distance"


class PriceIs(StrEnum):
    """How the current price of a watch is.

    AT_TARGET allows one percent, as alerts do. DROPPED: below the one before, for a week at most.
    LOWEST: of 90 days, in which there was a higher one. STALE: nobody has looked for two intervals.
    """

    AT_TARGET = "at_target"
    DROPPED = "dropped"
    LOWEST = "lowest"
    WITHOUT_OFFER = "without_offer"
    STALE = "stale"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class PriceCondition:
    """How the current prices of the watches asked for are.

    Attributes:
        price_is: How.
        at: Now.
        old_after: From what age the price of each type is stale.
    """

    price_is: PriceIs
    at: datetime
    old_after: Mapping[str, timedelta]


class BadPageStartError(ValueError):
    """A page begins after what is no key of its order."""


_TIME: Final = "timestamptz"
_KEYS: Final = {
    "changed_at": ("w.updated_at", _TIME),
    "created_at": ("w.created_at", _TIME),
    "asin": ("w.asin", "text"),
    # By bytes, so that the order is the same in every database.
    "title": ("coalesce(p.title, '') COLLATE \"C\"", 'text COLLATE "C"'),
    # What has no such moment counts as old; what has no such number comes last, either way.
    "checked_at": ("coalesce(w.last_checked_at, '2000-01-01Z')", _TIME),
    "priced_at": ("coalesce(c.observed_at, '2000-01-01Z')", _TIME),
    "change": ("coalesce(({counted})::float8 / {before} - 1, {none})", "float8"),
    "distance": ("coalesce(({counted})::float8 / w.target_minor - 1, {none})", "float8"),
}


@dataclass(frozen=True, slots=True)
class WatchFilter:
    """Which watches are asked for; None lets everything pass."""

    statuses: tuple[WatchStatus, ...] | None = (WatchStatus.ACTIVE, WatchStatus.PAUSED)
    domain: str | None = None
    price_type: str | None = None
    asin: str | None = None
    search: str | None = None
    user_id: int | None = None
    watch_id: int | None = None
    tags: tuple[str, ...] | None = None
    condition: PriceCondition | None = None
    held_at: datetime | None = None
    """Only watches whose alerts are held at that moment."""


@dataclass(frozen=True, slots=True)
class PagedWatch:
    """A watch as the console shows it.

    Attributes:
        watch_id: Its number.
        user_id: Whose it is.
        email: Their address.
        watched: The watch, its product and current price.
        created_at: When it was added.
        changed_at: When it was changed last.
        snoozed_until: Until when its alerts are or were held; None if they never were.
        sort_key: What its place in the page's order follows from, as text.
        image_url: The product's picture; None if it has none.
        before_minor: What the last offer before the current price cost, as the watch counts it.
    """

    watch_id: int
    user_id: int
    email: str
    watched: WatchedPrice
    created_at: datetime
    changed_at: datetime
    snoozed_until: datetime | None
    sort_key: str
    image_url: str | None
    before_minor: int | None


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page begins: after the watch with this key and number."""

    sort_key: str
    watch_id: int


@dataclass(frozen=True, slots=True)
class PageWanted:
    """A page.

    Attributes:
        where: Which watches.
        sort: In which order.
        most: How many at most.
        after: Where it begins; None for the first page.
    """

    where: WatchFilter = field(default_factory=WatchFilter)
    sort: WatchSort = WatchSort.ASIN
    most: int = 100
    after: PageStart | None = None


def watch_page(
    connection: Connection, visibility: Visibility, wanted: PageWanted
) -> list[PagedWatch]:
    """Return a page of the watches somebody may see.

    Raises:
        BadPageStartError: The page begins after what is no key of its order.
    """
    name = wanted.sort.value
    key, key_type = _KEYS[name.removeprefix("-")]
    is_back = name.startswith("-")
    parts = _parts()
    statement = sql.SQL(statements(_SQL)["watch_page"]).format(
        key=sql.SQL(key).format(none=sql.Literal("-Infinity" if is_back else "Infinity"), **parts),
        type=sql.SQL(key_type),
        later=sql.SQL("<" if is_back else ">"),
        direction=sql.SQL("DESC" if is_back else "ASC"),
        where=_asked_for(),
        **parts,
    )
    after = wanted.after
    if after is not None and key_type == _TIME:
        _validate_moment(after.sort_key)
    values = {
        **_values(visibility, wanted.where),
        "after_key": None if after is None else after.sort_key,
        "after_id": None if after is None else after.watch_id,
        "most": wanted.most,
    }
    try:
        return [_paged(row) for row in connection.execute(statement, values)]
    except psycopg.DataError:
        # Python reads more forms of a moment than PostgreSQL.
        raise BadPageStartError("a page begins after something that is none") from None


def count_watches(
    connection: Connection, visibility: Visibility, where: WatchFilter, *, most: int
) -> int:
    """Return how many watches are asked for of those somebody may see; not more than `most`."""
    statement = sql.SQL(statements(_SQL)["watch_count"]).format(where=_asked_for())
    values = {**_values(visibility, where), "most": most}
    (row,) = connection.execute(statement, values).fetchall()
    watches: int = row["watches"]
    return watches


def _parts() -> dict[str, sql.SQL]:
    return {part: sql.SQL(statements(_SQL)[part]) for part in ("before", "counted")}


def _asked_for() -> sql.Composed:
    return sql.SQL(statements(_SQL)["asked_for"]).format(
        shipping=sql.SQL(statements(_SQL)["shipping_of_point"]),
        comparable_since=sql.SQL(statements(_SQL)["comparable_since"]),
        **_parts(),
    )


def _values(visibility: Visibility, where: WatchFilter) -> dict[str, Any]:
    return {
        "owner": visibility.owner_id,
        "watch_id": where.watch_id,
        "user_id": where.user_id,
        "statuses": None if where.statuses is None else [s.value for s in where.statuses],
        "domain": where.domain,
        "price_type": where.price_type,
        "asin": where.asin,
        "search": where.search,
        "tags": None if where.tags is None else list(where.tags),
        **_conditions(where.condition),
        "held_at": where.held_at,
    }


def _conditions(condition: PriceCondition | None) -> dict[str, Any]:
    if condition is None:
        return dict.fromkeys(("price_is", "at", "aging_types", "old_after"))
    return {
        "price_is": condition.price_is.value,
        "at": condition.at,
        "aging_types": list(condition.old_after),
        "old_after": list(condition.old_after.values()),
    }


def _validate_moment(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise BadPageStartError("a page begins after a moment that is none") from None


def find_watch(connection: Connection, visibility: Visibility, watch_id: int) -> PagedWatch | None:
    """Return a watch, a removed one too; None if there is none that somebody may see."""
    wanted = PageWanted(WatchFilter(statuses=None, watch_id=watch_id), most=1)
    return next(iter(watch_page(connection, visibility, wanted)), None)


@dataclass(frozen=True, slots=True)
class UsedTag:
    """A tag, and how many watches have it."""

    tag: str
    watches: int


def used_tags(
    connection: Connection, visibility: Visibility, *, user_id: int | None = None
) -> list[UsedTag]:
    """Return the tags of the watches somebody may see; only of one user if given."""
    values = {"owner": visibility.owner_id, "user_id": user_id}
    return [UsedTag(**row) for row in connection.execute(statements(_SQL)["tags"], values)]


def _paged(row: Mapping[str, Any]) -> PagedWatch:
    return PagedWatch(
        row["watch_id"],
        row["user_id"],
        row["email"],
        watched_price(row),
        row["created_at"],
        row["updated_at"],
        row["snoozed_until"],
        row["sort_key"],
        row["image_url"],
        row["before_minor"],
    )


def watched_products(connection: Connection, visibility: Visibility) -> frozenset[str] | None:
    """Return `locale/ASIN` of what somebody watches; None for who sees everybody's."""
    if visibility.owner_id is None:
        return None
    values = {"owner": visibility.owner_id}
    rows = connection.execute(statements(_SQL)["watched_products"], values)
    return frozenset(row["product"] for row in rows)
