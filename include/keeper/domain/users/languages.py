"""The languages that Keeper speaks to people."""

from enum import StrEnum


class Language(StrEnum):
    """A language, as BCP 47 names it."""

    ENGLISH = "en"
    GERMAN = "de"
