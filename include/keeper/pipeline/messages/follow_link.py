"""What a link in a message does when its reader confirms it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.formats import moment
from keeper.alerts.links import LinkAction, LinkTarget, channel_mark, watch_mark
from keeper.alerts.message import inert
from keeper.alerts.words import words_in
from keeper.domain.messages.queue import ChannelKind
from keeper.domain.users.languages import Language
from keeper.domain.watches.watch import WatchStatus
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.channels import (
    LinkedChannel,
    LinkedWatch,
    linked_channel,
    linked_watch,
    set_channel_active,
    snooze_watches,
)
from keeper.stores.postgres.watches.watch_list import set_status

SNOOZE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for whoever follows a link, and its language: that of the link's owner."""

    sentence: str
    language: Language


class GoneError(LookupError):
    """What the link is about is not there any more, or the link was used already."""

    def __init__(self, said: Said) -> None:
        """Raise it with what to say."""
        super().__init__(said.sentence)
        self.said = said


def describe(
    connection: Connection, target: LinkTarget, now: datetime, *, language: Language
) -> Said:
    """Say what following the link would do.

    Args:
        connection: Where watches and channels are.
        target: What the link is about.
        now: The time.
        language: What to say it in where nobody is known whose link it is.

    Raises:
        GoneError: There is nothing to do: its watch or channel is gone, or the alerts are or were
            held since the link was made.
    """
    if target.action is LinkAction.UNSUBSCRIBE:
        channel = _channel(connection, target, language)
        words = words_in(channel.language)
        return Said(words.pages.unsubscribe.format(place=_place(channel)), channel.language)
    watch = _watch(connection, target, language)
    words, product = words_in(watch.language), _product(watch)
    if target.action is LinkAction.SNOOZE:
        if held := _held_since(watch, target, now):
            raise GoneError(Said(held, watch.language))
        asks = words.counted(words.pages.hold_alerts, SNOOZE.days, product=product)
        return Said(asks, watch.language)
    return Said(words.pages.stop_watching.format(product=product), watch.language)


def follow(
    connection: Connection, target: LinkTarget, now: datetime, *, language: Language
) -> Said:
    """Do what the link says and say that it is done; doing it again changes nothing.

    Args:
        connection: Where watches and channels are.
        target: What the link is about.
        now: The time.
        language: What to say it in where nobody is known whose link it is.

    Raises:
        GoneError: Its watch or channel is gone; nothing is changed.
    """
    if target.action is LinkAction.UNSUBSCRIBE:
        channel = _channel(connection, target, language)
        set_channel_active(connection, channel.email, channel.to, active=False)
        says = words_in(channel.language).pages.unsubscribed.format(place=_place(channel))
        return Said(says, channel.language)
    watch = _watch(connection, target, language)
    pages, product = words_in(watch.language).pages, _product(watch)
    if target.action is LinkAction.SNOOZE:
        if held := _held_since(watch, target, now):
            return Said(held, watch.language)
        until = now + SNOOZE
        snooze_watches(connection, watch.email, watch.asin, until, domain=watch.domain)
        end = moment(until, watch.time_zone, watch.language)
        return Said(pages.alerts_held_until.format(product=product, end=end), watch.language)
    set_status(
        connection,
        watch.email,
        watch.asin,
        WatchStatus.INACTIVE,
        domain=watch.domain,
        price_type=watch.price_type,
    )
    return Said(pages.not_watched_any_more.format(product=product), watch.language)


def _watch(connection: Connection, target: LinkTarget, language: Language) -> LinkedWatch:
    """Return the watch the link was made for.

    Raises:
        GoneError: It was removed, or its number is another watch's now.
    """
    watch = linked_watch(connection, target.number)
    if watch is None:
        raise GoneError(Said(words_in(language).pages.watch_gone, language))
    if target.mark != watch_mark(watch.asin, watch.domain, watch.price_type, watch.watched_since):
        raise GoneError(Said(words_in(language).pages.other_watch, language))
    return watch


def _channel(connection: Connection, target: LinkTarget, language: Language) -> LinkedChannel:
    """Return the channel the link was made for; a link of the former form names only its number.

    Raises:
        GoneError: It was removed, or its number is another channel's now.
    """
    channel = linked_channel(connection, target.number)
    if channel is None:
        raise GoneError(Said(words_in(language).pages.channel_gone, language))
    if target.mark not in {None, channel_mark(channel.to, channel.channel_since)}:
        raise GoneError(Said(words_in(language).pages.other_channel, language))
    return channel


def _held_since(watch: LinkedWatch, target: LinkTarget, now: datetime) -> str:
    """Say until when the alerts are or were held since the link was made; "" if they were not.

    Then the link holds them no longer: whoever keeps a message could hold them for ever.
    """
    until, issued_at = watch.snoozed_until, target.issued_at
    if until is None or (issued_at is not None and until <= issued_at):
        return ""
    pages, end = words_in(watch.language).pages, moment(until, watch.time_zone, watch.language)
    says = pages.alerts_held_until if until > now else pages.alerts_were_held_until
    return says.format(product=_product(watch), end=end)


def _product(watch: LinkedWatch) -> str:
    return inert(watch.title, 120) or watch.asin


def _place(channel: LinkedChannel) -> str:
    """Name a channel without showing whoever holds the link the whole address."""
    if channel.to.kind is ChannelKind.EMAIL:
        name, _, host = channel.to.address.partition("@")
        return f"{name[:1]}…@{host}"
    return channel.to.kind.capitalize()
