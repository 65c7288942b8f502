"""How messages are delivered, and what a deliverer remembers while it runs."""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from keeper.alerts.channel_breakers import ChannelBreakers
from keeper.alerts.compose import OLD_AFTER
from keeper.alerts.links import Links
from keeper.alerts.message import Message
from keeper.clock import Clock, utc_now
from keeper.domain.messages.queue import ChannelKind, DeliveryResult
from keeper.stores.postgres.messages.claims import DueMessage

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


class Channel(Protocol):
    """A way to reach a person."""

    def deliver(self, address: str, message: Message) -> DeliveryResult:
        """Try once; say how it ended instead of raising."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that has ended.

    Attributes:
        claim: Its name, by which it holds its messages.
        due: The message it was made for.
        message_ids: The messages it was about: that one, and those in its digest.
        name: What people call them: `alert 7`.
        result: How it ended.
        is_unforeseen: Keeper itself failed: the message was not written, or its channel raised.
        seconds: How long it took.
        at: When it ended.
        until: When its lease is over.
    """

    claim: str
    due: DueMessage
    message_ids: tuple[int, ...]
    name: str
    result: DeliveryResult
    is_unforeseen: bool = False
    seconds: float = 0
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """What a deliverer remembers as long as it runs.

    Attributes:
        breakers: Which channels may be used.
        unrecorded: Attempts whose outcome the database has not taken yet.
        aside: Messages that the database refuses to hand out, and until when they are left alone.
    """

    breakers: ChannelBreakers = field(default_factory=ChannelBreakers)
    unrecorded: list[Attempt] = field(default_factory=list)
    aside: dict[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages are delivered.

    Attributes:
        channels: By kind; a kind that is missing is not configured.
        memory: What the deliverer has learned; kept as long as it runs.
        clock: The time that decides what is due.
        wait: Lets seconds pass; ends early when asked to stop.
        timeout_s: How long, in all, to wait for channels that ask for a pause.
        stopped: Asked between messages; true ends the work early.
        jitter: A number from 0 to 1, by which retries of many messages fall apart.
        links: Makes the links messages are acted on by; None for messages without.
        images_url: Below which address pictures of products are linked; None for Amazon's.
        operator: Whom to notify of messages that could not be delivered; None for nobody.
        old_after: How old a price may be without its alert saying so.
        secrets: What no reason of a failure may quote.
        report_closed: Gets a kind of channel and why it is closed, or None once it is open.
    """

    channels: Mapping[ChannelKind, Channel]
    memory: Memory = field(default_factory=Memory)
    clock: Clock = utc_now
    wait: Callable[[float], object] = time.sleep
    timeout_s: float = 0
    stopped: Callable[[], bool] = lambda: False
    jitter: Callable[[], float] = random.random
    links: Links | None = None
    images_url: str | None = None
    operator: str | None = None
    old_after: timedelta = OLD_AFTER
    secrets: tuple[str, ...] = field(default=(), repr=False)
    report_closed: Callable[[str, str | None], object] = lambda kind, why: None


def reason_of(error: BaseException, secrets: tuple[str, ...] = ()) -> str:
    """Return an error's type and text without addresses of services and without secrets."""
    text = " ".join(str(error).split())
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    text = _URL.sub("…", text)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
