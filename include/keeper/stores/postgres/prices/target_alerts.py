"""Evaluating the watches a batch touches, in the transaction that stores its prices."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from psycopg import Cursor
from psycopg.rows import TupleRow

from keeper.domain.money import InvalidAmountError, to_minor
from keeper.domain.prices.events import PriceEvent
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.reasons import target_reason
from keeper.domain.watches.rule_state import Observation, RuleState
from keeper.domain.watches.target import advance_target, is_out_of_reach
from keeper.stores.postgres.arrays import array_of
from keeper.stores.postgres.connection import statements
from keeper.stores.postgres.prices.batch import SeriesEvents
from keeper.stores.postgres.prices.rule_alerts import (
    TARGET,
    NewState,
    Raised,
    evaluate_rules,
    observation_of,
)

_SQL: Final = "load_prices"
_STATE_COLUMNS: Final = {
    "armed": "armed",
    "alerted_price_minor": "alerted_minor",
    "awaiting_price_minor": "awaiting_minor",
    "checked_at": "checked_at",
    "observed_at": "observed_at",
    "is_known": "is_known",
    "last_minor": "last_minor",
}


def evaluate_watches(
    cursor: Cursor[TupleRow], groups: Sequence[SeriesEvents], policy: AlertPolicy
) -> Counter[str]:
    """Record the check in every watch of these series and advance those that are active.

    Returns:
        The number of alerts by run.
    """
    sql = statements(_SQL)
    new_events = {group.series.series_id: group.new_events for group in groups if group.new_events}
    locked = cursor.execute(sql["lock_watches"], {"series_ids": array_of(new_events)}).fetchall()
    if not locked:
        return Counter()
    watch_ids = array_of(watch_id for watch_id, _, _ in locked)
    checks = array_of(new_events[series_id][-1].checked_at for _, series_id, _ in locked)
    cursor.execute(sql["touch_watches"], {"watch_ids": watch_ids, "last_checked_at": checks})
    watches = {
        "watch_ids": watch_ids,
        "series_ids": array_of(series_id for _, series_id, _ in locked),
    }
    # A check that found no price at all leaves no event, only its time.
    unseen = {group.series.series_id for group in groups if group.series.position is None}
    absent = {
        watch_id: checked_at
        for watch_id, series_id, checked_at in locked
        if series_id in unseen
        and checked_at is not None
        and checked_at < new_events[series_id][0].checked_at
    }
    raised, states = evaluate_rules(cursor, new_events, watches, absent, policy)
    for_targets = _evaluate_targets(cursor, new_events, watches, policy)
    raised += for_targets[0]
    states += for_targets[1]
    if states:
        _save(cursor, states)
    if raised:
        cursor.execute(sql["raise_alerts"], _columns(map(_row, raised)))
    return Counter(alert.event.run_id for alert in raised)


def _evaluate_targets(
    cursor: Cursor[TupleRow],
    new_events: Mapping[int, Sequence[PriceEvent]],
    watches: Mapping[str, str],
    policy: AlertPolicy,
) -> tuple[list[Raised], list[NewState]]:
    """Advance the watches that have a target and nothing else, which are nearly all."""
    observations: dict[int, list[Observation]] = {}
    lowest = {number: _lowest_price(events) for number, events in new_events.items()}
    raised: list[Raised] = []
    states: list[NewState] = []
    rows = cursor.execute(statements(_SQL)["watches_to_evaluate"], watches).fetchall()
    for series_id, watch_id, user_id, target, armed, alerted, awaiting, *position in rows:
        is_first = armed is None
        # Asked of the row itself: no state is made for the many that stay as they are.
        is_calm = is_first or (armed and alerted is None and awaiting is None)
        if is_calm and is_out_of_reach(lowest[series_id], target, policy):
            if is_first:
                fresh = RuleState.fresh(observation_of(new_events[series_id][-1]))
                states.append(NewState(watch_id, TARGET, fresh))
            continue
        before = None if is_first else RuleState(armed, alerted, awaiting, *position)
        if series_id not in observations:
            observations[series_id] = [observation_of(event) for event in new_events[series_id]]
        state, found = advance_target(before, observations[series_id], target, policy)
        for index, why in found:
            event = new_events[series_id][index]
            reasons = (target_reason(why),)
            raised.append(Raised(watch_id, user_id, target, event, reasons, (TARGET,)))
        if state is not None and _is_new_alert(before, state):
            states.append(NewState(watch_id, TARGET, state))
    return raised, states


def _is_new_alert(before: RuleState | None, state: RuleState) -> bool:
    """Return whether a state must be written.

    Its position matters while a price awaits another check; otherwise the series' own position says
    which events have been evaluated.
    """
    if before is None:
        return True
    if state.awaiting_minor is not None:
        return state != before
    return (state.armed, state.alerted_minor, state.awaiting_minor) != (
        before.armed,
        before.alerted_minor,
        before.awaiting_minor,
    )


def _lowest_price(events: Sequence[PriceEvent]) -> int | None:
    prices = [event.price_minor for event in events if event.price_minor is not None]
    return min(prices) if prices else None


def _save(cursor: Cursor[TupleRow], states: Sequence[NewState]) -> None:
    columns = {
        column: array_of(getattr(new.state, name) for new in states)
        for column, name in _STATE_COLUMNS.items()
    }
    columns["watch_id"] = array_of(new.watch_id for new in states)
    columns["rule"] = array_of(new.rule for new in states)
    cursor.execute(statements(_SQL)["save_alert_states"], columns)


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    columns: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            columns[name].append(value)
    return dict(columns)


def _row(alert: Raised) -> dict[str, Any]:
    event = alert.event
    try:
        previous = event.previous_price and to_minor(event.previous_price, event.currency)
    except InvalidAmountError:
        # Only messages show it; what Keepa had there before was no price.
        previous = None
    return {
        "watch_id": alert.watch_id,
        "user_id": alert.user_id,
        "asin": event.asin,
        "domain": event.domain,
        "price_type": event.price_type,
        "price_minor": event.price_minor,
        "shipping_minor": event.shipping_minor,
        "previous_price_minor": previous or None,
        "target_minor": alert.target_minor,
        "currency": event.currency,
        "observed_at": event.timestamp,
        "checked_at": event.checked_at,
        "seen_at": event.seen_at,
        "coupon_minor": event.coupon_minor,
        "coupon_percent": event.coupon_percent,
        "subscribe_coupon_minor": event.subscribe_coupon_minor,
        "subscribe_coupon_percent": event.subscribe_coupon_percent,
        "availability": event.availability,
        "reason": "; ".join(alert.reasons),
        "rules": "\n".join(alert.rules),
        "source": event.source,
        "run_id": event.run_id,
    }
