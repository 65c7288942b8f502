"""The bot's catalogues say the same, in each language, within what Telegram takes."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keeper.bot.texts.catalogue import Texts
from keeper.bot.texts.english import ENGLISH
from keeper.bot.texts.german import GERMAN
from keeper.bot.texts.speak import LANGUAGES, amount_text, day_text, example_amount, texts_for

NAMES = [field.name for field in fields(Texts) if field.name not in {"language", "commands"}]


@pytest.mark.parametrize("name", NAMES)
def test_each_text_has_the_same_gaps_in_every_language(name: str) -> None:
    gaps = [set(re.findall(r"{(\w+)}", getattr(texts, name))) for texts in LANGUAGES]
    assert gaps == [gaps[0]] * len(LANGUAGES)
    assert all(getattr(texts, name).strip() for texts in LANGUAGES)


def test_each_text_is_used() -> None:
    root = Path(__file__).resolve().parents[3] / "include" / "keeper" / "bot"
    source = "".join(path.read_text("utf-8") for path in root.glob("*.py"))
    assert [name for name in NAMES if f"texts.{name}" not in source] == []


def test_every_language_has_the_same_commands() -> None:
    assert [set(texts.commands) for texts in LANGUAGES] == [set(ENGLISH.commands)] * len(LANGUAGES)
    for texts in LANGUAGES:
        for name in texts.commands:
            assert f"/{name}" in texts.help or name == "help", name


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("de", GERMAN),
        ("de-AT", GERMAN),
        ("DE_ch", GERMAN),
        ("en", ENGLISH),
        ("fr", ENGLISH),
        ("", ENGLISH),
        (None, ENGLISH),
    ],
)
def test_who_speaks_no_language_of_the_bot_gets_english(code: str | None, texts: Texts) -> None:
    assert texts_for(code) is texts


def test_amounts_and_days_are_written_as_people_do() -> None:
    assert amount_text(123450, "EUR", ENGLISH) == "€1,234.50"
    assert amount_text(123450, "EUR", GERMAN).replace("\xa0", " ") == "1.234,50 €"
    assert amount_text(1980, "JPY", GERMAN).replace("\xa0", " ") == "1.980 ¥"
    at = datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert (day_text(at, ENGLISH), day_text(at, GERMAN)) == ("1 March 2026", "1. März 2026")
    assert example_amount("EUR", GERMAN) == "24,99"
    assert example_amount("JPY", GERMAN) == "1980"
