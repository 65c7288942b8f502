"""Judging the watches a batch touches, in the transaction that stores its prices."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import Cursor
from psycopg.rows import TupleRow

from keeper.domain.alert_rules import AlertPolicy, AlertState, Observation, advance_over
from keeper.domain.money import InvalidAmountError, to_minor
from keeper.domain.price_events import PriceEvent
from keeper.stores.postgres.arrays import array_of
from keeper.stores.postgres.connection import statements
from keeper.stores.postgres.price_batch import SeriesEvents

_SQL: Final = "load_prices"


def judge_watches(
    cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents], policy: AlertPolicy
) -> Counter[str]:
    """Tell every watch of these series of the check and advance those that are active.

    Returns:
        The number of alerts by run.
    """
    sql = statements(_SQL)
    news = {group.series.series_id: group.news for group in groups if group.news}
    locked = cursor.execute(sql["lock_watches"], {"series_ids": array_of(news)}).fetchall()
    if not locked:
        return Counter()
    watch_ids = array_of(watch_id for watch_id, _ in locked)
    checks = array_of(news[series_id][-1].checked_at for _, series_id in locked)
    cursor.execute(sql["touch_watches"], {"watch_ids": watch_ids, "last_checked_at": checks})
    observations: dict[int, list[Observation]] = {}
    lowest = {number: _lowest_price(events) for number, events in news.items()}
    states: list[tuple[int, AlertState]] = []
    alerts: defaultdict[str, list[Any]] = defaultdict(list)
    cursor.execute(
        sql["watches_to_judge"],
        {
            "watch_ids": watch_ids,
            "series_ids": array_of(series_id for _, series_id in locked),
        },
    )
    for series_id, watch_id, user_id, target, *stored in cursor.fetchall():
        before = AlertState(*stored) if stored[0] is not None else None
        least = lowest[series_id]
        if (before is None or before.is_calm) and (
            least is None or not policy.is_due(least, target)
        ):
            if before is None:
                latest = _observation(news[series_id][-1])
                states.append((watch_id, AlertState.calm(latest)))
            continue
        if series_id not in observations:
            observations[series_id] = [_observation(event) for event in news[series_id]]
        state, raised = advance_over(before, observations[series_id], target, policy)
        for index, reason in raised:
            alert = _alert(news[series_id][index], reason)
            _add(alerts, alert | {"watch_id": watch_id, "user_id": user_id, "target_minor": target})
        if state is not None and _is_news(before, state):
            states.append((watch_id, state))
    if states:
        _save(cursor, states)
    if alerts:
        cursor.execute(sql["raise_alerts"], dict(alerts))
    return Counter(alerts["run_id"])


def _observation(event: PriceEvent) -> Observation:
    return Observation(event.checked_at, event.timestamp, event.price_minor, event.implausible)


def _is_news(before: AlertState | None, state: AlertState) -> bool:
    """Tell whether a state must be written.

    Its position matters while a price awaits another check; else the series' own says what has been
    judged.
    """
    if before is None:
        return True
    if state.awaiting_price_minor is not None:
        return state != before
    return (state.armed, state.alerted_price_minor, state.awaiting_price_minor) != (
        before.armed,
        before.alerted_price_minor,
        before.awaiting_price_minor,
    )


def _add(columns: defaultdict[str, list[Any]], row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        columns[name].append(value)


def _lowest_price(events: Sequence[PriceEvent]) -> int | None:
    prices = [event.price_minor for event in events if event.price_minor is not None]
    return min(prices) if prices else None


def _save(cursor: Cursor[TupleRow], states: Sequence[tuple[int, AlertState]]) -> None:
    columns = {
        name: array_of(getattr(state, name) for _, state in states) for name in AlertState._fields
    }
    columns["watch_id"] = array_of(watch_id for watch_id, _ in states)
    cursor.execute(statements(_SQL)["save_alert_states"], columns)


def _alert(event: PriceEvent, reason: str) -> dict[str, Any]:
    try:
        previous = event.previous_price and to_minor(event.previous_price, event.currency)
    except InvalidAmountError:
        # Only told in the mail; what Keepa had there before was no price.
        previous = None
    return {
        "asin": event.asin,
        "domain": event.domain,
        "price_type": event.price_type,
        "price_minor": event.price_minor,
        "shipping_minor": event.shipping_minor,
        "previous_price_minor": previous or None,
        "currency": event.currency,
        "observed_at": event.timestamp,
        "checked_at": event.checked_at,
        "reason": reason,
        "source": event.source,
        "run_id": event.run_id,
    }
