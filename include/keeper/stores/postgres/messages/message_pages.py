"""Alerts, messages and their deliveries for the console: page by page, only those one may see."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from keeper.domain.messages.queue import Address, ChannelKind, DeliveryStatus, MessageStatus
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.messages.channels import KnownChannel, known_channel
from keeper.stores.postgres.row_counts import count_rows
from keeper.stores.postgres.users.visibility import Visibility

_SQL: Final = "message_pages"


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are asked for; None lets everything pass."""

    alert_id: int | None = None
    user_id: int | None = None
    watch_id: int | None = None
    status: MessageStatus | None = None
    domain: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PagedAlert:
    """An alert as the console shows it; amounts in minor units, a null price means no offer.

    Attributes:
        alert_id: Its number.
        watch_id: Of which watch.
        user_id: Whose it is.
        email: Their address.
        asin: The product.
        domain: Keeper's locale name.
        price_type: Keepa's series name.
        title: As Amazon shows it.
        image_url: The product's picture; None if it has none.
        price_minor: The price it was raised for.
        shipping_minor: Where Keepa gives it apart.
        previous_price_minor: The price before.
        target_minor: The watch's target then.
        currency: ISO 4217 code.
        reason: Why, in words.
        rules: The rules that the price fulfilled.
        status: What became of it, by all of its messages.
        raised_at: When.
        observed_at: Since when the price holds.
        checked_at: When Keepa was asked.
        seen_at: When Keepa itself had last looked; None if it does not say.
        source: "keepa" or "simulator".
    """

    alert_id: int
    watch_id: int
    user_id: int
    email: str
    asin: str
    domain: str
    price_type: str
    title: str | None
    image_url: str | None
    price_minor: int | None
    shipping_minor: int | None
    previous_price_minor: int | None
    target_minor: int | None
    currency: str
    reason: str
    rules: list[str]
    status: MessageStatus
    raised_at: datetime
    observed_at: datetime
    checked_at: datetime
    seen_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are asked for; None lets everything pass."""

    message_id: int | None = None
    user_id: int | None = None
    channel_id: int | None = None
    alert_ids: list[int] | None = None
    report_ids: list[int] | None = None
    status: MessageStatus | None = None


@dataclass(frozen=True, slots=True)
class PagedMessage:
    """A message of the outbox; of alert, report and notice one is there.

    Attributes:
        message_id: Its number.
        channel_id: The channel it goes to.
        user_id: Whose it is.
        email: The address that identifies them.
        to: Where it goes.
        alert_id: The alert it is about.
        report_id: The report it is.
        notice_id: The notice it is.
        status: What became of it.
        held_for: Which of its reader's rules holds or held it.
        sent_with: The message in whose digest it went out.
        attempts: How often it was tried.
        queued_at: When it was put into the outbox.
        ended_at: When it was sent, given up or cancelled.
        next_attempt_at: When it is due; None once it has ended.
        is_unknown: Nobody knows whether the last attempt arrived.
        detail: How that ended; None before one.
    """

    message_id: int
    channel_id: int
    user_id: int
    email: str
    to: Address
    alert_id: int | None
    report_id: int | None
    notice_id: int | None
    status: MessageStatus
    held_for: str | None
    sent_with: int | None
    attempts: int
    queued_at: datetime
    ended_at: datetime | None
    next_attempt_at: datetime | None
    is_unknown: bool
    detail: str | None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which attempts are asked for; None lets everything pass."""

    delivery_id: int | None = None
    message_id: int | None = None
    channel_id: int | None = None
    status: DeliveryStatus | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PagedDelivery:
    """An attempt to send a message; `detail` is its provider's answer, without secrets."""

    delivery_id: int
    message_id: int
    alert_id: int | None
    report_id: int | None
    notice_id: int | None
    channel_id: int
    channel: str
    attempt: int
    status: DeliveryStatus
    detail: str | None
    seconds: float | None
    attempted_at: datetime
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChannelFilter:
    """Which channels are asked for; None lets everything pass."""

    channel_id: int | None = None
    user_id: int | None = None
    kind: ChannelKind | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class PagedChannel:
    """A channel with whose it is, and since when."""

    channel_id: int
    user_id: int
    email: str
    created_at: datetime
    known: KnownChannel


def alert_page(
    connection: Connection,
    visibility: Visibility,
    where: AlertFilter,
    *,
    before: int | None = None,
    most: int = 1,
) -> list[PagedAlert]:
    """Return a page of the alerts somebody may see, the newest first."""
    values = {**asdict(where), "owner": visibility.owner_id, "before": before, "most": most}
    rows = connection.execute(statements(_SQL)["alert_page"], values)
    return [PagedAlert(**row | {"status": MessageStatus(row["status"])}) for row in rows]


def count_alerts(connection: Connection, visibility: Visibility, where: AlertFilter) -> int:
    """Return how many alerts are asked for of those somebody may see; see count_rows."""
    values = {**asdict(where), "owner": visibility.owner_id, "before": None}
    return count_rows(connection, statements(_SQL)["alert_page"], values)


def message_page(
    connection: Connection,
    visibility: Visibility,
    where: MessageFilter,
    *,
    before: int | None = None,
    most: int = 1,
) -> list[PagedMessage]:
    """Return a page of the messages somebody may see, the newest first."""
    values = {**asdict(where), "owner": visibility.owner_id, "before": before, "most": most}
    rows = connection.execute(statements(_SQL)["message_page"], values)
    return [
        PagedMessage(
            to=Address(ChannelKind(row.pop("kind")), row.pop("address")),
            status=MessageStatus(row.pop("status")),
            **row,
        )
        for row in rows
    ]


def count_messages(connection: Connection, visibility: Visibility, where: MessageFilter) -> int:
    """Return how many messages are asked for of those somebody may see; see count_rows."""
    values = {**asdict(where), "owner": visibility.owner_id, "before": None}
    return count_rows(connection, statements(_SQL)["message_page"], values)


def delivery_page(
    connection: Connection,
    visibility: Visibility,
    where: DeliveryFilter,
    *,
    before: int | None = None,
    most: int = 1,
) -> list[PagedDelivery]:
    """Return a page of the attempts somebody may see, the newest first."""
    values = {**asdict(where), "owner": visibility.owner_id, "before": before, "most": most}
    rows = connection.execute(statements(_SQL)["delivery_page"], values)
    return [PagedDelivery(**row | {"status": DeliveryStatus(row["status"])}) for row in rows]


def channel_page(
    connection: Connection,
    visibility: Visibility,
    where: ChannelFilter,
    *,
    after: int | None = None,
    most: int = 1,
) -> list[PagedChannel]:
    """Return a page of the channels somebody may see, in the order they were added."""
    values = {**asdict(where), "owner": visibility.owner_id, "after": after, "most": most}
    rows = connection.execute(statements(_SQL)["channel_page"], values)
    return [
        PagedChannel(
            row["channel_id"], row["user_id"], row["email"], row["created_at"], known_channel(row)
        )
        for row in rows
    ]
