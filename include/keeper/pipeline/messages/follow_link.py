"""What a link in a message does when its reader confirms it."""

from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.links import LinkAction, LinkTarget
from keeper.alerts.message import inert
from keeper.domain.messages.queue import Address, ChannelKind
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
    """What the link is about is not there any more."""


def describe(connection: Connection, target: LinkTarget) -> str:
    """Say what following the link would do.

    Raises:
        GoneError: Its watch or channel is gone.
    """
    if target.action is LinkAction.UNSUBSCRIBE:
        channel = _channel(connection, target)
        return f"Send no more alerts to {_place(channel)}?"
    product = _product(_watch(connection, target))
    if target.action is LinkAction.SNOOZE:
        return f"Hold the alerts of {product} for {SNOOZE.days} days?"
    return f"Stop watching {product}?"


def follow(connection: Connection, target: LinkTarget, now: datetime) -> str:
    """Do what the link says and say that it is done; doing it again changes nothing.

    Raises:
        GoneError: Its watch or channel is gone.
    """
    if target.action is LinkAction.UNSUBSCRIBE:
        channel = _channel(connection, target)
        to = Address(channel.kind, channel.address)
        set_channel_active(connection, channel.email, to, active=False)
        return f"No more alerts go to {_place(channel)}."
    watch = _watch(connection, target)
    product = _product(watch)
    if target.action is LinkAction.SNOOZE:
        until = now + SNOOZE
        snooze_watches(connection, watch.email, watch.asin, until, domain=watch.domain)
        return f"The alerts of {product} are held until {until:%Y-%m-%d}."
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
    watch = linked_watch(connection, target.number)
    if watch is None:
        raise GoneError("this product is not watched any more")
    return watch


def _channel(connection: Connection, target: LinkTarget) -> LinkedChannel:
    channel = linked_channel(connection, target.number)
    if channel is None:
        raise GoneError("this channel is not there any more")
    return channel


def _product(watch: LinkedWatch) -> str:
    return inert(watch.title, 120) or watch.asin


def _place(channel: LinkedChannel) -> str:
    """Name a channel without showing whoever holds the link the whole address."""
    if channel.kind is ChannelKind.EMAIL:
        name, _, host = channel.address.partition("@")
        return f"{name[:1]}…@{host}"
    return channel.kind.capitalize()
