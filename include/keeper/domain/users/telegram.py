"""Who opens the mini app: Telegram's own word, and how long it and codes that link are good.

A mini app is handed `initData`, which Telegram has signed with a key that is derived from the bot's
token (https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app). Who has
that key sees what is forged, and can do nothing at Telegram with it: the bot's token does not
follow from it. So the console is given the key alone.
"""

import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl

CODE_LIFETIME: Final = timedelta(minutes=15)
SHORT_LIFETIME: Final = timedelta(minutes=15)
"""Of a token by which the bot or the mini app acts for somebody."""
INIT_DATA_LIFETIME: Final = timedelta(hours=24)
"""Telegram's clients keep what they were given, and show it again."""
LARGEST_ID: Final = 2**52 - 1
"""Telegram: a user's number has at most 52 significant bits."""
_AHEAD: Final = timedelta(minutes=5)
"""How far Telegram's clock may be ahead of this one."""
_LONGEST: Final = 8_192


class ForgedInitDataError(ValueError):
    """Telegram has not signed this, or too long ago; one sentence says which."""


def app_key_of(bot_token: str) -> bytes:
    """Return the key by which Telegram signs for the mini app of a bot."""
    return hmac.new(b"WebAppData", bot_token.encode(), sha256).digest()


def read_init_data(text: str, app_key: bytes, *, at: datetime) -> int:
    """Return the Telegram id of who opens the mini app.

    Args:
        text: As Telegram's client hands it to the page, percent-encoded.
        app_key: The key of the bot.
        at: Now.

    Raises:
        ForgedInitDataError: Telegram has not signed it within a day, or it names nobody.
    """
    if len(text) > _LONGEST:
        raise ForgedInitDataError("that is too long to be what Telegram signs")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise ForgedInitDataError("that is not what Telegram signs") from None
    fields = dict(pairs)
    given = fields.pop("hash", "")
    # A name that comes twice would be signed in one reading and used in another.
    if len(pairs) != len(fields) + 1 or not given:
        raise ForgedInitDataError("that is not what Telegram signs")
    signed = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    expected = hmac.new(app_key, signed.encode(), sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise ForgedInitDataError("Telegram has not signed this for this bot")
    _validate_age(fields.get("auth_date", ""), at)
    return _user_in(fields.get("user", ""))


def _validate_age(text: str, at: datetime) -> None:
    try:
        signed_at = datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise ForgedInitDataError("it says no time of signing") from None
    if not at - INIT_DATA_LIFETIME <= signed_at <= at + _AHEAD:
        raise ForgedInitDataError("Telegram has signed this more than a day ago; open it again")


def _user_in(text: str) -> int:
    try:
        user = json.loads(text)
    except ValueError:
        user = None
    number = user.get("id") if isinstance(user, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= LARGEST_ID:
        raise ForgedInitDataError("it names nobody")
    return number
