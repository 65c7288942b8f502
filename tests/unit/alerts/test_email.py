"""What an alert says, and that nothing in a title can act."""

import smtplib
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.alerts.channels.email import EmailChannel, SmtpConfig, mail_of
from keeper.alerts.message import compose
from keeper.domain.alerts import DeliveryResult, DeliveryStatus, PriceAlert

ALERT = PriceAlert(
    alert_id=7,
    email="reader@example.org",
    asin="B000000001",
    domain="de",
    price_type="BUY_BOX_SHIPPING",
    title="A kettle",
    image_url=None,
    price_minor=123450,
    shipping_minor=399,
    previous_price_minor=150000,
    target_minor=130000,
    currency="EUR",
    observed_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
    checked_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    reason="at or below your target",
    source="keepa",
    attempts=0,
)


def test_text_and_html_tell_the_same_facts() -> None:
    message = compose(ALERT)

    for content in (message.text, message.html):
        for fact in (
            *("A kettle", "€1,234.50", "€3.99", "€1,500.00", "€1,300.00", "B000000001"),
            *("BUY_BOX_SHIPPING", "amazon.de", "2026-03-01 08:30 UTC"),
            "https://www.amazon.de/dp/B000000001",
        ):
            assert fact in content
    assert message.subject == "€1,234.50: A kettle"
    assert "SIMULATED" not in message.text


def test_a_simulated_price_says_so_everywhere() -> None:
    message = compose(replace(ALERT, source="simulator"))

    assert message.subject.startswith("[simulated]")
    assert "SIMULATED PRICE" in message.text
    assert "SIMULATED PRICE" in message.html


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        'x" onmouseover="alert(1)',
        "line\r\nBcc: everyone@example.org",
        "right\u202eto left",
        "\x1b[31mred\x07",
        "zero\u200bwidth\u2028separator",
        "t" * 500,
        "",
        " ",
    ],
    ids=["tag", "quote", "header", "right to left", "control", "invisible", "long", "none", "nbsp"],
)
def test_a_hostile_title_comes_out_inert(title: str) -> None:
    mail = mail_of(replace(ALERT, title=title), "Keeper <keeper@example.org>")
    parsed = mail.as_bytes()

    assert mail["Bcc"] is None
    assert b"\nBcc:" not in parsed
    subject = mail["Subject"]
    assert not any(unicodedata.category(character)[0] == "C" for character in subject)
    assert len(subject) < 200
    html = compose(replace(ALERT, title=title)).html
    assert "<script" not in html
    assert 'onmouseover="alert' not in html


@given(st.text())
def test_any_title_makes_a_mail(title: str) -> None:
    mail = mail_of(replace(ALERT, title=title), "Keeper <keeper@example.org>")

    assert mail["To"] == "reader@example.org"
    assert mail["X-Keeper-Alert"] == "7"
    assert mail.as_bytes()


def test_each_attempt_has_the_same_message_id() -> None:
    first, second = (
        mail_of(replace(ALERT, attempts=attempts), "keeper@example.org")["Message-ID"]
        for attempts in (0, 5)
    )

    assert first == second == "<keeper-alert-7@example.org>"


def test_without_a_server_it_is_not_configured_and_never_sent() -> None:
    result = EmailChannel(None).deliver(ALERT)

    assert result.status is DeliveryStatus.NOT_CONFIGURED
    assert "SMTP_HOST" in result.detail
    assert not result.retry


def test_yen_have_no_decimals() -> None:
    yen = replace(
        ALERT,
        domain="jp",
        currency="JPY",
        price_minor=1980,
        shipping_minor=0,
        previous_price_minor=None,
        target_minor=2000,
    )
    message = compose(yen)

    assert message.subject == "¥1,980: A kettle"
    assert "Shipping: free" in message.text
    assert "Price before" not in message.text
    assert "https://www.amazon.co.jp/dp/B000000001" in message.html


@pytest.mark.parametrize(
    "title", ["**bold** [x](https://evil.example)", "a & b", "<b>"], ids=["markdown", "amp", "tag"]
)
def test_a_title_stands_in_the_text_as_it_is_and_escaped_in_html(title: str) -> None:
    message = compose(replace(ALERT, title=title))

    assert message.text.startswith(f"{title}\n")
    assert f">{escape(title)}</h1>" in message.html


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

    result = channel.deliver(replace(ALERT, email=address))

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
    return EmailChannel(config).deliver(ALERT)


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
