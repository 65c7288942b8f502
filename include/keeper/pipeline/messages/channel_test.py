"""A message that shows whether a channel works."""

from datetime import datetime

from keeper.alerts.message import Message
from keeper.alerts.words import words_in
from keeper.domain.messages.queue import Address, DeliveryResult
from keeper.domain.users.languages import Language
from keeper.pipeline.messages.options import Delivery
from keeper.pipeline.messages.send import send


def send_test(
    to: Address, options: Delivery, *, at: datetime, language: Language = Language.ENGLISH
) -> DeliveryResult:
    """Send a message there, once, and return its provider's answer; blocks for seconds.

    The answer holds no secret.

    Args:
        to: Where it goes.
        options: How messages are delivered.
        at: Now.
        language: What its reader reads.
    """
    words = words_in(language)
    message = Message(
        key=f"test-{at:%Y%m%d%H%M%S%f}",
        subject=words.test_subject,
        lead=words.test_lead,
        sections=(),
        made_at=at,
        language=language,
    )
    answer, _ = send(to, message, options)
    return answer
