"""Storing price events: history, current prices, corrections and the alerts they raise."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any, Final

from psycopg import Cursor
from psycopg.rows import DictRow

from keeper.domain.alert_rules import AlertPolicy, AlertState, Observation, advance
from keeper.domain.money import InvalidAmountError, to_minor
from keeper.domain.price_events import PriceEvent
from keeper.stores.postgres.batch_writer import BatchWriter
from keeper.stores.postgres.connection import Connection, PostgresConfig, statements

_SeriesKey = tuple[str, str, str]
_SQL: Final = "load_prices"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a batch changed: points new to price_history and alerts raised."""

    points: int
    alerts: int


class PriceWriter(BatchWriter[PriceEvent, LoadResult]):
    """Writes batches of price events and raises the alerts they cause."""

    def __init__(self, config: PostgresConfig, policy: AlertPolicy | None = None) -> None:
        """Connect at the first batch."""
        super().__init__(config)
        self._policy = policy or AlertPolicy()

    def prepare(self, connection: Connection) -> None:
        """Make the staging table."""
        connection.execute(statements(_SQL)["make_staging"])

    def write(self, connection: Connection, events: Sequence[PriceEvent]) -> LoadResult:
        """Store a batch and raise its alerts in the caller's transaction."""
        sql = statements(_SQL)
        with connection.cursor() as cursor:
            stage(cursor, events)
            cursor.execute(sql["upsert_products"])
            cursor.execute(sql["keep_former_values"])
            points = Counter(
                {row["run_id"]: row["points"] for row in cursor.execute(sql["count_new_points"])}
            )
            cursor.execute(sql["upsert_history"])
            cursor.execute(sql["lock_watches"])
            watches = cursor.execute(sql["watches_to_judge"]).fetchall()
            cursor.execute(sql["upsert_current"])
            cursor.execute(sql["touch_watches"])
            alerts = self._judge(connection, watches, events)
            for run_id in sorted({*points, *alerts}):
                counts = {"run_id": run_id, "points": points[run_id], "alerts": alerts[run_id]}
                cursor.execute(sql["count_for_run"], counts)
        return LoadResult(points.total(), alerts.total())

    def _judge(
        self,
        connection: Connection,
        watches: Sequence[dict[str, Any]],
        events: Sequence[PriceEvent],
    ) -> Counter[str]:
        """Advance every watch the batch touches; return the number of alerts by run."""
        sql = statements(_SQL)
        if not watches:
            return Counter()
        by_series: defaultdict[_SeriesKey, list[PriceEvent]] = defaultdict(list)
        for event in sorted(events, key=attrgetter("checked_at", "timestamp")):
            by_series[event.asin, event.domain, event.price_type].append(event)

        states: list[dict[str, object]] = []
        alerts: list[dict[str, object]] = []
        for watch in watches:
            before = state = _state_of(watch)
            for event in by_series[watch["asin"], watch["domain"], watch["price_type"]]:
                seen = Observation(
                    event.checked_at, event.timestamp, event.price_minor, event.implausible
                )
                if _is_known(watch, seen):
                    continue
                state, reason = advance(state, seen, watch["target_minor"], self._policy)
                if reason:
                    alerts.append(_alert(watch, event, reason))
            if state is not None and state != before:
                states.append({"watch_id": watch["watch_id"], **asdict(state)})
        with connection.cursor() as cursor:
            cursor.executemany(sql["save_alert_state"], states)
            cursor.executemany(sql["raise_alert"], alerts)
        return Counter(str(alert["run_id"]) for alert in alerts)


def stage(cursor: Cursor[DictRow], events: Sequence[PriceEvent]) -> None:
    """Copy events into the staging table that `prepare` made."""
    with cursor.copy(statements(_SQL)["copy_into_staging"]) as copy:
        for event in events:
            copy.write_row(_staged(event))


def _staged(event: PriceEvent) -> tuple[object, ...]:
    return (
        event.asin,
        event.domain,
        event.price_type,
        event.timestamp,
        event.price_minor,
        event.shipping_minor,
        event.currency,
        event.implausible,
        event.source,
        event.event_id,
        event.run_id,
        event.checked_at,
        event.product_title,
        event.image_url,
    )


def _state_of(watch: dict[str, object]) -> AlertState | None:
    if watch["checked_at"] is None:
        return None
    names = ("armed", "alerted_price_minor", "awaiting_price_minor", "checked_at", "observed_at")
    return AlertState(**{name: watch[name] for name in names})  # type: ignore[arg-type]  # a row's values are untyped


def _is_known(watch: dict[str, Any], seen: Observation) -> bool:
    """Tell whether the current price has been at or past the observation before this batch."""
    if watch["known_checked_at"] is None:
        return False
    return seen.position <= (watch["known_checked_at"], watch["known_observed_at"])


def _alert(watch: dict[str, object], event: PriceEvent, reason: str) -> dict[str, object]:
    try:
        previous = event.previous_price and to_minor(event.previous_price, event.currency)
    except InvalidAmountError:
        # Only told in the mail; what Keepa had there before was no price.
        previous = None
    return {
        "watch_id": watch["watch_id"],
        "user_id": watch["user_id"],
        "asin": event.asin,
        "domain": event.domain,
        "price_type": event.price_type,
        "price_minor": event.price_minor,
        "shipping_minor": event.shipping_minor,
        "previous_price_minor": previous or None,
        "target_minor": watch["target_minor"],
        "currency": event.currency,
        "observed_at": event.timestamp,
        "checked_at": event.checked_at,
        "reason": reason,
        "source": event.source,
        "run_id": event.run_id,
    }
