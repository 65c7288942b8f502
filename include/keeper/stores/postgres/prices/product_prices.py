"""What is stored of single products: now, point by point, and as columns for a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from psycopg import sql
from psycopg.rows import tuple_row

from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.product_kinds import ProductKind
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "product_prices"
POINTS_A_STRETCH: Final = 4
"""Its lowest, its highest, its last, and one without an offer."""
MOST_DOUBTED: Final = 200
_EPOCH_S: Final = int(KEEPA_EPOCH.timestamp())
_TIME_BITS: Final = 31
_AMOUNT_BITS: Final = 32


class PointSort(StrEnum):
    """What points are sorted by; with a minus the other way round."""

    NEWEST_FIRST = "-observed_at"
    OLDEST_FIRST = "observed_at"


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """A product as Keepa last described it."""

    title: str | None = None
    image_url: str | None = None
    kind: ProductKind = ProductKind.STANDARD
    variations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesPrice:
    """The current price of a series; amounts in minor units, None without an offer."""

    price_type: str
    price_minor: int | None
    shipping_minor: int | None
    observed_at: datetime | None
    last_checked_at: datetime | None
    seen_at: datetime | None
    implausible: bool
    is_price_hidden: bool
    source: str | None


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """From `observed_at` until the next point the price was this; None without an offer.

    It was first seen at `checked_at`, and last as the newest one at `last_checked_at`.
    """

    observed_at: datetime
    price_minor: int | None
    shipping_minor: int | None
    implausible: bool
    checked_at: datetime
    last_checked_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class PriceOrigin:
    """Where a current price is from.

    Attributes:
        source: keepa or simulator.
        run_id: The run that brought it; None if none did.
        observed_at: Since when it holds, as Keepa says.
        seen_at: When Keepa itself had last looked; None if it does not say.
        last_checked_at: When Keepa was last asked.
    """

    source: str
    run_id: str | None
    observed_at: datetime
    seen_at: datetime | None
    last_checked_at: datetime


@dataclass(frozen=True, slots=True)
class PointsWanted:
    """A page of points.

    Attributes:
        since: The first moment that counts.
        until: The first that does not count any more.
        sort: In which order.
        most: How many at most.
        after: The moment of the last point before the page; None for the first page.
    """

    since: datetime
    until: datetime
    sort: PointSort = PointSort.NEWEST_FIRST
    most: int = 100
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class PriceColumns:
    """A series' plausible points by time: `amounts[i]` held from `times[i]` on.

    Attributes:
        times: In seconds since 1970.
        amounts: In minor units; None without an offer.
        known: How many points there are; more than these if they were thinned.
        doubted: Times and amounts of points that nothing has confirmed; the newest of them.
    """

    times: list[int]
    amounts: list[int | None]
    known: int
    doubted: list[tuple[int, int | None]]


def find_product(connection: Connection, asin: str, domain: str) -> StoredProduct | None:
    """Return a product; None if nobody has fetched it."""
    where = {"asin": asin, "domain": domain}
    row = connection.execute(statements(_SQL)["product"], where).fetchone()
    if row is None:
        return None
    kind = ProductKind(row["kind"]) if row["kind"] else ProductKind.STANDARD
    return StoredProduct(row["title"], row["image_url"], kind, tuple(row["variations"] or ()))


def current_prices_of(connection: Connection, asin: str, domain: str) -> list[SeriesPrice]:
    """Return the current prices of a product, by price type."""
    where = {"asin": asin, "domain": domain}
    rows = connection.execute(statements(_SQL)["current_prices"], where)
    return [SeriesPrice(**row) for row in rows]


def find_series(connection: Connection, asin: str, domain: str, price_type: str) -> int | None:
    """Return the number of a series; None if nothing is stored of it."""
    where = {"asin": asin, "domain": domain, "price_type": price_type}
    row = connection.execute(statements(_SQL)["series_id"], where).fetchone()
    return None if row is None else int(row["series_id"])


def origin_of(
    connection: Connection, asin: str, domain: str, price_type: str
) -> PriceOrigin | None:
    """Return where the current price of a series is from; None if there is none."""
    where = {"asin": asin, "domain": domain, "price_type": price_type}
    row = connection.execute(statements(_SQL)["origin"], where).fetchone()
    return None if row is None else PriceOrigin(**row)


def point_page(connection: Connection, series_id: int, wanted: PointsWanted) -> list[StoredPoint]:
    """Return a page of a series' points, the implausible ones too."""
    is_back = wanted.sort is PointSort.NEWEST_FIRST
    statement = sql.SQL(statements(_SQL)["point_page"]).format(
        later=sql.SQL("<" if is_back else ">"), direction=sql.SQL("DESC" if is_back else "ASC")
    )
    values = {
        "series_id": series_id,
        "since": wanted.since,
        "until": wanted.until,
        "after": wanted.after,
        "most": wanted.most,
    }
    return [StoredPoint(**row) for row in connection.execute(statement, values)]


def price_columns(
    connection: Connection,
    series_id: int,
    *,
    since: datetime,
    until: datetime,
    points: int,
    with_shipping: bool,
) -> PriceColumns:
    """Return a series' plausible points before `until`, led by the one that held at `since`.

    More than `points` are thinned: of each of equally long stretches of time the lowest, the
    highest and the last stay, and one without an offer if there is any. So no low and no gap is
    lost, and each is where it was.
    """
    values = {
        "series_id": series_id,
        "since": since,
        "until": until,
        "with_shipping": with_shipping,
    }
    extent = connection.execute(statements(_SQL)["extent"], values).fetchone()
    known = extent["points"] if extent else 0
    pairs: list[tuple[int, int | None]]
    with connection.cursor(row_factory=tuple_row) as cursor:
        pairs = cursor.execute(statements(_SQL)["point_before"], values).fetchall()
        lead = len(pairs)
        if extent is None or known + lead <= points:
            pairs += cursor.execute(statements(_SQL)["columns"], values).fetchall()
        else:
            # One stretch more than counted may be touched, as they begin at fixed moments.
            stretches = (points - lead) // POINTS_A_STRETCH - 1
            width = (extent["last_s"] - extent["first_s"]) // stretches + 1
            pairs += _thinned(connection, values | {"width_s": width})
        doubted: list[tuple[int, int | None]] = []
        if extent is not None and extent["doubted"]:
            asked = values | {"most": MOST_DOUBTED}
            statement = statements(_SQL)["implausible_points"]
            doubted = cursor.execute(statement, asked).fetchall()[::-1]
    times, amounts = [at for at, _ in pairs], [amount for _, amount in pairs]
    return PriceColumns(times, amounts, known + lead, doubted)


def _thinned(connection: Connection, values: Mapping[str, Any]) -> list[tuple[int, int | None]]:
    pairs: list[tuple[int, int | None]] = []
    for row in connection.execute(statements(_SQL)["thinned"], values):
        pairs += points_of_stretch(row)
    return pairs


def points_of_stretch(row: Mapping[str, Any]) -> list[tuple[int, int | None]]:
    """Return what stays of a stretch, as `thinned` has it: seconds since 1970, and amounts."""
    last_s, last = divmod(row["last"], 1 << _AMOUNT_BITS)
    own: dict[int, int | None] = {last_s: last - 1 if last else None}
    if row["gap"] is not None:
        own[row["gap"]] = None
    for code in (row["lowest"], row["highest"]):
        if code is not None:
            own[code % (1 << _TIME_BITS)] = code >> _TIME_BITS
    return [(_EPOCH_S + at_s, own[at_s]) for at_s in sorted(own)]
