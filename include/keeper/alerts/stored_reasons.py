"""Sentences that Keeper has stored in English, in another language.

Why an alert was raised and why a deal has its score is written when it happens, for the record, the
API and everybody alike. What a reader is sent says it in the reader's language: the English
catalogue has each of these sentences once, by which its figures are found again. A sentence that no
entry fits, of a later version of Keeper, say, stays as it is.
"""

import re
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Final

from keeper.alerts.formats import day
from keeper.alerts.words import words_in
from keeper.alerts.words.catalogue import Reasons
from keeper.domain.users.languages import Language

_PLACE: Final = re.compile(r"\\{(\w+)\\}")
_NUMBER: Final = r"-?\d+"
_AMOUNT: Final = r"[^;]*?\d[^;]*?"
_PATTERNS: Final = {
    **dict.fromkeys(("percent", "days", "points"), _NUMBER),
    **dict.fromkeys(("amount", "usual"), _AMOUNT),
    "date": r"\d+ [A-Z][a-z]+ \d+",
}
_BETWEEN_RULES: Final = "; "
_BETWEEN_CONDITIONS: Final = ", "


def reason_in(language: Language, reason: str) -> str:
    """Return why an alert was raised: the reasons of its rules, each of its conditions."""
    if language is Language.ENGLISH:
        return reason
    return _BETWEEN_RULES.join(
        _BETWEEN_CONDITIONS.join(
            sentence_in(language, one) for one in rule.split(_BETWEEN_CONDITIONS)
        )
        for rule in reason.split(_BETWEEN_RULES)
    )


def sentence_in(language: Language, sentence: str) -> str:
    """Return one stored sentence; one that is in no catalogue as it is."""
    if language is Language.ENGLISH:
        return sentence
    for pattern, name in _patterns():
        if found := pattern.fullmatch(sentence):
            template: str = getattr(words_in(language).reasons, name)
            values = {key: _value(language, key, text) for key, text in found.groupdict().items()}
            return template.format(**values)
    return sentence


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    english = words_in(Language.ENGLISH).reasons
    names = [field.name for field in fields(Reasons)]
    return tuple((_pattern(getattr(english, name)), name) for name in names)


def _pattern(template: str) -> re.Pattern[str]:
    """Return what finds the figures of a sentence."""
    return re.compile(
        _PLACE.sub(lambda place: f"(?P<{place[1]}>{_PATTERNS[place[1]]})", re.escape(template))
    )


def _value(language: Language, name: str, text: str) -> str:
    if name != "date":
        return text
    written = datetime.strptime(text, "%d %B %Y").replace(tzinfo=UTC)
    return day(written, "UTC", language)
