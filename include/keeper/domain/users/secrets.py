"""The secrets people and programs show: API tokens, sessions, sign-in links and codes.

Each is 40 letters and figures by chance, 238 bits: nobody guesses it, so a plain SHA-256 keeps it
at rest, and looking one up by its digest gives no hint of it, however long that takes. A token says
by its beginning what it is, for scanners of repositories, and by its end, a CRC-32, whether it was
copied whole, so that a mistyped one costs no query. The form is GitHub's.
"""

import secrets
import string
import zlib
from hashlib import sha256
from typing import Final

TOKEN_PREFIX: Final = "keeper_pat_"  # noqa: S105 -- how every token begins
SHORT_PREFIX: Final = "keeper_min_"
"""How a token of minutes begins, by which the bot or the mini app acts for a user."""
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH: Final = 40
_CHECK_LENGTH: Final = 6
SECRET_PATTERN: Final = f"^[0-9A-Za-z]{{{_LENGTH}}}$"


def new_secret() -> str:
    """Return a secret nobody has seen."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def new_token(prefix: str = TOKEN_PREFIX) -> str:
    """Return a token nobody has seen."""
    body = new_secret()
    return f"{prefix}{body}{_check(prefix, body)}"


def is_token(text: str, prefix: str = TOKEN_PREFIX) -> bool:
    """Return whether a text has the form of a token and its check is right."""
    body = text.removeprefix(prefix)
    if body == text or len(body) != _LENGTH + _CHECK_LENGTH or not set(body) <= set(_ALPHABET):
        return False
    return body[_LENGTH:] == _check(prefix, body[:_LENGTH])


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return sha256(secret.encode()).digest()


def _check(prefix: str, body: str) -> str:
    number = zlib.crc32(f"{prefix}{body}".encode())
    figures = []
    for _ in range(_CHECK_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        figures.append(_ALPHABET[rest])
    return "".join(reversed(figures))
