"""What goes to a mail server, and what its answers mean."""

import email
import email.policy
import smtplib
import unicodedata
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.alerts.channels.email import EmailChannel, SmtpConfig, mail_of
from keeper.alerts.compose import alert_message
from keeper.domain.messages.queue import DeliveryResult, DeliveryStatus
from tests.alerts import NO_STORY, a_story, queued

SENDER = "Keeper <keeper@example.org>"


def mail(**alert: Any) -> EmailMessage:
    return mail_of(alert_message(queued(**alert), NO_STORY), "reader@example.org", SENDER)


@pytest.mark.parametrize(
    "title",
    ["line\r\nBcc: everyone@example.org", "right\u202eto left", "\x1b[31mred\x07", "t" * 500, ""],
    ids=["header", "right to left", "control", "long", "none"],
)
def test_a_hostile_title_makes_no_header(title: str) -> None:
    message = mail(title=title)

    assert message["Bcc"] is None
    assert b"\nBcc:" not in message.as_bytes()
    subject = message["Subject"]
    assert not any(unicodedata.category(character)[0] == "C" for character in subject)
    assert len(subject) < 200


@given(st.text())
def test_any_title_makes_a_mail(title: str) -> None:
    message = mail(title=title)

    assert message["To"] == "reader@example.org"
    assert message["X-Keeper-Alerts"] == "7"
    assert message.as_bytes()


def test_each_attempt_has_the_same_message_id() -> None:
    assert mail()["Message-ID"] == mail()["Message-ID"] == "<keeper-alert-7@example.org>"


def test_a_mail_can_be_unsubscribed_from() -> None:
    assert mail()["List-Unsubscribe"] == "<mailto:keeper@example.org?subject=unsubscribe>"


def test_the_page_shows_the_chart_that_the_mail_carries() -> None:
    message = mail_of(alert_message(queued(), a_story()), "reader@example.org", SENDER)
    parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)

    page = parsed.get_body(("html",))
    assert page is not None
    (picture,) = [part for part in parsed.walk() if part.get_content_type() == "image/png"]
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in page.get_content()
    assert picture.get_content().startswith(b"\x89PNG")
    text = parsed.get_body(("plain",))
    assert text is not None
    assert "Your target: 1.300,00 €" in text.get_content().replace("\xa0", " ")


@pytest.mark.parametrize(
    "address",
    ["", "a@", "@b", "<a@b>", "a@b@", "a b@c", "a@[1", "a@b,c@d", "a@b\nBcc: everyone@c", "ü@b"],
    ids=[
        "nothing",
        "no host",
        "no name",
        "in brackets",
        "two at signs",
        "a space",
        "half a bracket",
        "two addresses",
        "a header",
        "umlaut",
    ],
)
def test_what_is_no_address_is_a_failure_without_retry(address: str) -> None:
    channel = EmailChannel(SmtpConfig("mail.example", 25, "keeper@example.org"))

    result = channel.deliver(address, alert_message(queued(), NO_STORY))

    assert result.status is DeliveryStatus.FAILED
    assert not result.retry


class FakeServer:
    """An SMTP server with one weakness."""

    def __init__(self, *, login: Exception | None = None, quit_: Exception | None = None) -> None:
        self.failures = {"login": login, "quit": quit_}
        self.did: list[str] = []

    def __call__(self, host: str, port: int, **_: object) -> "FakeServer":
        return self

    def _do(self, name: str) -> None:
        self.did.append(name)
        if failure := self.failures.get(name):
            raise failure

    def has_extn(self, name: str) -> bool:
        return True

    def ehlo(self) -> None:
        self._do("ehlo")

    def starttls(self, context: object) -> None:
        self._do("starttls")

    def login(self, user: str, password: str) -> None:
        self._do("login")

    def send_message(self, message: object) -> None:
        self._do("send")

    def quit(self) -> None:
        self._do("quit")

    def close(self) -> None:
        self._do("close")


def deliver_by(
    monkeypatch: pytest.MonkeyPatch, server: FakeServer, *, tls: str = "auto", port: int = 587
) -> DeliveryResult:
    monkeypatch.setattr(smtplib, "SMTP", server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", server)
    config = SmtpConfig("mail.example", port, "keeper@example.org", "me", "s3crét", tls)
    return EmailChannel(config).deliver("reader@example.org", alert_message(queued(), NO_STORY))


@pytest.mark.parametrize(
    ("tls", "port", "steps"),
    [
        ("auto", 587, ["ehlo", "starttls", "ehlo", "login", "send", "quit", "close"]),
        ("starttls", 25, ["ehlo", "starttls", "ehlo", "login", "send", "quit", "close"]),
        ("auto", 465, ["ehlo", "login", "send", "quit", "close"]),
        ("implicit", 587, ["ehlo", "login", "send", "quit", "close"]),
        ("none", 25, ["ehlo", "send", "quit", "close"]),
    ],
)
def test_the_login_comes_after_tls_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tls: str, port: int, steps: list[str]
) -> None:
    server = FakeServer()

    result = deliver_by(monkeypatch, server, tls=tls, port=port)

    assert result.status is DeliveryStatus.SENT
    assert server.did == steps


@pytest.mark.parametrize(
    "failure",
    [smtplib.SMTPResponseException(421, b"closing"), TimeoutError("timed out")],
    ids=["odd answer", "no answer"],
)
def test_a_mail_the_server_has_accepted_is_sent_however_it_says_goodbye(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    server = FakeServer(quit_=failure)

    assert deliver_by(monkeypatch, server).status is DeliveryStatus.SENT
    assert server.did[-1] == "close"


@pytest.mark.parametrize(
    "failure",
    [
        smtplib.SMTPAuthenticationError(535, b"s3cr\xe9t is wrong"),
        UnicodeEncodeError("ascii", "s3crét", 4, 5, "ordinal not in range"),
    ],
    ids=["refused", "not in ASCII"],
)
def test_a_failed_login_tells_nothing_of_the_password(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    server = FakeServer(login=failure)

    result = deliver_by(monkeypatch, server)

    assert result.status is DeliveryStatus.FAILED
    assert result.retry
    assert "s3cr" not in result.detail
    assert "send" not in server.did
    assert server.did[-1] == "close"
