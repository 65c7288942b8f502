"""Which alerts a watch's rules would have raised, had they been there before."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from keeper.domain.prices.history import PriceSeries
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.reasons import reason_of
from keeper.domain.watches.rule_machine import advance_rule
from keeper.domain.watches.rule_state import Observation, RuleState
from keeper.domain.watches.rules import AlertRule
from keeper.domain.watches.target import target_rule
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.history import points_of


@dataclass(frozen=True, slots=True)
class TriedAlert:
    """An alert there would have been.

    Attributes:
        at: When the price began.
        price_minor: What it was, in the amount the watch counts; None without an offer.
        reasons: Why, a reason for each rule that held.
    """

    at: datetime
    price_minor: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A dry run of a watch against what is stored.

    Attributes:
        known_since: The oldest stored price; None when nothing is stored of the series.
        alerts: In the order of their times.
    """

    known_since: datetime | None
    alerts: tuple[TriedAlert, ...]


def try_rules(
    connection: Connection,
    watch: Watch,
    *,
    since: datetime,
    policy: AlertPolicy | None = None,
) -> Trial:
    """Evaluate a watch's target and rules against stored history and return the alerts.

    Every change of the price counts as seen when it happened; a real watch sees it at the next
    check. Nothing is written.

    Args:
        connection: Where the history is.
        watch: Product, target and rules; it need not be on any list.
        since: The rules begin to watch then, armed, and know the history before it.
        policy: Tolerance, hysteresis and further drop.
    """
    points = points_of(connection, watch.asin, watch.domain, watch.price_type)
    counted = [(one.observed_at, one.amount(with_shipping=watch.counts_shipping)) for one in points]
    history = PriceSeries(counted, price_type_of(watch.price_type).landed_since)
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for rule in _rules(watch):
        for index, reason in _alerts_of(rule, counted, history, since, watch.domain, policy):
            reasons[index].append(reason)
    alerts = (TriedAlert(*counted[index], tuple(found)) for index, found in sorted(reasons.items()))
    return Trial(points[0].observed_at if points else None, tuple(alerts))


def _rules(watch: Watch) -> Sequence[AlertRule]:
    target = watch.target_minor
    own = () if target is None else (target_rule(target),)
    return (*own, *(watch.rules or ()))


def _alerts_of(
    rule: AlertRule,
    points: Sequence[tuple[datetime, int | None]],
    history: PriceSeries,
    since: datetime,
    domain: str,
    policy: AlertPolicy | None,
) -> Iterator[tuple[int, str]]:
    state: RuleState | None = None
    before: int | None = None
    for index, (at, amount) in enumerate(points):
        follows = points[index + 1][0] if index + 1 < len(points) else None
        if follows is not None and follows <= since:
            continue
        seen = max(at, since)
        view = history.until(at, seen)
        state, cause = advance_rule(
            state, Observation(seen, at, amount), rule, view, policy or AlertPolicy()
        )
        if cause is not None:
            yield index, reason_of(rule, cause, amount, before, view, domain)
        before = amount
