"""What Keeper says to people, a catalogue for each language."""

from typing import Final

from keeper.alerts.words.catalogue import PageWords, Plural, Words
from keeper.alerts.words.de import GERMAN
from keeper.alerts.words.en import ENGLISH
from keeper.domain.users.languages import Language

__all__ = ["PageWords", "Plural", "Words", "words_in"]
_WORDS: Final = {Language.ENGLISH: ENGLISH, Language.GERMAN: GERMAN}


def words_in(language: Language) -> Words:
    """Return a language's catalogue."""
    return _WORDS[language]
