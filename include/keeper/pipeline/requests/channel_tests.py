"""A test of a channel, as a request: its worker has the secrets that the console lacks."""

from pydantic import BaseModel, ConfigDict, Field

from keeper.clock import utc_now
from keeper.domain.messages.queue import DeliveryStatus
from keeper.errors import TerminalError
from keeper.pipeline.requests.work import Work


class ChannelTest(BaseModel):
    """Which channel is tested.

    Attributes:
        channel_id: The channel; one that was removed is not tested, whatever has its address now.
        to: Kind and address, by which the tests of a minute are counted; None in requests of
            earlier versions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel_id: int = Field(ge=1, le=2**63 - 1)
    to: str | None = None


class ChannelTestResult(BaseModel):
    """What its provider answered."""

    delivery: DeliveryStatus = Field(description="SENT: the provider has taken the message.")
    detail: str = Field(description="The provider's answer, or what went wrong.")
    remedy: str = Field(description="What helps, where that is known.")


class ChannelGoneError(TerminalError):
    """The channel was removed after its test had been asked for."""


def test_channel(wanted: ChannelTest, work: Work) -> ChannelTestResult:
    """Send a message by a channel, once; a refusal is a result, too.

    Raises:
        ChannelGoneError: It was removed meanwhile.
        TransientError: PostgreSQL does not answer; nothing was sent.
    """
    from keeper.pipeline.messages.channel_test import send_test
    from keeper.pipeline.services.configuration import delivery, postgres_config
    from keeper.stores.postgres.connection import session
    from keeper.stores.postgres.messages.channels import linked_channel

    with session(postgres_config(work.settings)) as connection:
        channel = linked_channel(connection, wanted.channel_id)
    if channel is None:
        raise ChannelGoneError(f"there is no channel {wanted.channel_id} any more")
    answer = send_test(channel.to, delivery(work.settings), at=utc_now())
    return ChannelTestResult(delivery=answer.status, detail=answer.detail, remedy=answer.remedy)
