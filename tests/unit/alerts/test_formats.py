"""Amounts in a site's own way throughout a message, times by the reader's clock, plain words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from keeper.alerts.compose import alert_message
from keeper.alerts.formats import day, moment
from keeper.alerts.texts import as_text
from keeper.domain.locales import LOCALES
from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.prices.history import PriceSeries
from keeper.domain.prices.types import price_type_of
from keeper.domain.prices.verdict import price_context
from keeper.domain.site_money import site_money
from keeper.domain.watches.reasons import reason_of
from keeper.domain.watches.rule_state import AlertCause
from keeper.domain.watches.rule_texts import parse_rule
from tests.alerts import ALERT, CHECKED_AT, NO_CONTEXT, QUEUED, a_context, queued

pytestmark = pytest.mark.usefixtures("undrawn")

DAY = timedelta(days=1)
SITES = {
    "us": ("$1,234.50", "$1,599.00"),
    "uk": ("£1,234.50", "£1,599.00"),
    "de": ("1.234,50 €", "1.599,00 €"),
    "fr": ("1 234,50 €", "1 599,00 €"),
    "jp": ("￥123,450", "￥159,900"),
    "ca": ("$1,234.50", "$1,599.00"),
    "it": ("1.234,50 €", "1.599,00 €"),
    "es": ("1.234,50 €", "1.599,00 €"),
    "in": ("₹1,234.50", "₹1,599.00"),
    "mx": ("$1,234.50", "$1,599.00"),
    "br": ("R$ 1.234,50", "R$ 1.599,00"),
}


def plain(text: str) -> str:
    """Return a text with ordinary spaces where amounts have narrow or unbroken ones."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("domain", "minor", "written"),
    [
        *((domain, 123450, now) for domain, (now, _) in SITES.items()),
        ("in", 12345600, "₹1,23,456.00"),
        ("de", 5, "0,05 €"),
        ("es", 1234550, "12.345,50 €"),
        ("jp", 1980, "￥1,980"),
    ],
)
def test_amounts_are_written_as_the_site_writes_them(domain: str, minor: int, written: str) -> None:
    assert plain(site_money(minor, domain)) == written


@pytest.mark.parametrize("domain", [locale.domain for locale in LOCALES])
def test_a_message_has_one_format_of_money_whatever_the_site(domain: str) -> None:
    """A German alert once had 1.234,50 € among its facts and €1,599.00 in its reason."""
    now, before = SITES[domain]
    currency = next(locale.currency for locale in LOCALES if locale.domain == domain)
    rule, past = parse_rule("any change", currency), PriceSeries(()).until(CHECKED_AT, CHECKED_AT)
    reason = reason_of(rule, AlertCause.HOLDS, 123450, 159900, past, domain)
    message = alert_message(
        queued(domain=domain, currency=currency, reason=reason, previous_price_minor=159900),
        a_context(),
    )
    text = plain(f"{message.subject}\n{as_text(message)}")

    assert plain(message.subject).startswith(f"{now}: ")
    assert f"Price alert: fell from {before}\n" in text
    assert f"Price before: {before}\n" in text
    assert f"between {now} and " in text
    other = {"us": "1.599,00", "de": "1,599.00"}.get(domain, "1599.00")
    assert other not in text


@pytest.mark.parametrize(
    ("at", "zone", "written"),
    [
        ("2026-11-30T13:05", "Europe/Berlin", "30 Nov 2026, 14:05 CET"),
        ("2026-11-30T13:05", "UTC", "30 Nov 2026, 13:05 UTC"),
        ("2026-11-30T13:05", "America/Los_Angeles", "30 Nov 2026, 05:05 PST"),
        ("2026-11-30T20:00", "Asia/Tokyo", "1 Dec 2026, 05:00 JST"),
        # Zones with half hours and quarters, and without a name of their own.
        ("2026-11-30T13:05", "Asia/Kolkata", "30 Nov 2026, 18:35 IST"),
        ("2026-11-30T13:05", "Asia/Kathmandu", "30 Nov 2026, 18:50 UTC+05:45"),
        ("2026-11-30T13:05", "Australia/Lord_Howe", "1 Dec 2026, 00:05 UTC+11:00"),
        ("2026-06-30T13:05", "Australia/Lord_Howe", "30 Jun 2026, 23:35 UTC+10:30"),
        ("2026-11-30T13:05", "America/Sao_Paulo", "30 Nov 2026, 10:05 UTC-03:00"),
        ("2026-11-30T13:05", "Pacific/Marquesas", "30 Nov 2026, 03:35 UTC-09:30"),
        # The hour that clocks show twice, and the one they leave out.
        ("2026-10-25T00:30", "Europe/Berlin", "25 Oct 2026, 02:30 CEST"),
        ("2026-10-25T01:30", "Europe/Berlin", "25 Oct 2026, 02:30 CET"),
        ("2026-03-29T00:59", "Europe/London", "29 Mar 2026, 00:59 GMT"),
        ("2026-03-29T01:00", "Europe/London", "29 Mar 2026, 02:00 BST"),
        ("2026-11-01T08:30", "America/New_York", "1 Nov 2026, 03:30 EST"),
        ("2026-11-01T05:30", "America/New_York", "1 Nov 2026, 01:30 EDT"),
    ],
)
def test_a_time_is_the_readers_and_names_the_zone(at: str, zone: str, written: str) -> None:
    moment_of_it = datetime.fromisoformat(at).replace(tzinfo=UTC)

    assert moment(moment_of_it, zone) == written
    reader = replace(QUEUED, rules=DeliveryRules(time_zone=zone))
    one = replace(reader, alert=replace(ALERT, observed_at=moment_of_it, checked_at=moment_of_it))
    assert f"Checked at: {written}\n" in as_text(alert_message(one, NO_CONTEXT))


@pytest.mark.parametrize(
    ("at", "zone", "written"),
    [
        ("2026-03-12T00:00", "UTC", "12 March 2026"),
        ("2026-03-12T00:00", "America/New_York", "11 March 2026"),
        ("2025-12-31T18:20", "Asia/Kathmandu", "1 January 2026"),
        # Midnight of the longer day belongs to it.
        ("2026-10-24T22:00", "Europe/Berlin", "25 October 2026"),
        ("2026-10-25T23:00", "Europe/Berlin", "26 October 2026"),
    ],
)
def test_a_day_is_the_readers(at: str, zone: str, written: str) -> None:
    assert day(datetime.fromisoformat(at).replace(tzinfo=UTC), zone) == written


def facts_of(
    points: list[tuple[float, int | None]], price: int, *, zone: str = "UTC"
) -> dict[str, str]:
    """Return an alert's facts; points have the days before the check since when they held."""
    history = [(CHECKED_AT - days * DAY, amount) for days, amount in points]
    observed_at = history[-1][0]
    context = price_context(
        history,
        observed_at=observed_at,
        checked_at=CHECKED_AT,
        amount=price,
        price_type=price_type_of("BUY_BOX_SHIPPING"),
    )
    one = queued(price_minor=price, observed_at=observed_at)
    message = alert_message(replace(one, rules=DeliveryRules(time_zone=zone)), context)
    return dict(message.sections[0].facts)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        # 100 days, of which it cost no more on 14.
        ([(100, 5000), (14, 3000), (4, 4000), (0, 3500)], "cheaper than on 90 of 100 days"),
        ([(100, 5000), (0, 3500)], "cheaper than on 100 of 100 days"),
        # A price of now that has held for a quarter of a day is not dearer than itself.
        ([(100, 5000), (0.25, 3500)], "cheaper than on 99 of 100 days"),
        ([(100, 3000), (0.5, 4000), (0, 3500)], "cheaper than on less than one of 100 days"),
        ([(100, 3000), (0, 3500)], "never dearer in 100 days"),
        # Days without an offer are no days on which it was dearer.
        (
            [(100, 5000), (60, None), (20, 5000), (0, 3500)],
            "cheaper than on 60 of 60 days with an offer",
        ),
        ([(7, None), (1, 5000), (0, 3500)], "cheaper than on 1 of 1 day with an offer"),
        ([(1000, 5000), (0, 3500)], "cheaper than on 365 of 365 days"),
    ],
)
def test_how_good_a_price_is_counts_true_days_since_a_true_date(
    points: list[tuple[float, int | None]], sentence: str
) -> None:
    since = max(CHECKED_AT - points[0][0] * DAY, CHECKED_AT - 365 * DAY)
    assert facts_of(points, 3500)["How good"] == f"{sentence} since {day(since, 'UTC')}"


def test_the_lowest_since_is_the_end_of_when_it_was_last_as_low() -> None:
    points: list[tuple[float, int | None]] = [(100, 3400), (30, 5000), (0, 3500)]

    assert facts_of(points, 3500)["Lowest since"] == "30 January 2026"
    assert facts_of(points, 3500, zone="Pacific/Kiritimati")["Lowest since"] == "31 January 2026"
    assert facts_of(points, 3300)["Lowest"] == "of all prices known since 21 November 2025"


def test_a_price_that_rose_is_no_lowest_since_just_before() -> None:
    facts = facts_of([(100, 3400), (0, 3500)], 3500)

    assert not {"Lowest", "Lowest since"} & facts.keys()
