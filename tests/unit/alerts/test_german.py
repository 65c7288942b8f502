"""Messages in a reader's language, with the same sentence first, and links into the pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keeper.alerts.assessment import opening
from keeper.alerts.channels.discord import discord_payload
from keeper.alerts.channels.telegram import button_of, telegram_text
from keeper.alerts.chart import price_chart
from keeper.alerts.compose import alert_message, digest_message
from keeper.alerts.formats import moment
from keeper.alerts.links import LinkProblem, Links
from keeper.alerts.message import Message
from keeper.alerts.notices import notice_message
from keeper.alerts.reports import report_message
from keeper.alerts.sign_in import sign_in_message
from keeper.alerts.texts import as_page, as_text
from keeper.alerts.words import words_in
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.prices.types import price_type_of
from keeper.domain.prices.verdict import PriceContext, price_context
from keeper.domain.users.languages import Language
from tests.alerts import CHECKED_AT, NO_CONTEXT, a_context, queued, queued_notice, queued_report
from tests.deals import a_reported_deal

LINKS = Links("https://keeper.example.org", ["a-secret-of-some-length"])
PAGE = "https://keeper.example.org/app/products/de/B000000001?type=BUY_BOX_SHIPPING"
GERMAN = Language.GERMAN


def plain(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


def in_german(**alert: Any) -> Message:
    return alert_message(replace(queued(**alert), language=GERMAN), a_context(), LINKS)


def forms(message: Message) -> list[str]:
    discord = discord_payload(message)
    embed = discord["embeds"][0] if discord["embeds"] else {}
    seen = [discord["content"], embed.get("description", "")]
    seen += [f"{one['name']}: {one['value']}" for one in embed.get("fields", [])]
    said = "\n".join(seen).replace("\\", "")
    return [as_text(message), telegram_text(message), said]


def since(days: int, *prices: tuple[int, int | None], amount: int = 7039) -> PriceContext:
    """Return a past that begins so many days ago, with prices by how many days ago they began."""
    points = [(CHECKED_AT - timedelta(days=ago), price) for ago, price in ((days, 9000), *prices)]
    return price_context(
        [*points, (CHECKED_AT, amount)],
        observed_at=CHECKED_AT,
        checked_at=CHECKED_AT,
        amount=amount,
        price_type=price_type_of("AMAZON"),
    )


def first_sentence(context: PriceContext, language: Language = Language.ENGLISH) -> str:
    said = opening(
        "70,39 €",
        context,
        domain="de",
        observed_at=CHECKED_AT,
        time_zone="UTC",
        language=language,
    )
    return plain(said)


def test_a_message_begins_with_how_good_the_price_is() -> None:
    context = since(100, (64, 6220), (50, 9000))

    assert first_sentence(context) == (
        "70,39 €: cheaper than on 86 of the last 100 days; it was 62,20 € in December 2025"
    )
    assert first_sentence(context, GERMAN) == (
        "70,39 €: günstiger als an 86 der letzten 100 Tage; im Dezember 2025 waren es 62,20 €"
    )


def test_a_month_of_this_year_needs_no_year() -> None:
    assert first_sentence(since(100, (35, 6220), (30, 9000))).endswith(
        "; it was 62,20 € in January"
    )


@pytest.mark.parametrize(
    ("context", "says"),
    [
        (since(100), "cheaper than on 100 of the last 100 days; the lowest since 21 November 2025"),
        (since(100, (50, None), (40, 9000)),
         "cheaper than on 90 of 90 days with an offer; the lowest since 21 November 2025"),
        (since(30, (20, 7039), (10, 9000)),
         "cheaper than on 20 of the last 30 days; the lowest since 19 February 2026"),
        (since(30, amount=9000), "never dearer in the last 30 days"),
    ],
)  # fmt: skip
def test_what_is_known_decides_how_it_goes_on(context: PriceContext, says: str) -> None:
    assert first_sentence(context) == f"70,39 €: {says}"


def test_without_a_past_or_with_a_newer_price_a_message_begins_as_ever() -> None:
    for message in (
        alert_message(queued(), NO_CONTEXT),
        alert_message(queued(has_newer_price=True, newest_price_minor=1), a_context()),
        alert_message(queued(price_minor=None, reason="sold out"), a_context()),
    ):
        assert message.opening == ""
        assert as_text(message).startswith("Price alert: ")


def test_what_counts_shipping_says_so_first() -> None:
    message = alert_message(queued(with_shipping=True), a_context(123849))

    assert plain(message.opening).startswith("1.238,49 €, with shipping: cheaper than on ")


def test_every_form_begins_with_the_sentence_and_leads_to_the_page() -> None:
    message = alert_message(queued(), a_context(), LINKS)
    first = "1.234,50 €: cheaper than on 289 of 290 days with an offer; the lowest since 5 May 2025"

    for form in forms(message):
        assert plain(form).startswith(f"{first}\nPrice alert") or plain(form).startswith(
            f"{first}\n\nPrice alert"
        )
    page = as_page(message, ["chart"])
    assert plain(page).index(first) < page.index("Price alert")
    assert f'<a href="{PAGE}"' in page
    assert f"See it in Keeper: {PAGE}" in as_text(message)
    assert f'<a href="{PAGE}">See it in Keeper</a>' in telegram_text(message)
    (embed,) = discord_payload(message)["embeds"]
    assert embed["url"] == PAGE
    assert "https://www.amazon.de/dp/B000000001" in embed["description"]


def test_without_an_address_nothing_leads_to_the_pages() -> None:
    for message in (alert_message(queued(), a_context()), digest_message([queued(), queued(12)])):
        for form in (*forms(message), as_page(message, ["chart"] * 2)):
            assert "/app/" not in form
            assert "in Keeper" not in form


def test_a_digest_and_a_report_lead_to_the_pages_of_their_products() -> None:
    digest = digest_message([queued(), queued(12, asin="B000000002")], LINKS)
    report = report_message(queued_report(a_reported_deal()), LINKS)

    assert PAGE in as_text(digest)
    assert PAGE.replace("B000000001", "B000000002") in as_text(digest)
    assert "All deals in Keeper: https://keeper.example.org/app/deals" in as_text(report)
    assert "https://keeper.example.org/app/products/" in as_text(report)


@pytest.mark.parametrize(
    ("address", "has_button"),
    [
        ("https://keeper.example.org", True),
        ("http://keeper.example.org", False),
        ("https://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
    ],
)
def test_a_button_leads_only_where_telegram_lets_it(address: str, has_button: bool) -> None:
    message = alert_message(queued(), NO_CONTEXT, Links(address, ["a-secret-of-some-length"]))

    assert (button_of(message) is not None) is has_button


def test_an_alert_is_german_for_a_german_reader() -> None:
    message = in_german(
        reason="at or below your target; 20 % below its 90-day average of 1.500,00 €",
        coupon_percent=10,
        availability="pre-order",
        source="simulator",
    )

    assert message.subject.startswith("[simuliert] ")
    for form in map(plain, forms(message)):
        for said in (
            "SIMULIERTER PREIS",
            "1.234,50 €: günstiger als an 289 von 290 Tagen mit Angebot; der niedrigste Preis "
            "seit dem 5. Mai 2025",
            "Preisalarm: dein Zielpreis ist erreicht; 20 % unter dem Mittel der letzten 90 Tage",
            "Dein Ziel: 1.300,00 €",
            "nimmt noch einmal 10 % weg, dann kostet es 1.111,05 €",
            "zum Vorbestellen",
            "Geprüft am: 1. März 2026, 12:00 UTC",
            "Eine Woche Ruhe",
        ):
            assert said in form, form
        for english in ("Price", "Checked", "cheaper", "Open on", "Snooze", "target"):
            assert english not in form
    page = as_page(message, ["chart"])
    assert '<html lang="de">' in page
    assert "In Keeper ansehen" in page
    chart = message.sections[0].chart
    assert chart is not None
    assert plain(chart.says) == (
        "Preis seit dem 1. Dezember 2025, zwischen 1.234,50 € und 1.500,00 €, das Ziel bei "
        "1.300,00 €, grau, wo es kein Angebot gab."
    )


def test_a_chart_has_the_months_of_its_language() -> None:
    points = ((CHECKED_AT - timedelta(days=80), 5_00), (CHECKED_AT - timedelta(days=5), 4_00))
    english, german = (
        price_chart(points, until=CHECKED_AT, target_minor=None, domain="de", language=language).png
        for language in Language
    )

    assert english != german


def test_a_digest_a_report_and_a_link_to_sign_in_are_german() -> None:
    held = [
        replace(queued(number, held_for=reason, alert_id=number), language=GERMAN)
        for number, reason in enumerate(("quiet hours", "daily cap"))
    ]
    digest = digest_message(held, LINKS)
    deal = a_reported_deal(reasons=("The price was raised before it fell.",), rating=4.5)
    report = as_text(report_message(replace(queued_report(deal), language=GERMAN), LINKS))
    signs_in = as_text(sign_in_message(1, "https://keeper.test/x", CHECKED_AT, GERMAN))

    assert digest.subject == "2 Preisalarme für 1 Produkt"
    assert digest.lead == "2 Preisalarme, zurückgehalten wegen der Tagesgrenze und der Ruhezeit"
    assert "1 neues Angebot seit 28. Feb. 2026, 12:00 UTC" in report
    assert "Warum: Der Preis wurde erhöht, bevor er fiel." in report
    assert "4,5 von 5" in report
    assert "Alle Angebote in Keeper: https://keeper.example.org/app/deals" in report
    assert "innerhalb von 15 Minuten" in signs_in


def test_what_the_operator_is_notified_of_stays_english() -> None:
    notice = replace(queued_notice(), language=GERMAN)

    assert notice_message(notice) == notice_message(queued_notice())


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        ("Europe/Berlin", "30. Nov. 2026, 14:05 MEZ"),
        ("UTC", "30. Nov. 2026, 13:05 UTC"),
        ("Asia/Kathmandu", "30. Nov. 2026, 18:50 UTC+05:45"),
    ],
)
def test_times_are_german(zone: str, says: str) -> None:
    assert moment(datetime(2026, 11, 30, 13, 5, tzinfo=UTC), zone, GERMAN) == says


def test_every_problem_of_a_link_is_said_in_german() -> None:
    said = [problem.said_in(words_in(GERMAN)) for problem in LinkProblem]

    assert len(set(said)) == len(LinkProblem)
    assert all(one.startswith("Dieser Link ") for one in said)


@pytest.mark.parametrize("title", ['<b>"x"</b>', "[a](https://evil.example)", "{price} {0}"])
def test_a_hostile_title_is_inert_where_it_leads_to_the_page(title: str) -> None:
    message = alert_message(queued(title=title), a_context(), LINKS)

    assert title in as_text(message)
    assert "<b>" not in as_page(message, ["chart"])
    (embed,) = discord_payload(message)["embeds"]
    assert "](https://evil" not in embed["title"]


def test_a_readers_clock_is_kept_in_german() -> None:
    reader = replace(queued(), language=GERMAN, rules=DeliveryRules(time_zone="Europe/Berlin"))

    assert "Geprüft am: 1. März 2026, 13:00 MEZ" in as_text(alert_message(reader, NO_CONTEXT))
