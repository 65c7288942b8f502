"""What runs cost since requests ask for all that is watched: said once, after the migration."""

from collections import Counter
from datetime import datetime
from typing import Final

from keeper.domain.messages.notices import Trouble
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import detail_of
from keeper.domain.tokens.prices import USUAL_PRICES
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice
from keeper.stores.postgres.watches.watch_list import count_watches_of, watched_products

MIGRATION: Final = "0013_request_detail"
"""Before it every product was asked for with the least, whatever was watched."""
_TOPIC: Final = "request-prices"
_RENT: Final = "RENT"


def announce_prices(connection: Connection, *, operator: str, at: datetime) -> list[str]:
    """Notify the operator of what changes for the watch list, and return it; nothing if nothing.

    Args:
        connection: Where the watch list is.
        operator: E-mail address of who is notified.
        at: Now.
    """
    lines = []
    details = Counter(detail_of(p.checked_at) for p in watched_products(connection, at=at))
    if details.keys() - {Detail.BASIC}:
        needs = [
            f"{details[detail]} watched products need {name}"
            for detail, name in (
                (Detail.BUY_BOX, "the buy box"),
                (Detail.OFFERS, "Keepa's offers"),
            )
            if details[detail]
        ]
        tokens = sum(USUAL_PRICES.estimate(detail, count) for detail, count in details.items())
        lines.append(
            f"{', '.join(needs)}: about {tokens} tokens a run in place of {details.total()}; see "
            "keeper keepa plan"
        )
    if rents := count_watches_of(connection, _RENT):
        lines.append(f"{rents} watches of RENT are paused: Keepa keeps no rents any more")
    if lines:
        trouble = Trouble(
            _TOPIC,
            "runs ask Keepa for all that is watched, and cost accordingly",
            "\n".join(lines),
        )
        raise_notice(connection, trouble, operator=operator, at=at)
    return lines
