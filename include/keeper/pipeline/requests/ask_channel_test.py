"""Asks for the test of a channel by who may see it, at most once a minute."""

from datetime import datetime, timedelta
from typing import Final

from keeper.domain.requests import RequestKind
from keeper.domain.users.access import Identity
from keeper.pipeline.requests.ask import Asked, ask, requests_of
from keeper.pipeline.requests.channel_tests import ChannelTest
from keeper.pipeline.users.audit import Doer
from keeper.pipeline.users.channels import NotThereError, channel_of
from keeper.stores.postgres.connection import Connection

__all__ = ["NotThereError", "ask_channel_test"]
PAUSE: Final = timedelta(minutes=1)
_LOOKED_THROUGH: Final = 100


def ask_channel_test(
    connection: Connection, identity: Identity, channel_id: int, doer: Doer, *, at: datetime
) -> Asked:
    """Ask for a test of a channel; asking again within a minute returns the same one.

    So nobody floods a channel with tests, be it their own.

    Raises:
        NotThereError: The user may see no such channel.
        RequestGoneError: The user was removed meanwhile.
    """
    channel_of(connection, identity.account, channel_id)
    wanted = ChannelTest(channel_id=channel_id)
    whole = Identity(identity.account)
    for former in requests_of(
        connection, whole, kinds=[RequestKind.TEST_CHANNEL], most=_LOOKED_THROUGH
    ):
        if former.arguments == wanted.model_dump() and former.created_at > at - PAUSE:
            return Asked(former, is_new=False)
    return ask(connection, RequestKind.TEST_CHANNEL, wanted, doer, at=at)
