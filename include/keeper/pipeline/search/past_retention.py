"""Which documents of a mirror are past their retention, whatever became of their rows."""

from collections.abc import Callable
from datetime import datetime, timedelta

from keeper.domain.search.mirroring import DayOfLocale
from keeper.pipeline.search.mirrors import DEALS, Mirror
from keeper.stores.elasticsearch.bulk import version_of
from keeper.stores.elasticsearch.day_sums import StoredDocument
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.storage.retention import partitions

IsExpired = Callable[[DayOfLocale, StoredDocument], bool]


def expired_in(
    mirror: Mirror, connection: Connection, *, records_days: int, at: datetime
) -> IsExpired:
    """Return what says of a document whether PostgreSQL has dropped its row for its age.

    Args:
        mirror: Prices or deals.
        connection: PostgreSQL: prices from before its first partition are gone.
        records_days: For how many days after they were last seen deals are kept.
        at: Now.
    """
    if mirror.name == DEALS.name:
        last_seen = version_of(at - timedelta(days=records_days))
        return lambda _, document: document.checked_ms < last_seen
    known = partitions(connection)
    if not known or known[0].since is None:
        return lambda *_: False
    first_day = known[0].since.date()
    return lambda day, _: day.day < first_day
