"""What stands behind a button under a Telegram message, and that the bot itself has put it there.

Telegram sends it back to the bot when the button is pressed, at most 64 bytes of it. Clients can be
made to send anything: so it is signed, for the one chat that it was sent to.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

MOST_BYTES: Final = 64
_SIGNATURE: Final = 12
"""Letters of six bits each: 72 bits."""


class Buttons:
    """Signs what stands behind buttons, and reads what the bot has signed."""

    def __init__(self, bot_token: str) -> None:
        """Derive the key from the bot's token, which whoever sends as the bot has anyway."""
        self._key = hmac.new(bot_token.encode(), b"Keeper's buttons", sha256).digest()

    def signed(self, chat_id: int, *parts: object) -> str:
        """Return what to put behind a button: parts without a space, and a signature.

        Raises:
            ValueError: It is more than Telegram takes, or a part has a space.
        """
        text = " ".join(map(str, parts))
        data = f"{text} {self._signature(chat_id, text)}"
        if len(data.encode()) > MOST_BYTES or len(text.split(" ")) != len(parts):
            raise ValueError(f"{text!r} cannot stand behind a button")
        return data

    def read(self, chat_id: int, data: str) -> list[str] | None:
        """Return the parts of what was behind a button; None if the bot has not put it there."""
        text, _, signature = data.rpartition(" ")
        expected = self._signature(chat_id, text)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return None
        return text.split(" ")

    def _signature(self, chat_id: int, text: str) -> str:
        digest = hmac.new(self._key, f"{chat_id} {text}".encode(), sha256).digest()
        return urlsafe_b64encode(digest).decode()[:_SIGNATURE]
