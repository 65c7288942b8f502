"""Asks for the test of a channel by who may see it, at most once a minute."""

from datetime import datetime, timedelta
from typing import Final

from keeper.domain.requests import ListedRequest, RequestKind, RequestState
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

    So nobody floods an address with tests, be it their own, nor by removing the channel and adding
    it anew.

    Raises:
        NotThereError: The user may see no such channel.
        RequestGoneError: The user was removed meanwhile.
    """
    channel = channel_of(connection, identity.account, channel_id)
    wanted = ChannelTest(channel_id=channel_id, to=str(channel.known.to))
    whole = Identity(identity.account)
    for former in requests_of(
        connection, whole, kinds=[RequestKind.TEST_CHANNEL], most=_LOOKED_THROUGH
    ):
        if former.created_at > at - PAUSE and _counts(former, wanted):
            return Asked(former, is_new=False)
    return ask(connection, RequestKind.TEST_CHANNEL, wanted, doer, at=at)


def _counts(former: ListedRequest, wanted: ChannelTest) -> bool:
    """Return whether a test stands for another: it was sent to the same address, or will be."""
    tested = ChannelTest.model_validate(former.arguments)
    if tested.channel_id == wanted.channel_id:
        return True
    # Of a channel that was removed what still waits is never sent.
    was_sent = former.state in (RequestState.RUNNING, RequestState.DONE)
    return tested.to == wanted.to and was_sent
