"""Which alerts a course of prices raises, an event and a watch at a time: nothing is left out.

It puts every event that is new to its series to the machine of every rule of every active watch,
and keeps a state for each. The loader, which looks at few of them, must raise the same alerts.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.history import PriceSeries
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import Observation, RuleState
from keeper.domain.watches.rule_texts import parse_rules, rule_text
from keeper.domain.watches.rules import AlertRule
from keeper.domain.watches.target import target_rule
from keeper.domain.watches.watch import WatchStatus

Alert = tuple[str, str, int | None, datetime, datetime, str]
"""User, ASIN, price, observed_at, checked_at and the names of the rules, sorted."""
_NO_HISTORY: Final = PriceSeries(()).until(KEEPA_EPOCH, KEEPA_EPOCH)
_POLICY: Final = AlertPolicy()


@dataclass
class CourseWatch:
    """A watch as it stands; rules as a person writes them, none that ask for the past."""

    user: str
    asin: str
    target: int | None = None
    rules: str = ""
    with_shipping: bool = False
    status: WatchStatus = WatchStatus.ACTIVE
    states: dict[str, RuleState] = field(default_factory=dict)

    def named(self) -> dict[str, AlertRule]:
        """Return its rules and its target by the names of their states."""
        named = {rule_text(rule, "USD"): rule for rule in parse_rules(self.rules, "USD")}
        return named if self.target is None else {"target": target_rule(self.target), **named}

    def saved(self, target: int | None, rules: str, *, with_shipping: bool) -> None:
        """Take what its user saves: states of what is no more so are forgotten."""
        if self.status is WatchStatus.INACTIVE or self.with_shipping != with_shipping:
            self.states.clear()
        if self.target != target:
            self.states.pop("target", None)
        self.target, self.rules, self.with_shipping = target, rules, with_shipping
        self.status = WatchStatus.ACTIVE
        kept = {*self.named(), "target"}
        self.states = {name: state for name, state in self.states.items() if name in kept}


@dataclass
class Course:
    """Watches by user and ASIN, up to where each series has been evaluated, and the alerts."""

    watches: dict[tuple[str, str], CourseWatch] = field(default_factory=dict)
    positions: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)

    def take(self, batch: Iterable[PriceEvent]) -> None:
        """Evaluate a batch; of each series only what is later than its position."""
        series: defaultdict[str, list[PriceEvent]] = defaultdict(list)
        for event in batch:
            series[event.asin].append(event)
        for asin, events in series.items():
            known = self.positions.get(asin)
            events.sort(key=_position)
            for event in events:
                if known is None or _position(event) > known:
                    self._evaluate(event)
                    self.positions[asin] = _position(event)

    def _evaluate(self, event: PriceEvent) -> None:
        for watch in self.watches.values():
            if watch.asin != event.asin or watch.status is not WatchStatus.ACTIVE:
                continue
            raised = []
            for name, rule in watch.named().items():
                seen = _seen(event, with_shipping=watch.with_shipping)
                state = watch.states.get(name)
                watch.states[name], cause = advance_rule(state, seen, rule, _NO_HISTORY, _POLICY)
                if cause is not None:
                    raised.append(name)
            if raised:
                names = "; ".join(sorted(raised))
                moments = (event.timestamp, event.checked_at)
                self.alerts.append((watch.user, event.asin, event.price_minor, *moments, names))

    def calm(self, user: str, asin: str, rules: Iterable[str]) -> None:
        """Take it that a user has acknowledged an alert of these rules."""
        states = self.watches[user, asin].states
        for name in rules:
            if name in states and not states[name].armed:
                states[name] = states[name]._replace(alerted_minor=None)


def _position(event: PriceEvent) -> tuple[datetime, datetime]:
    return event.checked_at, event.timestamp


def _seen(event: PriceEvent, *, with_shipping: bool) -> Observation:
    amount = event.price_minor
    if amount is not None and with_shipping:
        amount += event.shipping_minor or 0
    return Observation(
        event.checked_at, event.timestamp, amount, event.implausible, event.is_price_hidden
    )
