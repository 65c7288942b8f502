"""Channels as a program asks for them: seen, added, paused and removed by who may do so."""

from dataclasses import dataclass
from datetime import datetime

from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.users.access import Account
from keeper.pipeline.messages.addresses import (
    ForeignAddressError,
    UnclearChannelError,
    read_address,
    validate_address,
    validate_own,
)
from keeper.pipeline.messages.inbox import NotThereError
from keeper.pipeline.users.audit import Doer, record
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.channels import (
    KnownChannel,
    remove_channel,
    save_channel,
    set_channel_active,
)
from keeper.stores.postgres.messages.message_pages import (
    ChannelFilter,
    PagedChannel,
    channel_page,
)
from keeper.stores.postgres.users.accounts import lock_account
from keeper.stores.postgres.users.visibility import visible_to

__all__ = [
    "AddedChannel",
    "ChannelFilter",
    "ChannelKind",
    "ForeignAddressError",
    "KnownChannel",
    "NotThereError",
    "PagedChannel",
    "UnclearChannelError",
    "add_channel",
    "channel_of",
    "channels_of",
    "remove_one",
    "set_active",
]


@dataclass(frozen=True, slots=True)
class AddedChannel:
    """A channel, and whether it is new."""

    channel: PagedChannel
    is_new: bool


def channels_of(
    connection: Connection, account: Account, where: ChannelFilter, *, after: int | None, most: int
) -> list[PagedChannel]:
    """Return a page of the channels a user may see, in the order they were added."""
    return channel_page(connection, visible_to(account), where, after=after, most=most)


def channel_of(connection: Connection, account: Account, channel_id: int) -> PagedChannel:
    """Return a channel.

    Raises:
        NotThereError: The user may see no such channel.
    """
    for found in channel_page(connection, visible_to(account), ChannelFilter(channel_id)):
        return found
    raise NotThereError(f"there is no channel {channel_id}")


def add_channel(
    connection: Connection,
    account: Account,
    *,
    kind: str,
    address: str,
    owner_id: int | None,
    doer: Doer,
    at: datetime,
) -> AddedChannel:
    """Let a user read there too; one that was paused is active again.

    Args:
        connection: Where channels are.
        account: Who asks.
        kind: email, telegram, discord or apprise.
        address: A mail address, a Telegram chat, or the name that the settings have for a webhook.
        owner_id: Whose channel; None for one's own.
        doer: Who asks, for the audit log.
        at: Now.

    Raises:
        UnclearChannelError: What was given is no channel.
        ForeignAddressError: A reader asks for an address that is not their own.
        NotThereError: The user may see no such owner, or was removed meanwhile.
    """
    to = read_address(kind, address)
    validate_address(to)
    whose = account.user_id if owner_id is None else owner_id
    if visible_to(account).owner_id not in (None, whose):
        raise NotThereError(f"there is no user {whose}")
    validate_own(account, to)
    with connection.transaction():
        owner = lock_account(connection, whose, ())
        if owner is None:
            raise NotThereError(f"there is no user {whose}")
        if to.kind is ChannelKind.EMAIL and to.address.lower() == owner.email.lower():
            # Else who types it another way gets every mail twice.
            to = Address(to.kind, owner.email)
        is_new = save_channel(connection, owner.email, to)
        _record(connection, doer, at, "channel added" if is_new else "channel active", to)
        where = ChannelFilter(user_id=whose, kind=to.kind, address=to.address)
        (found,) = channel_page(connection, visible_to(account), where)
        return AddedChannel(found, is_new)


def set_active(
    connection: Connection,
    account: Account,
    channel_id: int,
    *,
    is_active: bool,
    doer: Doer,
    at: datetime,
) -> PagedChannel:
    """Use a channel or not; what waits for one that is paused is dropped.

    Raises:
        NotThereError: The user may see no such channel.
        ForeignAddressError: A reader would activate an address that is not their own.
    """
    with connection.transaction():
        before = channel_of(connection, account, channel_id)
        to = before.known.to
        if is_active and not before.known.is_active:
            validate_own(account, to)
            save_channel(connection, _locked(connection, before), to)
        elif not is_active:
            set_channel_active(connection, before.email, to, active=False)
        if before.known.is_active is not is_active:
            _record(connection, doer, at, "channel active" if is_active else "channel paused", to)
        return channel_of(connection, account, channel_id)


def remove_one(
    connection: Connection, account: Account, channel_id: int, *, doer: Doer, at: datetime
) -> None:
    """Forget a channel with all that was sent there.

    Raises:
        NotThereError: The user may see no such channel.
    """
    with connection.transaction():
        found = channel_of(connection, account, channel_id)
        remove_channel(connection, found.email, found.known.to)
        _record(connection, doer, at, "channel removed", found.known.to)


def _locked(connection: Connection, channel: PagedChannel) -> str:
    """Return the address of a channel's user, who stays until the transaction ends."""
    if lock_account(connection, channel.user_id, ()) is None:
        raise NotThereError(f"there is no channel {channel.channel_id}")
    return channel.email


def _record(connection: Connection, doer: Doer, at: datetime, action: str, to: Address) -> None:
    record(connection, doer, at, action, str(to), "done")
