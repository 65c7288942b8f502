"""Which catalogue somebody gets, and how amounts and days are written in it."""

from datetime import datetime
from typing import Final

from babel.dates import format_date
from babel.numbers import format_currency

from keeper.bot.texts.catalogue import Texts
from keeper.bot.texts.english import ENGLISH
from keeper.bot.texts.german import GERMAN
from keeper.domain.money import format_money, to_major

LANGUAGES: Final = (ENGLISH, GERMAN)


def texts_for(language_code: str | None) -> Texts:
    """Return the catalogue of a Telegram user's language; English where there is none.

    Args:
        language_code: As Telegram has it, an IETF tag like de or de-AT; it may be missing.
    """
    language = (language_code or "").lower().replace("_", "-").partition("-")[0]
    return next((one for one in LANGUAGES if one.language == language), ENGLISH)


def amount_text(minor: int, currency: str, texts: Texts) -> str:
    """Write an amount; in English as Keeper's messages and pages do."""
    if texts.language == ENGLISH.language:
        return format_money(minor, currency)
    return format_currency(to_major(minor, currency), currency, locale=texts.language)


def day_text(moment: datetime, texts: Texts) -> str:
    """Write the day of a moment, in UTC: 1 September 2026."""
    return format_date(moment, "d MMMM y" if texts.language == "en" else "long", texts.language)


def example_amount(currency: str, texts: Texts) -> str:
    """Return how an amount is written, to show it."""
    text = "1980" if currency == "JPY" else "24.99"
    return text if texts.language == "en" else text.replace(".", ",")
