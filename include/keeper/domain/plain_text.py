"""Text of others: as people paste it, without what nobody sees, and as a database takes it."""

import unicodedata
from typing import Final

_FULL_WIDTH: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0xFFE5: 0xA5}
"""What a Japanese keyboard writes instead of ASCII and the yen sign."""


def plain_text(text: str) -> str:
    """Return text without invisible characters, with single spaces and half-width letters."""
    shown = "".join(
        " " if unicodedata.category(char) == "Zs" else char
        for char in text.translate(_FULL_WIDTH)
        if unicodedata.category(char) != "Cf"
    )
    return " ".join(shown.split())


def storable(text: str) -> str:
    """Return a text of others so that PostgreSQL takes it: no NUL, no halves of UTF-16 pairs."""
    return text.replace("\0", "").encode(errors="replace").decode()
