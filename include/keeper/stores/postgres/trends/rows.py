"""Reading trends: windows of groups, their price index, and movers."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "trends"
Scope = Literal["locale", "category", "brand"]


@dataclass(frozen=True, slots=True)
class Group:
    """Whose trends are meant.

    Attributes:
        domain: The locale.
        price_type: Keepa's name of the price.
        root_category: Keepa's number of it; None for the locale as a whole, or any.
        brand: None for the category as a whole, or any.
    """

    domain: str
    price_type: str
    root_category: int | None = None
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class PageKey:
    """The row a page begins after."""

    after_at: datetime | None = None
    after_category: int | None = None
    after_brand: str | None = None


@dataclass(frozen=True, slots=True)
class TrendRow:
    """A window of a group in whole numbers; see docs/TRENDS.md."""

    started_at: datetime
    root_category: int
    brand: str
    products: int
    changes: int
    drops: int
    median_drop_bp: int | None
    sold_out: int
    deals: int
    deal_score_sum: int


@dataclass(frozen=True, slots=True)
class IndexDay:
    """A day of a price index: 100 before the first."""

    day: date
    products: int
    moved: int
    step_percent: Decimal
    price_index: Decimal


@dataclass(frozen=True, slots=True)
class Mover:
    """A product whose price is far from what it usually costs."""

    asin: str
    domain: str
    price_type: str
    title: str | None
    currency: str
    price_minor: int
    median_minor: int
    change_percent: Decimal
    z_score: Decimal
    days: int


def trend_page(
    connection: Connection,
    group: Group,
    *,
    span: str,
    scope: Scope,
    floor: int,
    since: datetime | None,
    after: PageKey,
    most: int,
) -> list[TrendRow]:
    """Return windows of groups that rest on at least `floor` products, the newest first."""
    values = asdict(group) | asdict(after)
    values |= {"span": span, "scope": scope, "floor": floor, "since": since, "most": most}
    return [TrendRow(**row) for row in connection.execute(statements(_SQL)["trend_page"], values)]


def index_days(
    connection: Connection, group: Group, *, first_day: date, last_day: date, floor: int
) -> list[IndexDay]:
    """Return a group's price index by days that rest on at least `floor` products."""
    values = asdict(group) | {"first_day": first_day, "last_day": last_day, "floor": floor}
    return [IndexDay(**row) for row in connection.execute(statements(_SQL)["index_days"], values)]


def movers_of(
    connection: Connection,
    visibility: Visibility,
    *,
    day: date,
    domain: str | None,
    price_type: str,
    least_z: float,
    most: int,
) -> list[Mover]:
    """Return the products somebody may see whose price of a day is farthest from the usual."""
    values = {
        "owner": visibility.owner_id,
        "day": day,
        "domain": domain,
        "price_type": price_type,
        "least_z": least_z,
        "most": most,
    }
    return [Mover(**row) for row in connection.execute(statements(_SQL)["movers_of"], values)]
