"""What a link in a message does when its reader confirms it."""

from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.formats import moment
from keeper.alerts.links import LinkAction, LinkTarget, channel_mark, watch_mark
from keeper.alerts.message import inert
from keeper.domain.messages.queue import ChannelKind
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


class GoneError(LookupError):
    """What the link is about is not there any more, or the link was used already."""


def describe(connection: Connection, target: LinkTarget, now: datetime) -> str:
    """Say what following the link would do.

    Raises:
        GoneError: There is nothing to do: its watch or channel is gone, or the alerts are or were
            held since the link was made.
    """
    if target.action is LinkAction.UNSUBSCRIBE:
        channel = _channel(connection, target)
        return f"Send no more alerts to {_place(channel)}?"
    watch = _watch(connection, target)
    if target.action is LinkAction.SNOOZE:
        if held := _held_since(watch, target, now):
            raise GoneError(held)
        return f"Hold the alerts of {_product(watch)} for {SNOOZE.days} days?"
    return f"Stop watching {_product(watch)}?"


def follow(connection: Connection, target: LinkTarget, now: datetime) -> str:
    """Do what the link says and say that it is done; doing it again changes nothing.

    Raises:
        GoneError: Its watch or channel is gone; nothing is changed.
    """
    if target.action is LinkAction.UNSUBSCRIBE:
        channel = _channel(connection, target)
        set_channel_active(connection, channel.email, channel.to, active=False)
        return f"No more alerts go to {_place(channel)}."
    watch = _watch(connection, target)
    product = _product(watch)
    if target.action is LinkAction.SNOOZE:
        if held := _held_since(watch, target, now):
            return f"{held[:1].upper()}{held[1:]}."
        until = now + SNOOZE
        snooze_watches(connection, watch.email, watch.asin, until, domain=watch.domain)
        return f"The alerts of {product} are held until {moment(until, watch.time_zone)}."
    set_status(
        connection,
        watch.email,
        watch.asin,
        WatchStatus.INACTIVE,
        domain=watch.domain,
        price_type=watch.price_type,
    )
    return f"{product} is not watched any more."


def _watch(connection: Connection, target: LinkTarget) -> LinkedWatch:
    """Return the watch the link was made for.

    Raises:
        GoneError: It was removed, or its number is another watch's now.
    """
    watch = linked_watch(connection, target.number)
    if watch is None:
        raise GoneError("this product is not watched any more")
    if target.mark != watch_mark(watch.asin, watch.domain, watch.price_type, watch.watched_since):
        raise GoneError(
            "this link is of a watch list that Keeper does not have any more, and nothing was "
            "changed; use a link of a newer message"
        )
    return watch


def _channel(connection: Connection, target: LinkTarget) -> LinkedChannel:
    """Return the channel the link was made for; a link of the former form names only its number.

    Raises:
        GoneError: It was removed, or its number is another channel's now.
    """
    channel = linked_channel(connection, target.number)
    if channel is None:
        raise GoneError("this channel is not there any more")
    if target.mark not in {None, channel_mark(channel.to, channel.channel_since)}:
        raise GoneError(
            "this link is of a channel that Keeper does not have any more, and nothing was "
            "changed; use a link of a newer message"
        )
    return channel


def _held_since(watch: LinkedWatch, target: LinkTarget, now: datetime) -> str:
    """Say until when the alerts are or were held since the link was made; "" if they were not.

    Then the link holds them no longer: whoever keeps a message could hold them for ever.
    """
    until, issued_at = watch.snoozed_until, target.issued_at
    if until is None or (issued_at is not None and until <= issued_at):
        return ""
    end = moment(until, watch.time_zone)
    if until > now:
        return f"the alerts of {_product(watch)} are held until {end}"
    return (
        f"the alerts of {_product(watch)} were held until {end}, after this message; use a link of "
        "a newer one"
    )


def _product(watch: LinkedWatch) -> str:
    return inert(watch.title, 120) or watch.asin


def _place(channel: LinkedChannel) -> str:
    """Name a channel without showing whoever holds the link the whole address."""
    if channel.to.kind is ChannelKind.EMAIL:
        name, _, host = channel.to.address.partition("@")
        return f"{name[:1]}…@{host}"
    return channel.to.kind.capitalize()
