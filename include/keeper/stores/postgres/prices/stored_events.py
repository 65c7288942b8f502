"""Stored points and deals as the events that would report them, for the stores that mirror them.

What PostgreSQL does not keep is left out: a point's target price, and the run of its latest check,
for which the run that brought it stands.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeVar

from keeper.domain.deals.events import DealEvent
from keeper.domain.money import to_major
from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.points import PricePoint
from keeper.domain.search.mirroring import DayOfLocale, DaySums
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "stored_events"
_SERIES: Final = 1_000
_EVENTS: Final = 5_000
_FIRST_DAY: Final = date(2011, 1, 1)
_Event = TypeVar("_Event")


class Part(NamedTuple, Generic[_Event]):
    """Some of the events, and the share of all that has been read with them, up to 1."""

    events: tuple[_Event, ...]
    done: float


def all_price_events(connection: Connection) -> Iterator[Part[PriceEvent]]:
    """Yield an event for every stored point, some thousands at a time.

    No transaction stays open for longer than a thousand series take.
    """
    sql = statements(_SQL)
    total = connection.execute(sql["series_to_copy"]).fetchone() or {}
    after, done = 0, 0
    while after < total["last_id"]:
        stretch = {"after": after, "last_id": total["last_id"], "series": _SERIES}
        found = connection.execute(sql["next_series"], stretch).fetchone() or {}
        until = found["last_id"] or total["last_id"]
        with (
            connection.transaction(),
            closing(connection.cursor("points_of_series")) as cursor,
        ):
            cursor.execute(sql["points_of_series"], {"after": after, "until": until})
            while rows := cursor.fetchmany(_EVENTS):
                yield Part(tuple(map(_price_event, rows)), done / total["series"])
        after, done = until, done + found["series"]
        yield Part((), done / total["series"])


def price_events_of_day(connection: Connection, day: DayOfLocale) -> list[PriceEvent]:
    """Return an event for each stored point of a day of a locale."""
    rows = connection.execute(statements(_SQL)["points_of_day"], _span(day))
    return [_price_event(row) for row in rows]


def price_day_sums(
    connection: Connection, *, since: date | None = None
) -> dict[DayOfLocale, DaySums]:
    """Return how many points there are of each day and locale, and the sums of their figures."""
    return _day_sums(connection, "sums_of_price_days", since)


def all_deal_events(connection: Connection) -> Iterator[Part[DealEvent]]:
    """Yield an event for every collected deal, some thousands at a time."""
    sql = statements(_SQL)
    total = (connection.execute(sql["deals_to_copy"]).fetchone() or {})["deals"]
    after, done = "", 0
    while rows := connection.execute(
        sql["next_deals"], {"after": after, "deals": _EVENTS}
    ).fetchall():
        after, done = rows[-1]["event_id"], done + len(rows)
        yield Part(tuple(map(deal_event, rows)), min(done / total, 1) if total else 1)


def deal_events_of_day(connection: Connection, day: DayOfLocale) -> list[DealEvent]:
    """Return an event for each deal that began on a day in a locale."""
    rows = connection.execute(statements(_SQL)["deals_of_day"], _span(day))
    return [deal_event(row) for row in rows]


def deal_day_sums(
    connection: Connection, *, since: date | None = None
) -> dict[DayOfLocale, DaySums]:
    """Return how many deals there are of each day and locale, and the sums of their figures."""
    return _day_sums(connection, "sums_of_deal_days", since)


def deal_event(row: Mapping[str, Any]) -> DealEvent:
    """Return the event that reports a stored deal; `filter` is its filter's name."""

    def major(name: str) -> Any:
        minor = row[name]
        return None if minor is None else to_major(minor, row["currency"])

    return DealEvent(
        asin=row["asin"],
        product_title=row["title"],
        current_price=major("price_minor"),
        original_price=major("original_minor"),
        discount_percent=row["discount_percent"],
        rating=row["rating"],
        review_count=row["review_count"],
        sales_rank=row["sales_rank"],
        domain=row["domain"],
        currency=row["currency"],
        timestamp=row["observed_at"],
        checked_at=row["last_seen_at"],
        event_id=row["event_id"],
        price_type=row["price_type"],
        price_minor=row["price_minor"],
        original_minor=row["original_minor"],
        previous_minor=row["previous_minor"],
        list_price_minor=row["list_price_minor"],
        filter=row["filter"],
        filter_id=row["filter_id"],
        score=row["score"],
        reasons=tuple(row["reasons"]),
        source=row["source"],
        run_id=row["last_run_id"],
        shipping_minor=row["shipping_minor"],
        image_url=row["image_url"],
        root_category=row["root_category"],
        back_in_stock=row["back_in_stock"],
        lightning_ends_at=row["lightning_ends_at"],
    )


def _day_sums(
    connection: Connection, statement: str, since: date | None
) -> dict[DayOfLocale, DaySums]:
    rows = connection.execute(statements(_SQL)[statement], {"since": since or _FIRST_DAY})
    return {
        DayOfLocale(row.pop("domain"), row.pop("day")): DaySums(
            row.pop("number"),
            int(row.pop("checked_ms")),
            {name: int(value) for name, value in row.items()},
        )
        for row in rows
    }


def _span(day: DayOfLocale) -> dict[str, object]:
    since = datetime(day.day.year, day.day.month, day.day.day, tzinfo=UTC)
    return {"domain": day.domain, "since": since, "until": since + timedelta(days=1)}


def _price_event(row: Mapping[str, Any]) -> PriceEvent:
    def point(at: datetime, price: int | None, shipping: int | None) -> PricePoint:
        return PricePoint(
            row["asin"],
            row["domain"],
            row["price_type"],
            at,
            price,
            shipping,
            row["currency"],
        )

    at = row["observed_at"]
    return PriceEvent.of_point(
        point(at, row["price_minor"], row["shipping_minor"]),
        # The event has only its price, so the rest does not matter.
        previous=point(at, row["previous_minor"], None) if row["has_previous"] else None,
        target_minor=None,
        title=row["title"],
        image_url=row["image_url"],
        implausible=row["implausible"],
        checked_at=row["last_checked_at"],
        source=row["source"],
        run_id=row["run_id"],
    )
