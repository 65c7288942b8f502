"""Tags: words of one's own by which watches are sorted."""

import re
from collections.abc import Iterable
from typing import Final

from keeper.domain.plain_text import plain_text

MOST_TAGS: Final = 20
LONGEST_TAG: Final = 40
_TAG: Final = re.compile(r"\w[\w &+./'-]*")
"""Begins with a letter or digit: a spreadsheet takes none for a formula."""


class InvalidTagError(ValueError):
    """A text is no tag, or there are too many; one sentence says why."""


def tags_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return tags in small letters, sorted, each once; blank ones do not count.

    Raises:
        InvalidTagError: One is too long or has other characters, or there are more than 20.
    """
    tags = sorted({text for text in (plain_text(given).lower() for given in texts) if text})
    for tag in tags:
        if len(tag) > LONGEST_TAG or not _TAG.fullmatch(tag):
            raise InvalidTagError(
                f"{tag[:LONGEST_TAG]!r} is no tag: {LONGEST_TAG} letters, digits, spaces and "
                "& + . / ' - at most, a letter or digit first"
            )
    if len(tags) > MOST_TAGS:
        raise InvalidTagError(f"a watch has {MOST_TAGS} tags at most")
    return tuple(tags)


def read_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a text that separates them by commas or semicolons.

    Raises:
        InvalidTagError: One of them is none, or there are too many.
    """
    return tags_of(re.split("[,;]", text))
