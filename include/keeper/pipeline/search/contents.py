"""What the two stores hold of each kind of thing: read from PostgreSQL, and as documents."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from keeper.domain.deals.events import DealEvent
from keeper.domain.prices.events import PriceEvent
from keeper.domain.runs.records import RunRecord, TokenRecord
from keeper.domain.search.mirroring import DayOfLocale, DaySums
from keeper.stores.elasticsearch import deal_index, price_index, record_index
from keeper.stores.elasticsearch.bulk import Document
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices import stored_events
from keeper.stores.postgres.prices.stored_events import Part
from keeper.stores.postgres.runs import records

_Event = TypeVar("_Event")
_Record = TypeVar("_Record")


class Contents(Protocol[_Event]):
    """One kind of event in both stores. What PostgreSQL has comes as the events that report it."""

    def document(self, event: _Event, /) -> Document:
        """Return the document Elasticsearch has of an event."""

    def everything(self, connection: Connection, /) -> Iterator[Part[_Event]]:
        """Yield all that PostgreSQL has, some thousands at a time."""

    def of_day(self, connection: Connection, day: DayOfLocale, /) -> Sequence[_Event]:
        """Return what PostgreSQL has of a day of a locale."""

    def day_sums(
        self, connection: Connection, /, *, since: date | None
    ) -> dict[DayOfLocale, DaySums]:
        """Return the sums of `since` and later days, of all if None."""


class PriceContents:
    """Price points."""

    def document(self, event: PriceEvent) -> Document:
        """Return the document of a point."""
        return price_index.price_document(event)

    def everything(self, connection: Connection) -> Iterator[Part[PriceEvent]]:
        """Yield every point; no transaction stays open for long."""
        return stored_events.all_price_events(connection)

    def of_day(self, connection: Connection, day: DayOfLocale) -> Sequence[PriceEvent]:
        """Return the points of a day."""
        return stored_events.price_events_of_day(connection, day)

    def day_sums(self, connection: Connection, *, since: date | None) -> dict[DayOfLocale, DaySums]:
        """Return how many points there are by day, and the sums of their figures."""
        return stored_events.price_day_sums(connection, since=since)


class DealContents:
    """Collected deals."""

    def document(self, event: DealEvent) -> Document:
        """Return the document of a deal."""
        return deal_index.deal_document(event)

    def everything(self, connection: Connection) -> Iterator[Part[DealEvent]]:
        """Yield every deal."""
        return stored_events.all_deal_events(connection)

    def of_day(self, connection: Connection, day: DayOfLocale) -> Sequence[DealEvent]:
        """Return the deals that began on a day."""
        return stored_events.deal_events_of_day(connection, day)

    def day_sums(self, connection: Connection, *, since: date | None) -> dict[DayOfLocale, DaySums]:
        """Return how many deals began by day, and the sums of their figures."""
        return stored_events.deal_day_sums(connection, since=since)


class RecordContents(Protocol[_Record]):
    """One kind of record of Keeper's own work in both stores."""

    def document(self, record: _Record, /) -> Document:
        """Return the document Elasticsearch has of a record."""

    def since(
        self, connection: Connection, since: datetime | None, /
    ) -> Iterator[Sequence[_Record]]:
        """Yield the records with a moment at `since` or later, all if None; a page at a time."""


class TokenContents:
    """Requests to Keepa and what they cost."""

    def document(self, record: TokenRecord) -> Document:
        """Return the document of a request."""
        return record_index.token_document(record)

    def since(
        self, connection: Connection, since: datetime | None
    ) -> Iterator[Sequence[TokenRecord]]:
        """Yield requests made or answered since."""
        return records.token_records(connection, since)


class RunContents:
    """Runs."""

    def document(self, record: RunRecord) -> Document:
        """Return the document of a run."""
        return record_index.run_document(record)

    def since(
        self, connection: Connection, since: datetime | None
    ) -> Iterator[Sequence[RunRecord]]:
        """Yield runs begun or ended since, and those that last."""
        return records.run_records(connection, since)
