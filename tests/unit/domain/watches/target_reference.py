"""When a target alerts, written out for itself: a second opinion on keeper.domain.watches.target.

It shares nothing with the rule machine but the policy's three questions, looks at every observation
and stores its position each time.
"""

from datetime import datetime
from typing import NamedTuple

from keeper.domain.watches.policy import AlertPolicy

Seen = tuple[datetime, datetime, int | None, bool, bool]
"""checked_at, observed_at, the amount, whether it is implausible, whether it is hidden."""


class Standing(NamedTuple):
    """Where a target stands, in the order of the columns of alert_states."""

    armed: bool
    alerted: int | None
    awaiting: int | None
    checked_at: datetime
    observed_at: datetime


def reference_step(
    stands: Standing | None, seen: Seen, target: int, policy: AlertPolicy
) -> tuple[Standing, str | None]:
    """Return where the target stands after an observation and, if it alerts, the reason."""
    checked_at, observed_at, price, implausible, hidden = seen
    if stands is None:
        stands = Standing(True, None, None, checked_at, observed_at)
    elif (checked_at, observed_at) <= (stands.checked_at, stands.observed_at):
        return stands, None
    if hidden:
        return stands._replace(checked_at=checked_at, observed_at=observed_at), None
    is_later_check = checked_at > stands.checked_at
    armed, alerted, awaited = stands.armed, stands.alerted, stands.awaiting
    quiet = Standing(armed, alerted, None, checked_at, observed_at)
    if price is None:
        return quiet, None
    waits = quiet._replace(awaiting=price)
    if not policy.is_due(price, target):
        if (armed and alerted is None) or not policy.is_clear(price, target):
            return quiet, None
        confirmed = awaited is not None and is_later_check and policy.is_clear(awaited, target)
        if implausible and not confirmed:
            return waits, None
        return quiet._replace(armed=True, alerted=None), None
    if armed:
        reason = "at or below your target"
    elif alerted is not None and policy.is_further_drop(price, alerted):
        reason = "dropped further since the last alert"
    else:
        return quiet, None
    confirmed = awaited is not None and is_later_check and policy.is_due(awaited, target)
    if implausible and not confirmed:
        return waits, None
    return quiet._replace(armed=False, alerted=price), reason
