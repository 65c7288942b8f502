"""A message that shows whether a channel works."""

from datetime import datetime

from keeper.alerts.message import Message
from keeper.domain.messages.queue import Address, DeliveryResult
from keeper.pipeline.messages.options import Delivery
from keeper.pipeline.messages.send import send


def send_test(to: Address, options: Delivery, *, at: datetime) -> DeliveryResult:
    """Send a message there, once, and return its provider's answer; blocks for seconds.

    The answer holds no secret.

    Args:
        to: Where it goes.
        options: How messages are delivered.
        at: Now.
    """
    message = Message(
        key=f"test-{at:%Y%m%d%H%M%S%f}",
        subject="Keeper can reach you here",
        lead="This is a test: price alerts will come to this place.",
        sections=(),
        made_at=at,
    )
    answer, _ = send(to, message, options)
    return answer
