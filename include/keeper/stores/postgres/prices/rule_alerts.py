"""Evaluating watches that have rules beside their target, or count shipping."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self

from psycopg import Cursor
from psycopg.rows import TupleRow

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.history import PriceHistory, PriceSeries
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.prices.types import PriceType, price_type_of
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.reasons import reason_of, target_reason
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import AlertCause, Observation, RuleState
from keeper.domain.watches.rule_texts import rule_text
from keeper.domain.watches.rules import AlertRule
from keeper.domain.watches.target import target_rule
from keeper.stores.postgres.arrays import array_of
from keeper.stores.postgres.connection import statements
from keeper.stores.postgres.watches.watch_list import stored_rules

_SQL: Final = "load_prices"
TARGET: Final = "target"
_NO_HISTORY: Final = PriceSeries(())


class Raised(NamedTuple):
    """An alert: whose it is, the event that raised it, and why."""

    watch_id: int
    user_id: int
    target_minor: int | None
    event: PriceEvent
    reasons: Sequence[str]
    rules: Sequence[str]


class NewState(NamedTuple):
    """Where a rule of a watch stands now."""

    watch_id: int
    rule: str
    state: RuleState


def observation_of(event: PriceEvent, *, with_shipping: bool = False) -> Observation:
    """Return what an event says of its series, in the amount a watch counts."""
    amount = event.price_minor
    if with_shipping and amount is not None:
        amount += event.shipping_minor or 0
    return Observation(
        event.checked_at, event.timestamp, amount, event.implausible, event.is_price_hidden
    )


@dataclass(slots=True)
class _Watch:
    """A watch with its rules by name, where they stand, and its series' new events.

    `with_shipping` is false for a series without any, whatever its row says.
    """

    series_id: int
    price_type: PriceType
    watch_id: int
    user_id: int
    target_minor: int | None
    with_shipping: bool
    rules: Mapping[str, AlertRule]
    states: Mapping[str, RuleState]
    events: Sequence[PriceEvent]
    observations: Sequence[Observation] = field(default_factory=tuple)

    @classmethod
    def of_row(
        cls,
        row: TupleRow,
        new_events: Mapping[int, Sequence[PriceEvent]],
        absent: Mapping[int, datetime],
    ) -> Self:
        series_id, watch_id, user_id, target, document, with_shipping, states = row
        events = new_events[series_id]
        price_type = price_type_of(events[0].price_type)
        with_shipping = with_shipping and price_type.has_shipping
        rules = dict(_named_rules(document, events[0].currency))
        if target is not None:
            rules = {TARGET: target_rule(target), **rules}
        stored = {name: RuleState(*state) for name, *state in states or ()}
        if (checked_at := absent.get(watch_id)) is not None:
            stored = dict.fromkeys(rules, RuleState.absent(checked_at)) | stored
        return cls(
            series_id,
            price_type,
            watch_id,
            user_id,
            target,
            with_shipping,
            rules,
            stored,
            events,
            [observation_of(event, with_shipping=with_shipping) for event in events],
        )

    def moved(self) -> Iterator[tuple[str, AlertRule]]:
        """Yield the rules that the batch may move."""
        for name, rule in self.rules.items():
            state = self.states.get(name)
            if state is None or not all(state.is_unmoved_by(seen) for seen in self.observations):
                yield name, rule

    def history_needed(self) -> datetime | None:
        """Return since when the series' history is asked for; None if it is not."""
        days = [rule.days_needed for _, rule in self.moved()]
        if not any(asked is None or asked for asked in days):
            return None
        if None in days:
            return KEEPA_EPOCH
        first = min(seen.checked_at for seen in self.observations)
        return first - timedelta(days=max(asked or 0 for asked in days))


def evaluate_rules(
    cursor: Cursor[TupleRow],
    new_events: Mapping[int, Sequence[PriceEvent]],
    watches: Mapping[str, str],
    absent: Mapping[int, datetime],
    policy: AlertPolicy,
) -> tuple[list[Raised], list[NewState]]:
    """Advance every rule of these watches over what is new of their series.

    The points of the batch must be stored already: rules compare a price with those before it.

    Args:
        cursor: In the transaction that holds the watches' locks.
        new_events: By series, the events later than its former position, in order.
        watches: Parameters that name the locked watches and their series.
        absent: By watch, when a check found that its series has never had a price; none for others.
        policy: Tolerance, hysteresis and further drop.
    """
    rows = cursor.execute(statements(_SQL)["watches_with_rules"], watches).fetchall()
    touched = [_Watch.of_row(row, new_events, absent) for row in rows]
    histories = _histories(cursor, touched)
    raised: list[Raised] = []
    states: list[NewState] = []
    for watch in touched:
        history = histories.get((watch.series_id, watch.with_shipping), _NO_HISTORY)
        for_events: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        for name, rule in watch.moved():
            state, found = _advance_over(watch, name, rule, history, policy)
            if state != watch.states.get(name):
                states.append(NewState(watch.watch_id, name, state))
            for index, reason in found:
                for_events[index].append((name, reason))
        for index, fulfilled in sorted(for_events.items()):
            names, reasons = zip(*fulfilled, strict=True)
            event = watch.events[index]
            raised.append(
                Raised(watch.watch_id, watch.user_id, watch.target_minor, event, reasons, names)
            )
    return raised, states


def _advance_over(
    watch: _Watch, name: str, rule: AlertRule, history: PriceSeries, policy: AlertPolicy
) -> tuple[RuleState, list[tuple[int, str]]]:
    """Return where the rule stands after all observations, and why which of them raised alerts."""
    state = watch.states.get(name)
    found = []
    for index, seen in enumerate(watch.observations):
        before = state.last_minor if state is not None else None
        view = history.until(seen.observed_at, seen.checked_at)
        state, cause = advance_rule(state, seen, rule, view, policy)
        if cause is not None:
            event = watch.events[index]
            found.append((index, _reason(name, rule, cause, seen, before, view, event)))
    if state is None:
        raise TypeError("a watch without observations was evaluated")
    return state, found


def _reason(
    name: str,
    rule: AlertRule,
    cause: AlertCause,
    seen: Observation,
    before: int | None,
    history: PriceHistory,
    event: PriceEvent,
) -> str:
    if name == TARGET:
        return target_reason(cause)
    return reason_of(rule, cause, seen.amount, before, history, event.domain, event.availability)


def _histories(
    cursor: Cursor[TupleRow], watches: Sequence[_Watch]
) -> dict[tuple[int, bool], PriceSeries]:
    """Return the history that moved rules ask for, by series and whether shipping counts."""
    since: dict[int, datetime] = {}
    landed: dict[tuple[int, bool], datetime | None] = {}
    for watch in watches:
        if (needed := watch.history_needed()) is not None:
            since[watch.series_id] = min(needed, since.get(watch.series_id, needed))
            landed[watch.series_id, watch.with_shipping] = watch.price_type.landed_since
    if not since:
        return {}
    asked = {"series_ids": array_of(since), "since": array_of(since.values())}
    points: defaultdict[int, list[Any]] = defaultdict(list)
    cursor.execute(statements(_SQL)["history_of_series"], asked)
    for series_id, *point in cursor.fetchall():
        points[series_id].append(point)
    histories = {}
    for (series_id, with_shipping), landed_since in landed.items():
        counted = ((at, price) for at, price, _ in points[series_id])
        if with_shipping:
            counted = (
                (at, None if price is None else price + (shipping or 0))
                for at, price, shipping in points[series_id]
            )
        histories[series_id, with_shipping] = PriceSeries(counted, landed_since)
    return histories


@lru_cache(maxsize=4_096)
def _named_rules(document: str, currency: str) -> tuple[tuple[str, AlertRule], ...]:
    return tuple((rule_text(rule, currency), rule) for rule in stored_rules(document))
