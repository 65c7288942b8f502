"""What a deal report and a notice say, in every form and within the sizes of each."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from keeper.alerts.channels.discord import discord_payload
from keeper.alerts.channels.email import mail_of
from keeper.alerts.channels.telegram import telegram_text
from keeper.alerts.message import Message
from keeper.alerts.notices import notice_message
from keeper.alerts.reports import report_message
from keeper.alerts.texts import as_page, as_text
from keeper.domain.deals.report import ReportedDeal
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.prices.landed import LANDED_SINCE
from tests.alerts import queued_notice, queued_report
from tests.deals import CHECKED_AT, a_reported_deal

FACTS = ("A kettle", "$20.00", "63 of 100", "It is cheap.")


def report(*deals: ReportedDeal, **changes: Any) -> Message:
    return report_message(queued_report(*deals, **changes))


def deals(count: int, **changes: Any) -> list[ReportedDeal]:
    return [
        a_reported_deal(event_id=str(n), asin=f"B{n:09d}", filter=f"filter {n // 5}", **changes)
        for n in range(count)
    ]


def forms(message: Message) -> list[str]:
    return [
        as_text(message),
        as_page(message, ["chart"] * len(message.sections)),
        telegram_text(message),
        json.dumps(discord_payload(message), ensure_ascii=False).replace("\\\\", ""),
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_every_form_says_what_why_and_where(count: int) -> None:
    message = report(*deals(count))

    for form in forms(message):
        for fact in (*FACTS, "filter 0", "/dp/B000000000"):
            assert fact in form, (fact, form)
    assert message.subject == (f"{count} new deal{'s' if count > 1 else ''}: $20.00 for A kettle")


def test_a_deal_is_compared_with_what_it_usually_costs_not_with_a_list_price() -> None:
    text = as_text(report(*deals(2)))

    assert "$20.00, 33 % below its usual $30.00" in text
    assert "99" not in text.replace("B000000", "")


def test_each_search_has_its_name_above_its_deals() -> None:
    message = report(*deals(7))

    assert [one.heading for one in message.sections] == ["filter 0", *[""] * 4, "filter 1", ""]
    assert as_text(message).count("filter 0") == 1
    assert telegram_text(message).count("<u>filter 1</u>") == 1


def test_what_is_left_out_is_said_with_where_to_look() -> None:
    message = report(*deals(2), left_out=5)

    assert message.subject.startswith("7 new deals")
    for form in forms(message):
        assert "5 more: keeper deals list" in form


def test_a_day_without_deals_says_so() -> None:
    message = report()

    assert message.subject == "No new deals"
    assert "No new deals since 28 Feb 2026, 12:00 UTC" in as_text(message)


def test_simulated_deals_say_so_in_every_form() -> None:
    message = report(*deals(2), simulated=True)

    assert message.subject.startswith("[simulated] ")
    assert all("SIMULATED PRICE" in form for form in forms(message))


def test_twenty_deals_with_long_titles_stay_within_the_sizes_of_each_channel() -> None:
    message = report(*deals(20, title="t" * 500, reasons=("Because " * 30,) * 3))

    read = unescape(re.sub(r"<[^>]+>", "", telegram_text(message)))
    assert len(read.encode("utf-16-le")) // 2 <= 4096
    payload = discord_payload(message)
    assert len(payload["embeds"]) <= 10
    assert len(payload["content"]) <= 2000
    sizes = [
        len(one["title"]) + len(one["description"]) + len(one.get("author", {}).get("name", ""))
        + sum(len(field["name"]) + len(field["value"]) for field in one["fields"])
        for one in payload["embeds"]
    ]  # fmt: skip
    assert sum(sizes) <= 6000
    assert "more" in payload["content"]
    # Beyond that Gmail cuts a mail off.
    assert len(as_page(message, [""] * 20)) < 102_000


def test_the_mail_has_each_deals_chart_and_its_date_by_the_readers_clock() -> None:
    rules = DeliveryRules("Europe/Berlin")
    message = report_message(replace(queued_report(*deals(3)), rules=rules))

    mail = mail_of(message, "reader@example.org", "keeper@example.org")
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert len(pictures) == 3
    text = mail.get_body(("plain",))
    assert text is not None
    assert "1 Mar 2026, 10:00 CET" in text.get_content()
    assert mail["Message-ID"] == "<keeper-report-4@example.org>"


@pytest.mark.parametrize(
    "title", ["<script>x</script>", "**b** [x](http://evil)", "\x1b[31m\u202e"]
)
def test_a_hostile_title_or_filter_comes_out_inert(title: str) -> None:
    message = report(*deals(2, title=title), a_reported_deal(filter=title, asin="B000000009"))

    text, page, chat, discord = forms(message)
    assert "<script>" not in page
    assert "<script>" not in chat
    assert "\x1b" not in text + page + chat + discord
    embeds = discord_payload(message)["embeds"]
    assert not any("**b**" in embed["title"] for embed in embeds)


def test_a_deal_without_a_known_usual_price_says_its_score() -> None:
    (section,) = report(a_reported_deal(original_minor=None, discount_percent=None)).sections

    assert section.reason == "score 63 of 100"


@pytest.mark.parametrize(
    ("days_later", "usual"), [(0, "$30.00 since February 2026"), (90, "$30.00")]
)
def test_a_usual_price_of_less_than_90_days_says_since_when(days_later: int, usual: str) -> None:
    at = LANDED_SINCE + timedelta(days=days_later)
    message = report(a_reported_deal(price_type="NEW", last_seen_at=at))

    assert f"Price: $20.00, 33 % below its usual {usual}\n" in as_text(message)
    assert ("Usual price", usual) in message.sections[0].facts


def test_lightning_deals_say_when_they_end() -> None:
    ends = CHECKED_AT + timedelta(hours=2)

    assert "Lightning deal ends: 1 Mar 2026, 14:00 UTC" in as_text(
        report(a_reported_deal(lightning_ends_at=ends))
    )


def test_a_notice_says_what_to_do_and_a_reminder_since_when() -> None:
    first = notice_message(queued_notice())
    again = notice_message(queued_notice(raised_at=CHECKED_AT + timedelta(days=1), times=48))

    assert first.subject == "Keeper: track_prices failed"
    for form in forms(first):
        assert "Look at its log." in form
    assert again.subject == "Keeper: track_prices failed, still"
    assert "since 1 Mar 2026, 12:00 UTC, seen 48 times" in as_text(again)
