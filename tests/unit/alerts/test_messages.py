"""What a message says, in every form, and that nothing in a title can act."""

import json
from dataclasses import replace
from datetime import timedelta
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.alerts.channels.discord import discord_payload
from keeper.alerts.channels.telegram import telegram_text
from keeper.alerts.compose import alert_message, digest_message
from keeper.alerts.message import Link, Message
from keeper.alerts.texts import as_page, as_text
from keeper.alerts.words.en import ENGLISH
from keeper.domain.locales import LOCALES, Locale
from keeper.domain.messages.delivery_clock import DeliveryRules
from tests.alerts import CHECKED_AT, NO_CONTEXT, a_context, queued

HOSTILE = {
    "tag": "<script>alert(1)</script>",
    "quote": 'x" onmouseover="alert(1)',
    "header": "line\r\nBcc: everyone@example.org",
    "right to left": "right\u202eto left",
    "control": "\x1b[31mred\x07",
    "invisible": "zero\u200bwidth\u2028separator",
    "markdown": "**bold** [click](https://evil.example) @everyone <@123> `code`",
    "link": "[x](javascript:alert(1))",
    "long": "t" * 500,
    "emoji": "\U0001f600" * 300,
    "none": "",
}
EVERY_TITLE = pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE.keys())


def plain(text: str) -> str:
    """Return a text with ordinary spaces where amounts have narrow or unbroken ones."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


def forms(message: Message) -> list[str]:
    return [
        as_text(message),
        as_page(message, ["chart"] * len(message.sections)),
        telegram_text(message),
        json.dumps(discord_payload(message), ensure_ascii=False).replace("\\\\", ""),
    ]


def test_every_form_says_the_same_facts() -> None:
    for form in forms(alert_message(queued(), a_context())):
        for fact in (
            *("A kettle", "1.234,50 €", "3,99 €", "1.500,00 €", "1.300,00 €", "B000000001"),
            *("BUY_BOX_SHIPPING", "amazon.de", "1 Mar 2026, 08:30 UTC"),
            *(
                "cheaper than on 289 of 290 days with an offer since 5 May 2025",
                "of all prices known since 5 May 2025",
                "1.443,02 €",
            ),
            "https://www.amazon.de/dp/B000000001",
        ):
            assert fact in plain(form), form


def test_a_price_is_compared_with_when_it_was_last_as_low() -> None:
    text = as_text(alert_message(queued(price_minor=129000), a_context(129000)))

    # It was 1.280 € until ten days before.
    assert "Lowest since: 19 February 2026" in text
    assert "How good: cheaper than on 279 of 290 days with an offer since 5 May 2025" in text


def test_without_a_past_nothing_is_said_of_it() -> None:
    facts = dict(alert_message(queued(), NO_CONTEXT).sections[0].facts)

    assert not {"How good", "Lowest", "Lowest since", "90-day average"} & facts.keys()


def test_a_simulated_price_says_so_in_every_form() -> None:
    message = alert_message(queued(source="simulator"), NO_CONTEXT)

    assert message.subject.startswith("[simulated]")
    for form in forms(message):
        assert ENGLISH.simulated[:15] in form


def test_sold_out_is_no_price() -> None:
    message = alert_message(
        queued(price_minor=None, shipping_minor=None, reason="sold out", target_minor=None),
        NO_CONTEXT,
    )

    assert message.subject == "sold out: A kettle"
    assert "Your target" not in as_text(message)


def test_times_are_by_the_readers_clock() -> None:
    reader = replace(queued(), rules=DeliveryRules(time_zone="Asia/Tokyo"))

    assert "Checked at: 1 Mar 2026, 21:00 JST" in as_text(alert_message(reader, NO_CONTEXT))


@EVERY_TITLE
def test_a_hostile_title_is_inert_in_html(title: str) -> None:
    page = as_page(alert_message(queued(title=title), NO_CONTEXT), ["chart"])

    assert "<script" not in page
    assert 'onmouseover="alert' not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


@EVERY_TITLE
def test_a_hostile_title_is_inert_in_telegram(title: str) -> None:
    text = telegram_text(alert_message(queued(title=title), NO_CONTEXT))

    assert "<script" not in text
    tags = {part.split(">")[0].split(" ")[0] for part in text.split("<")[1:]}
    assert tags <= {"b", "/b", "a", "/a"}


@EVERY_TITLE
def test_a_hostile_title_is_inert_in_discord(title: str) -> None:
    payload = discord_payload(alert_message(queued(title=title), NO_CONTEXT))

    assert payload["allowed_mentions"] == {"parse": []}
    (embed,) = payload["embeds"]
    assert len(embed["title"]) <= 256
    for mark in ("*", "[", "`", "<", "@"):
        assert mark not in embed["title"].replace(f"\\{mark}", "")


@given(st.text())
def test_any_title_fits_every_form(title: str) -> None:
    message = alert_message(queued(title=title), NO_CONTEXT)

    assert len(telegram_text(message, 1024).encode("utf-16-le")) // 2 < 1024 + 200
    assert len(json.dumps(discord_payload(message))) < 10_000
    assert as_text(message)


@pytest.mark.parametrize("title", ["a & b", "<b>", "**bold**"])
def test_a_title_stands_in_the_text_as_it_is_and_escaped_in_html(title: str) -> None:
    message = alert_message(queued(title=title), NO_CONTEXT)

    assert f"\n{title}\n" in as_text(message)
    assert f">{escape(title)}</h1>" in as_page(message, ["chart"])


def test_a_digest_says_all_that_was_held() -> None:
    held = [
        queued(number, held_for="quiet hours", alert_id=number, asin=f"B00000000{number}")
        for number in range(3)
    ]
    message = digest_message(held)

    assert message.subject == "3 price alerts for 3 products"
    assert message.key == "digest-0"
    assert message.lead == "3 price alerts, held back for quiet hours"
    for form in forms(message):
        assert all(f"dp/B00000000{number}" in form for number in range(3))


def test_a_digest_of_very_many_shows_the_newest_and_counts_the_others() -> None:
    held = [
        queued(
            number,
            held_for="daily cap",
            alert_id=number,
            asin=f"B{number:09d}",
            checked_at=CHECKED_AT + timedelta(minutes=number),
            title="t" * 300,
        )
        for number in range(10_000)
    ]
    message = digest_message(held)

    assert "10000 price alerts" in message.subject
    assert "9975 older ones are left out" in as_text(message)
    assert "B000009999" in as_text(message)
    assert len(telegram_text(message)) < 10_000
    assert "… and more" in telegram_text(message)
    payload = discord_payload(message)
    sizes = [
        len(embed["title"]) + len(embed["description"])
        + sum(len(field["name"]) + len(field["value"]) for field in embed["fields"])
        for embed in payload["embeds"]
    ]  # fmt: skip
    assert sum(sizes) <= 6000
    assert "more" in payload["content"]


def test_what_a_reader_may_do_is_linked_in_every_form() -> None:
    message = replace(
        alert_message(queued(), NO_CONTEXT),
        actions=(Link("Snooze", "https://keeper.test/s?a=1&b=2"),),
    )

    assert "Snooze: https://keeper.test/s?a=1&b=2" in as_text(message)
    assert "[Snooze](<https://keeper.test/s?a=1&b=2>)" in discord_payload(message)["content"]
    for form in (telegram_text(message), as_page(message, ["chart"])):
        assert 'href="https://keeper.test/s?a=1&amp;b=2"' in form


def test_a_chart_shows_prices_the_target_and_times_without_an_offer() -> None:
    chart = alert_message(queued(), a_context()).sections[0].chart

    assert chart is not None
    assert chart.png.startswith(b"\x89PNG")
    assert plain(chart.says) == (
        "Price since 1 December 2025, between 1.234,50 € and 1.500,00 €, with the target at "
        "1.300,00 €, grey where there was no offer."
    )
    assert alert_message(queued(), NO_CONTEXT).sections[0].chart is None


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.domain)
def test_every_locales_amounts_can_be_drawn(locale: Locale) -> None:
    """The font lacks some signs, which matplotlib warns of."""
    alert = queued(domain=locale.domain, currency=locale.currency)

    assert alert_message(alert, a_context()).sections[0].chart is not None
