"""A real SMTP server that keeps what arrives, or answers what a test wants."""

import email
import email.policy
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from keeper.alerts.channels.email import EmailChannel
from keeper.alerts.channels.smtp import SmtpConfig
from tests.services import free_port


class Mailbox:
    """What has arrived, by recipient; `answer` is what the server says to further mails.

    `accepted` is called when a mail is taken, before the sender learns of it.
    """

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.received: list[tuple[str, bytes]] = []
        self.accepted: Callable[[], object] = lambda: None

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.received.append((envelope.rcpt_tos[0], content))
            self.accepted()
        return self.answer

    def mails(self) -> list[EmailMessage]:
        """Return what has arrived, parsed."""
        return [
            email.message_from_bytes(content, policy=email.policy.default)
            for _, content in self.received
        ]

    def texts(self) -> list[str]:
        """Return the plain text of what has arrived."""
        bodies = (mail.get_body(("plain",)) for mail in self.mails())
        return [body.get_content().replace("\r\n", "\n") for body in bodies if body is not None]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_server(mailbox: Mailbox) -> Iterator[SmtpConfig]:
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    controller.start()
    yield SmtpConfig("127.0.0.1", port, "Keeper <keeper@example.org>", tls="none")
    controller.stop()


@pytest.fixture
def mail_channel(mail_server: SmtpConfig) -> EmailChannel:
    return EmailChannel(mail_server)
