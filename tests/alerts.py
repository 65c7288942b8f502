"""Alerts on their way, for tests of messages and channels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from keeper.domain.deals.report import DealReport, ReportedDeal
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.notices import OperatorNotice
from keeper.domain.messages.queue import (
    Address,
    ChannelKind,
    PriceAlert,
    QueuedAlert,
    QueuedNotice,
    QueuedReport,
)
from keeper.domain.prices.types import price_type_of
from keeper.domain.prices.verdict import PriceContext, price_context

CHECKED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALERT = PriceAlert(
    alert_id=7,
    watch_id=3,
    asin="B000000001",
    domain="de",
    price_type="BUY_BOX_SHIPPING",
    title="A kettle",
    image_url=None,
    price_minor=123450,
    shipping_minor=399,
    previous_price_minor=150000,
    target_minor=130000,
    with_shipping=False,
    currency="EUR",
    observed_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
    checked_at=CHECKED_AT,
    reason="at or below your target",
    source="keepa",
    watched_since=datetime(2026, 1, 2, tzinfo=UTC),
)
_ENVELOPE: dict[str, Any] = {
    "message_id": 11,
    "channel_id": 5,
    "channel_since": datetime(2026, 1, 1, tzinfo=UTC),
    "to": Address(ChannelKind.EMAIL, "reader@example.org"),
    "rules": DeliveryRules(),
    "queued_at": CHECKED_AT,
    "attempts": 0,
    "first_attempt_at": None,
    "held_for": None,
}
QUEUED = QueuedAlert(**_ENVELOPE, alert=ALERT)
NO_CONTEXT = PriceContext((), CHECKED_AT)


def queued(message_id: int = 11, *, held_for: str | None = None, **alert: Any) -> QueuedAlert:
    """Return a message of an alert that differs in these fields."""
    return replace(QUEUED, message_id=message_id, held_for=held_for, alert=replace(ALERT, **alert))


def a_context(price: int = 123450) -> PriceContext:
    """Return a past with a fall, a time without an offer, and a price at its end."""
    days = ((300, 150000), (80, 139900), (60, None), (50, 149000), (20, 128000), (10, 150000))
    points = [(CHECKED_AT - timedelta(days=since), price) for since, price in days]
    points.append((ALERT.observed_at, price))
    return price_context(
        points,
        observed_at=ALERT.observed_at,
        checked_at=CHECKED_AT,
        amount=price,
        price_type=price_type_of(ALERT.price_type),
    )


def queued_report(*deals: ReportedDeal, left_out: int = 0, simulated: bool = False) -> QueuedReport:
    """Return a message of a report with these deals."""
    since = CHECKED_AT - timedelta(days=1)
    report = DealReport(4, since, CHECKED_AT, simulated, deals, left_out)
    return QueuedReport(**_ENVELOPE, report=report)


def queued_notice(*, raised_at: datetime = CHECKED_AT, times: int = 1) -> QueuedNotice:
    """Return a message of a notice, raised anew if it is not as old as its trouble."""
    notice = OperatorNotice(
        *(9, "run:track_prices", "track_prices failed", "It failed.\nLook at its log."),
        *(CHECKED_AT, raised_at, times),
    )
    return QueuedNotice(**_ENVELOPE, notice=notice)
