"""Deals that users' searches have found."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from keeper.domain.deals.deal import DealFilter, DealScore
from keeper.domain.deals.events import DealEvent
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.deals.filters import save_filter
from keeper.stores.postgres.deals.writer import DealWriter
from tests.deals import CHECKED_AT, a_deal
from tests.outbox import READER

Found = Callable[..., None]
_FILTER = (
    "SELECT filter_id FROM users JOIN deal_filters USING (user_id)"
    " WHERE email = %(email)s AND deal_filters.name = %(name)s"
)


@pytest.fixture
def found(database: PostgresConfig, connection: Connection) -> Iterator[Found]:
    """Stores deals of a user's filter, which is made if new."""
    with closing(DealWriter(database)) as writer:

        def find(
            *asins: str,
            user: str = READER,
            name: str = "kettles",
            score: int = 63,
            at: datetime = CHECKED_AT,
            hours: float = 0,
            **changes: Any,
        ) -> None:
            save_filter(connection, user, DealFilter(name, "us", "NEW", {}, 40))
            rows = connection.execute(_FILTER, {"email": user, "name": name}).fetchall()
            found_by = DealFilter(name, "us", "NEW", {}, 40, rows[0]["filter_id"])
            evaluated = DealScore(score, ("It is cheap.",), 3000, 33, 800)
            events = [
                DealEvent.of_deal(
                    a_deal(asin=asin, **changes),
                    found_by=found_by,
                    score=evaluated,
                    checked_at=at + timedelta(hours=hours),
                    source="keepa",
                    run_id="run-1",
                )
                for asin in asins
            ]
            writer.store(events)

        yield find
