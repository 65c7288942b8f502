"""A batch of price events grouped by series, and the rows it becomes.

A point later than its series' newest stored one must be new: it goes straight into the table.
The rest is compared there with what is stored.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple, Self

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.points import KEEPA_EPOCH

SeriesKey = tuple[str, str, str]
"""ASIN, domain and price type."""
Origin = tuple[str, str]
"""Run and source."""
_POSITION: Final = attrgetter("checked_at", "timestamp")
_TIMESTAMP: Final = attrgetter("timestamp")


class KnownSeries(NamedTuple):
    """A series as the database has it: its number and where it stands.

    Attributes:
        series_id: Its number.
        newest_at: No point stored is later; None without points.
        observed_at: With price, shipping and so on: the current price; None before a check.
        seen_at: When Keepa last looked at it; None if it does not say.
        is_price_hidden: There is an offer, whose price its maker hides.
        due_from: The first of its points that the batch adds; None if it adds none.
    """

    series_id: int
    newest_at: datetime | None = None
    observed_at: datetime | None = None
    price_minor: int | None = None
    shipping_minor: int | None = None
    implausible: bool = False
    origin_id: int | None = None
    last_checked_at: datetime | None = None
    seen_at: datetime | None = None
    is_price_hidden: bool = False
    due_from: datetime | None = None

    @property
    def position(self) -> tuple[datetime, datetime] | None:
        """Up to where events have been evaluated; None before the first."""
        if self.last_checked_at is None or self.observed_at is None:
            return None
        return (self.last_checked_at, self.observed_at)


class Description(NamedTuple):
    """What a product is called, its picture, and which source said so."""

    title: str | None
    image_url: str | None
    source: str


class SeriesEvents(NamedTuple):
    """A series and its events in a batch, in the order of their checks.

    Attributes:
        series: Where the database has it.
        events: All of them.
        new_events: Those later than its current price. The others are a replay: a watch, a target
            or a title newer than that must not follow them.
        description: The product's, as stored; None if the product is not stored.
    """

    series: KnownSeries
    events: Sequence[PriceEvent]
    new_events: Sequence[PriceEvent]
    description: Description | None

    @classmethod
    def of(
        cls,
        series: KnownSeries,
        events: Sequence[PriceEvent],
        description: Description | None = None,
    ) -> Self:
        """Separate new events from replays."""
        new_events, known = events, series.position
        if known is not None and _POSITION(events[0]) <= known:
            new_events = [event for event in events if _POSITION(event) > known]
        return cls(series, events, new_events, description)


Row = tuple[int, int, datetime, datetime, datetime, int | None, int | None, bool]
"""A row of price_points: series_id, origin_id, observed_at, checked_at, last_checked_at,
price_minor, shipping_minor, implausible. Plain, since there are very many."""


@dataclass(slots=True)
class PointRows:
    """The points of a batch.

    Attributes:
        fresh: Later than anything stored.
        known: To be compared with what is stored; one row a point, its checks taken together.
        disputed: Checks of points that the batch itself has several values of; one row a check.
        checks: The events behind each row of `known`, should its value differ from the stored one.
    """

    fresh: list[Row] = field(default_factory=list)
    known: list[Row] = field(default_factory=list)
    disputed: list[Row] = field(default_factory=list)
    checks: dict[tuple[int, datetime], list[PriceEvent]] = field(default_factory=dict)

    def dispute(self, place: tuple[int, datetime], origins: Mapping[Origin, int]) -> None:
        """Add the checks of a known point to the disputed ones."""
        self.disputed += (_row(place[0], origins, event) for event in self.checks[place])


def group_by_series(events: Iterable[PriceEvent]) -> dict[SeriesKey, list[PriceEvent]]:
    """Group events by series, each in the order of its checks."""
    groups: dict[SeriesKey, list[PriceEvent]] = {}
    for event in events:
        key = (event.asin, event.domain, event.price_type)
        group = groups.get(key)
        if group is None:
            groups[key] = [event]
        else:
            group.append(event)
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=_POSITION)
    return groups


def sort_points(
    groups: Iterable[SeriesEvents],
    origins: Mapping[Origin, int],
    *,
    since: datetime = KEEPA_EPOCH,
    compare_all: bool = False,
) -> PointRows:
    """Separate new points from those to be compared.

    Args:
        groups: In the order of the series' numbers, so that rows come in the order of the table's
            key.
        origins: The number of each run and source in the events.
        compare_all: Trust no series' newest point.
    """
    rows = PointRows()
    for series, every, *_ in groups:
        number, newest = series.series_id, series.newest_at
        events = every
        if min(map(_TIMESTAMP, every)) < since:
            events = [event for event in every if event.timestamp >= since]
        if not compare_all and _are_fresh(events, newest):
            rows.fresh += [_row(number, origins, event) for event in events]
            continue
        points: defaultdict[datetime, list[PriceEvent]] = defaultdict(list)
        for event in events:
            points[event.timestamp].append(event)
        for observed_at in sorted(points):
            checks = points[observed_at]
            if not _agree(checks):
                rows.disputed += (_row(number, origins, one) for one in checks)
                continue
            row = _row_of_checks(number, origins, checks)
            if not compare_all and (newest is None or observed_at > newest):
                rows.fresh.append(row)
            else:
                rows.known.append(row)
                rows.checks[number, observed_at] = checks
    return rows


def _are_fresh(events: Iterable[PriceEvent], newest: datetime | None) -> bool:
    """Return whether each of a series' events has a point later than the one before it."""
    for event in events:
        if newest is not None and event.timestamp <= newest:
            return False
        newest = event.timestamp
    return True


def _row(series_id: int, origins: Mapping[Origin, int], event: PriceEvent) -> Row:
    checked_at = event.checked_at
    return (
        series_id,
        origins[event.run_id, event.source],
        event.timestamp,
        checked_at,
        checked_at,
        event.price_minor,
        event.shipping_minor,
        event.implausible,
    )


def _row_of_checks(
    series_id: int, origins: Mapping[Origin, int], checks: Sequence[PriceEvent]
) -> Row:
    """Return the row of a point that several checks agree on."""
    first = checks[0]
    return (
        series_id,
        origins[first.run_id, first.source],
        first.timestamp,
        first.checked_at,
        checks[-1].checked_at,
        first.price_minor,
        first.shipping_minor,
        all(one.implausible for one in checks),
    )


def _agree(checks: Sequence[PriceEvent]) -> bool:
    first = checks[0]
    return all(
        one.price_minor == first.price_minor and one.shipping_minor == first.shipping_minor
        for one in checks
    )


def moved_series(group: SeriesEvents, origins: Mapping[Origin, int]) -> KnownSeries | None:
    """Return where a series stands after its events; None if where it stood.

    Args:
        group: The series and its events, which say current prices.
        origins: The number of each run and source.
    """
    series, events, new_events, _ = group
    if not new_events:
        return moved_history(group)
    newest, due_from = _reach(series.newest_at, events)
    latest = new_events[-1]
    return KnownSeries(
        series.series_id,
        newest,
        latest.timestamp,
        latest.price_minor,
        latest.shipping_minor,
        latest.implausible,
        origins[latest.run_id, latest.source],
        latest.checked_at,
        latest.seen_at,
        latest.is_price_hidden,
        due_from,
    )


def moved_history(group: SeriesEvents) -> KnownSeries | None:
    """Return where a series stands after older prices, which leave its current one.

    None if where it stood.
    """
    series = group.series
    newest, due_from = _reach(series.newest_at, group.events)
    if newest == series.newest_at:
        return None
    return series._replace(newest_at=newest, due_from=due_from)


def _reach(
    known: datetime | None, events: Sequence[PriceEvent]
) -> tuple[datetime, datetime | None]:
    """Return a series' newest point after these events, and the first of those later than known."""
    newest = max(map(_TIMESTAMP, events))
    if known is None:
        return newest, min(map(_TIMESTAMP, events))
    if newest > known:
        return newest, min(at for event in events if (at := event.timestamp) > known)
    return known, None
