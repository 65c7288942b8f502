"""Where messages may go: what is a channel's address, and who may choose which."""

import re
from typing import Final

from keeper.alerts.channels.mail_address import mail_address
from keeper.domain.messages.queue import Address, ChannelKind
from keeper.domain.users.access import Account

_CHAT: Final = re.compile(r"-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31}")


class UnclearChannelError(ValueError):
    """What was given is no channel; one sentence says why."""


class ForeignAddressError(PermissionError):
    """A reader asks for messages to an address that may be somebody else's."""


def read_address(kind: str, address: str) -> Address:
    """Return the channel that is meant, of whatever case its kind is.

    Raises:
        UnclearChannelError: There is no such kind, or the address is a URL or blank.
    """
    kinds = [one.value for one in ChannelKind]
    if kind.lower() not in kinds:
        raise UnclearChannelError(f"{kind!r} is none of {', '.join(kinds)}")
    if not address.strip() or "://" in address:
        raise UnclearChannelError(
            "an address is not a URL: put it into the settings under a name, and give the name"
        )
    return Address(ChannelKind(kind.lower()), address.strip())


def validate_address(to: Address) -> None:
    """Refuse what no message can reach, as far as its form shows it.

    Raises:
        UnclearChannelError: It is no mail address, or no Telegram chat.
    """
    if to.kind is ChannelKind.EMAIL:
        try:
            mail_address(to.address)
        except ValueError as error:
            raise UnclearChannelError(str(error)) from None
    if to.kind is ChannelKind.TELEGRAM and not _CHAT.fullmatch(to.address):
        raise UnclearChannelError(
            f"{to.address!r} is no Telegram chat: give its number, which begins with -100 for a "
            "group or channel, or @name for a public one"
        )


def validate_own(account: Account, to: Address) -> None:
    """Let a reader choose their own mail address alone: it is the only one they have proven.

    Any other would let them write to strangers, or into the operator's chats, with product titles
    of their choice.

    Raises:
        ForeignAddressError: The user is no operator and the address is another.
    """
    is_own = to.kind is ChannelKind.EMAIL and to.address.lower() == account.email.lower()
    if not account.is_operator and not is_own:
        raise ForeignAddressError(
            f"readers add {account.email} themselves; ask an operator for other addresses"
        )
