"""What an alert says, and that nothing in a title can act."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.alerts.channels.email import EmailChannel, mail_of
from keeper.alerts.message import compose
from keeper.domain.alerts import DeliveryStatus, PriceAlert

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
