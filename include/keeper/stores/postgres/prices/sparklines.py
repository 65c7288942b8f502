"""What prices did lately, in few points each, for the small charts beside watches and deals."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from psycopg import sql

from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.prices.product_prices import POINTS_A_STRETCH, points_of_stretch
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "product_prices"
_Id = TypeVar("_Id", int, str)


@dataclass(frozen=True, slots=True)
class Sparkline(Generic[_Id]):
    """The plausible points of a price, thinned: `amounts[i]` held from `times[i]` on.

    Attributes:
        of_id: The watch, or the deal.
        times: In seconds since 1970, rising.
        amounts: In minor units, as a watch counts them, of a deal with shipping; None without an
            offer.
    """

    of_id: _Id
    times: list[int] = field(default_factory=list)
    amounts: list[int | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SparklineSpan:
    """What part of a history is drawn.

    Attributes:
        since: From when on; each is led by the point that held then.
        until: Now.
        points: How many of each at most. Of each stretch of time the lowest, the highest and the
            last stay, and one without an offer if there is any.
    """

    since: datetime
    until: datetime
    points: int

    @property
    def width_s(self) -> int:
        """How long a stretch is."""
        # One stretch for what led, and one more as the last is touched too.
        stretches = max(self.points // POINTS_A_STRETCH - 2, 1)
        return (self.until - self.since) // timedelta(seconds=1) // stretches + 1


def watch_sparklines(
    connection: Connection, visibility: Visibility, watch_ids: Sequence[int], span: SparklineSpan
) -> list[Sparkline[int]]:
    """Return watches that somebody may see and of which something is stored, in the order asked."""
    return _sparklines(connection, visibility, "drawn_watches", watch_ids, span)


def deal_sparklines(
    connection: Connection, visibility: Visibility, event_ids: Sequence[str], span: SparklineSpan
) -> list[Sparkline[str]]:
    """Return deals that somebody may see and of which something is stored, in the order asked."""
    return _sparklines(connection, visibility, "drawn_deals", event_ids, span)


def _sparklines(
    connection: Connection,
    visibility: Visibility,
    drawn: str,
    ids: Sequence[_Id],
    span: SparklineSpan,
) -> list[Sparkline[_Id]]:
    statement = sql.SQL(statements(_SQL)["sparklines"]).format(
        drawn=sql.SQL(statements(_SQL)[drawn])
    )
    values = {
        "owner": visibility.owner_id,
        "ids": list(ids),
        "since": span.since,
        "width_s": span.width_s,
    }
    found: defaultdict[_Id, list[tuple[int, int | None]]] = defaultdict(list)
    for row in connection.execute(statement, values):
        found[row["id"]] += points_of_stretch(row)
    return [
        Sparkline(one, [at for at, _ in found[one]], [amount for _, amount in found[one]])
        for one in ids
        if one in found
    ]
