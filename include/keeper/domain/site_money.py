"""Amounts as the Amazon site of a locale writes them, for messages and the reasons in them."""

from typing import Final

from babel.numbers import format_currency

from keeper.domain.locales import locale_of
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


def site_money(minor: int, domain: str) -> str:
    """Write an amount as the Amazon site of the locale does: 1.234,50 € in Germany.

    Args:
        minor: The amount in minor units of the locale's currency.
        domain: Keeper's locale name.
    """
    currency = locale_of(domain).currency
    return format_currency(to_major(minor, currency), currency, locale=_LANGUAGES[domain])
