"""What is on its way to a person, and how trying to deliver it ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keeper.domain.deals.report import DealReport
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.messages.notices import OperatorNotice
from keeper.domain.prices.listing import Availability
from keeper.domain.users.languages import Language


@dataclass(frozen=True, slots=True)
class PriceAlert:
    """What an alert says of a price; amounts are in minor units.

    A price that came and went between two checks alerts too: then `has_newer_price` is set and
    `newest_price_minor` is what the series stands at (None: no offer, or with `is_newest_hidden`
    one whose price is hidden). `price_minor` is None when the alert is that there is no offer.
    `seen_at` is when Keepa had last looked at the price; None if it does not say. A coupon takes
    off an amount or a percentage, of one purchase or of a subscription; None if there is none or it
    is not known. `availability` is Amazon's, of its own price; None if it is not known.
    `watched_since` is when the watch was added.
    """

    alert_id: int
    watch_id: int
    asin: str
    domain: str
    price_type: str
    title: str | None
    image_url: str | None
    price_minor: int | None
    shipping_minor: int | None
    previous_price_minor: int | None
    target_minor: int | None
    with_shipping: bool
    currency: str
    observed_at: datetime
    checked_at: datetime
    reason: str
    source: str
    watched_since: datetime
    newest_price_minor: int | None = None
    has_newer_price: bool = False
    seen_at: datetime | None = None
    is_newest_hidden: bool = False
    coupon_minor: int | None = None
    coupon_percent: int | None = None
    subscribe_coupon_minor: int | None = None
    subscribe_coupon_percent: int | None = None
    availability: Availability | None = None


class ChannelKind(StrEnum):
    """A way to reach a person."""

    EMAIL = "email"
    TELEGRAM = "telegram"
    DISCORD = "discord"
    APPRISE = "apprise"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes.

    Attributes:
        kind: By which way.
        address: An e-mail address, a Telegram chat, or the name that the settings have for a
            Discord webhook or an Apprise URL, which are secrets.
    """

    kind: ChannelKind
    address: str

    def __str__(self) -> str:
        """Return both, as the outbox spells them."""
        return f"{self.kind}:{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A message for one channel of its reader.

    Attributes:
        message_id: Its key in the outbox.
        channel_id: The channel's key.
        channel_since: When the channel was added.
        to: Where it goes.
        rules: When its reader wants to be reached.
        queued_at: When it was put into the outbox.
        attempts: How often it has been tried.
        first_attempt_at: When it was first tried.
        held_for: Why it was held before; alerts then go out with what else was.
        is_wanted: False once its watch was removed or the alert acknowledged.
        language: What its reader reads.
    """

    message_id: int
    channel_id: int
    channel_since: datetime
    to: Address
    rules: DeliveryRules
    queued_at: datetime
    attempts: int
    first_attempt_at: datetime | None
    held_for: str | None
    is_wanted: bool = True
    language: Language = Language.ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedAlert(Queued):
    """An alert for one channel of its reader."""

    alert: PriceAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedReport(Queued):
    """A deal report for one channel of its reader."""

    report: DealReport


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedNotice(Queued):
    """A notice for one channel of the operator."""

    notice: OperatorNotice


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedSignIn(Queued):
    """A mail with a link to sign in; its secret is made when it is written.

    Attributes:
        link_id: The link's number.
        base_url: Where the console is.
        asked_at: When somebody asked for it; soon nobody waits for it any more.
    """

    link_id: int
    base_url: str
    asked_at: datetime


QueuedMessage = QueuedAlert | QueuedReport | QueuedNotice | QueuedSignIn


class ChannelStatus(StrEnum):
    """Whether messages go to a channel."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"


class MessageStatus(StrEnum):
    """What became of a message of the outbox, and of an alert by all of its messages.

    UNKNOWN is neither sent nor failed: nobody knows whether it arrived.
    """

    PENDING = "PENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    CANCELLED = "CANCELLED"


class DeliveryStatus(StrEnum):
    """How one attempt on one channel ended.

    UNKNOWN is an attempt whose connection was lost after the whole message had been handed over:
    the provider may have taken it.
    """

    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    NOT_CONFIGURED = "NOT_CONFIGURED"


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Outcome of an attempt.

    Attributes:
        status: How it ended.
        detail: The provider's answer or what went wrong, without secrets.
        retry: Another attempt may fare better.
        unreachable: The channel itself did not answer, so other messages would fare no better now.
        retry_after_s: The provider asks to be left alone at this address for so long.
        closes_channel: The provider refused Keeper itself (its login, its sender, its token), so
            every message of this kind fails alike until the operator changes a setting.
        address_is_gone: The provider will never take a message for this address again (a chat that
            blocked the bot, a deleted webhook): its channel is paused and its reader notified.
        remedy: What to set, or where to move, in a sentence for the person who can act; "" if
            nothing is known.
    """

    status: DeliveryStatus
    detail: str
    retry: bool = False
    unreachable: bool = False
    retry_after_s: float | None = None
    closes_channel: bool = False
    address_is_gone: bool = False
    remedy: str = ""
