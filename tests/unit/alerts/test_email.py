"""What goes to a mail server, and what its answers mean."""

import email
import email.policy
import unicodedata
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.alerts.channels.email import EmailChannel, mail_of
from keeper.alerts.channels.mail_address import mail_address
from keeper.alerts.channels.paced_smtp import SmtpLimits
from keeper.alerts.channels.smtp import SmtpConfig
from keeper.alerts.compose import alert_message
from keeper.domain.messages.queue import DeliveryStatus
from tests.alerts import NO_CONTEXT, a_context, queued

SENDER = "Keeper <keeper@example.org>"


def mail(**alert: Any) -> EmailMessage:
    return mail_of(alert_message(queued(**alert), NO_CONTEXT), "reader@example.org", SENDER)


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
    message = mail_of(alert_message(queued(), a_context()), "reader@example.org", SENDER)
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
    ["", "a@", "@b", "<a@b>", "a@b@", "a b@c", "a@[1", "a@b,c@d", "a@b\nBcc: everyone@c"],
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
    ],
)
def test_what_is_no_address_is_a_failure_without_retry(address: str) -> None:
    channel = EmailChannel(SmtpConfig("mail.example", 25, "keeper@example.org"))

    result = channel.deliver(address, alert_message(queued(), NO_CONTEXT))

    assert result.status is DeliveryStatus.FAILED
    assert not result.retry
    assert result.address_is_gone


@pytest.mark.parametrize(
    ("text", "envelope", "needs_utf8"),
    [
        ("reader@example.org", "reader@example.org", False),
        ("info@münchen.de", "info@xn--mnchen-3ya.de", False),
        ("Info@MÜNCHEN.de", "Info@xn--mnchen-3ya.de", False),
        ("info@mu\u0308nchen.de", "info@xn--mnchen-3ya.de", False),
        ("info@xn--mnchen-3ya.de", "info@xn--mnchen-3ya.de", False),
        ("jörg@example.org", "jörg@example.org", True),
        ("you@keeper.localhost", "you@keeper.localhost", False),
        ("you@[127.0.0.1]", "you@[127.0.0.1]", False),
    ],
)
def test_an_address_is_written_as_servers_take_it(
    text: str, envelope: str, needs_utf8: bool
) -> None:
    address = mail_address(text)

    assert str(address) == envelope
    assert address.needs_utf8 is needs_utf8


@pytest.mark.parametrize("text", ["a@ü..de", "a@-ü.de", "a@💩.la", "ü ü@b.de", "ü\u202e@b.de"])
def test_other_letters_do_not_make_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        mail_address(text)


@given(st.text(), st.text())
def test_any_text_is_an_address_or_none(local: str, domain: str) -> None:
    try:
        address = mail_address(f"{local}@{domain}")
    except ValueError:
        return
    assert address.domain.isascii()
    assert not set("\r\n \0") & set(str(address))


def test_the_limits_are_those_of_the_standard() -> None:
    limits = SmtpLimits()

    # RFC 5321, 4.5.3.2.5 and 4.5.3.2.6.
    assert limits.data_s >= 120
    assert limits.end_s >= 600
    assert limits.longest_s > limits.end_s + limits.data_s


def test_a_sender_that_is_no_address_closes_mail() -> None:
    channel = EmailChannel(SmtpConfig("mail.example", 25, "Keeper"))

    result = channel.deliver("reader@example.org", alert_message(queued(), NO_CONTEXT))

    assert result.closes_channel
    assert result.remedy == "check KEEPER_MAIL_FROM"
