"""Amounts and times as readers write them."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.numbers import format_currency

from keeper.domain.money import to_major

_LANGUAGES: Final = {
    "us": "en_US",
    "uk": "en_GB",
    "de": "de_DE",
    "fr": "fr_FR",
    "jp": "ja_JP",
    "ca": "en_CA",
    "it": "it_IT",
    "es": "es_ES",
    "in": "en_IN",
    "mx": "es_MX",
    "br": "pt_BR",
}


def money(minor: int, currency: str, domain: str) -> str:
    """Write an amount as the Amazon site of the locale does: 1.234,50 € in Germany.

    Args:
        minor: The amount in minor units.
        currency: ISO 4217 code.
        domain: Keeper's locale name.
    """
    return format_currency(to_major(minor, currency), currency, locale=_LANGUAGES[domain])


def moment(at: datetime, time_zone: str) -> str:
    """Write a time by the reader's clock, with the zone's own name for it."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M %Z}"


def day(at: datetime, time_zone: str) -> str:
    """Write a day by the reader's calendar."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d}"
