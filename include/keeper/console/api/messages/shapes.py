"""What the API says of alerts, messages and channels."""

from datetime import datetime
from typing import Self

from pydantic import Field

from keeper.alerts.stored_reasons import reason_in
from keeper.console.api.shapes import Moment, Money, Reply
from keeper.domain.asins import product_url
from keeper.domain.locales import locale_of
from keeper.domain.users.languages import Language
from keeper.pipeline.messages.inbox import (
    AlertWithMessages,
    DeliveryStatus,
    MessageStatus,
    PagedDelivery,
    PagedMessage,
)
from keeper.pipeline.users.channels import ChannelKind, PagedChannel


class ChannelName(Reply):
    """Where a message goes."""

    id: int
    kind: ChannelKind
    address: str


class MessageReply(Reply):
    """A message on its way to one channel, or what became of it."""

    id: int
    owner_id: int
    owner: str = Field(description="Whose it is, by address.")
    channel: ChannelName
    alert_id: int | None = Field(description="The alert it is about.")
    report_id: int | None = Field(description="The daily report it is.")
    notice_id: int | None = Field(description="The notice to an operator it is.")
    status: MessageStatus
    held_for: str | None = Field(
        description="Why it waits or waited: snooze, quiet hours or daily cap."
    )
    is_unknown: bool = Field(description="Nobody knows whether the last attempt arrived.")
    sent_with: int | None = Field(description="The message in whose digest it went out.")
    attempts: int
    queued_at: Moment
    next_attempt_at: datetime | None = Field(description="When it is due; null once it is done.")
    ended_at: datetime | None = Field(description="When it was sent, given up or cancelled.")
    detail: str | None = Field(description="How the last attempt ended, in its provider's words.")

    @classmethod
    def of_message(cls, message: PagedMessage) -> Self:
        """Return what the API says of a message."""
        return cls(
            id=message.message_id,
            owner_id=message.user_id,
            owner=message.email,
            channel=ChannelName(
                id=message.channel_id, kind=message.to.kind, address=message.to.address
            ),
            alert_id=message.alert_id,
            report_id=message.report_id,
            notice_id=message.notice_id,
            status=message.status,
            held_for=message.held_for,
            is_unknown=message.is_unknown,
            sent_with=message.sent_with,
            attempts=message.attempts,
            queued_at=message.queued_at,
            next_attempt_at=message.next_attempt_at,
            ended_at=message.ended_at,
            detail=message.detail,
        )


class DeliveryReply(Reply):
    """An attempt to send a message."""

    id: int
    message_id: int
    alert_id: int | None
    report_id: int | None
    notice_id: int | None
    channel_id: int
    channel: str = Field(description="Its kind.")
    attempt: int = Field(description="The message's how manieth it was.")
    status: DeliveryStatus
    detail: str | None = Field(description="The provider's answer, or what went wrong.")
    seconds: float | None = Field(description="How long it took.")
    attempted_at: Moment
    next_attempt_at: datetime | None = Field(description="When another follows; null for none.")

    @classmethod
    def of_delivery(cls, delivery: PagedDelivery) -> Self:
        """Return what the API says of an attempt."""
        return cls(
            id=delivery.delivery_id,
            message_id=delivery.message_id,
            alert_id=delivery.alert_id,
            report_id=delivery.report_id,
            notice_id=delivery.notice_id,
            channel_id=delivery.channel_id,
            channel=delivery.channel,
            attempt=delivery.attempt,
            status=delivery.status,
            detail=delivery.detail,
            seconds=delivery.seconds,
            attempted_at=delivery.attempted_at,
            next_attempt_at=delivery.next_attempt_at,
        )


class MessageWithDeliveries(Reply):
    """A message with the attempts to send it, the newest first."""

    message: MessageReply
    deliveries: list[DeliveryReply]


class AlertReply(Reply):
    """An alert: for which price it was raised, why, and what became of it."""

    id: int
    owner_id: int
    owner: str = Field(description="Whose it is, by address.")
    watch_id: int
    asin: str
    domain: str
    price_type: str
    title: str | None = Field(description="Amazon's text, to be shown as text only.")
    url: str
    image_url: str | None = Field(description="Of the product's picture, at Amazon.")
    price: Money | None = Field(description="Without shipping; null: there was no offer.")
    shipping: Money | None = Field(description="Where Keepa gives it apart.")
    previous_price: Money | None
    target: Money | None = Field(description="The watch's target then.")
    reason: str = Field(description="Why it was raised, in the language asked for.")
    rules: list[str] = Field(description="The rules that were fulfilled; target for the target.")
    status: MessageStatus = Field(description="SENT once one channel has it.")
    raised_at: Moment
    observed_at: Moment = Field(description="Since when the price held.")
    checked_at: Moment = Field(description="When Keepa was asked.")
    seen_at: datetime | None = Field(description="When Keepa itself had last looked.")
    source: str = Field(description="keepa, or simulator for invented prices.")
    messages: list[MessageReply] = Field(description="One for each channel.")

    @classmethod
    def of_alert(cls, found: AlertWithMessages, language: Language) -> Self:
        """Return what the API says of an alert."""
        alert = found.alert

        def money(minor: int | None) -> Money | None:
            return Money.of_minor(minor, alert.currency)

        return cls(
            id=alert.alert_id,
            owner_id=alert.user_id,
            owner=alert.email,
            watch_id=alert.watch_id,
            asin=alert.asin,
            domain=alert.domain,
            price_type=alert.price_type,
            title=alert.title,
            url=product_url(alert.asin, locale_of(alert.domain)),
            image_url=alert.image_url,
            price=money(alert.price_minor),
            shipping=money(alert.shipping_minor),
            previous_price=money(alert.previous_price_minor),
            target=money(alert.target_minor),
            reason=reason_in(language, alert.reason),
            rules=alert.rules,
            status=alert.status,
            raised_at=alert.raised_at,
            observed_at=alert.observed_at,
            checked_at=alert.checked_at,
            seen_at=alert.seen_at,
            source=alert.source,
            messages=[MessageReply.of_message(message) for message in found.messages],
        )


class ChannelReply(Reply):
    """A channel and what became of its messages."""

    id: int
    owner_id: int
    owner: str = Field(description="Whose it is, by the address that identifies them.")
    kind: ChannelKind
    address: str = Field(description="A mail address, a Telegram chat, or a webhook's name.")
    is_active: bool = Field(description="Whether messages go there.")
    sent: int
    waiting: int
    failed: int
    unknown: int = Field(description="Messages of which nobody knows whether they arrived.")
    problem: str | None = Field(
        description="Why it was paused, or how the last attempt failed; null if it did not."
    )
    created_at: Moment

    @classmethod
    def of_channel(cls, found: PagedChannel) -> Self:
        """Return what the API says of a channel."""
        known = found.known
        return cls(
            id=found.channel_id,
            owner_id=found.user_id,
            owner=found.email,
            kind=known.to.kind,
            address=known.to.address,
            is_active=known.is_active,
            sent=known.sent,
            waiting=known.waiting,
            failed=known.failed,
            unknown=known.unknown,
            problem=known.problem,
            created_at=found.created_at,
        )
