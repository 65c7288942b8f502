"""What watched prices did lately, in few points each, for the small charts beside a list."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.prices.product_prices import POINTS_A_STRETCH, points_of_stretch
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "product_prices"


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The plausible points of a watch, thinned: `amounts[i]` held from `times[i]` on.

    Attributes:
        watch_id: The watch.
        times: In seconds since 1970, rising.
        amounts: In minor units, as the watch counts them; None without an offer.
    """

    watch_id: int
    times: list[int] = field(default_factory=list)
    amounts: list[int | None] = field(default_factory=list)


def sparklines(
    connection: Connection,
    visibility: Visibility,
    watch_ids: Sequence[int],
    *,
    since: datetime,
    until: datetime,
    points: int,
) -> list[Sparkline]:
    """Return watches that somebody may see and of which something is stored, in the order asked.

    Args:
        connection: Where they are.
        visibility: What somebody may see.
        watch_ids: Which watches.
        since: From when on; each is led by the point that held then.
        until: Now.
        points: How many of each at most. Of each stretch of time the lowest, the highest and the
            last stay, and one without an offer if there is any.
    """
    # One stretch for what led, and one more as the last is touched too.
    stretches = max(points // POINTS_A_STRETCH - 2, 1)
    values = {
        "owner": visibility.owner_id,
        "watch_ids": list(watch_ids),
        "since": since,
        "width_s": (until - since) // timedelta(seconds=1) // stretches + 1,
    }
    found: defaultdict[int, list[tuple[int, int | None]]] = defaultdict(list)
    for row in connection.execute(statements(_SQL)["sparklines"], values):
        found[row["watch_id"]] += points_of_stretch(row)
    return [
        Sparkline(one, [at for at, _ in found[one]], [amount for _, amount in found[one]])
        for one in watch_ids
        if one in found
    ]
