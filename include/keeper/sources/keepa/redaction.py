"""Keeps the API key, which Keepa wants in the query string, out of errors and logs."""

import logging
import re
from typing import Final
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

MASK: Final = "***"
_KEY_PARAMETER: Final = re.compile(r"(?i)(?<![a-z0-9_])(key=)[^&\s'\"<>)]+")
_LOGGERS_THAT_SHOW_URLS: Final = (
    "urllib3.connectionpool",
    "urllib3.util.retry",
    "urllib3.poolmanager",
)


class Redactor:
    """Masks one key, as it is and as a URL spells it, and any `key=` parameter."""

    def __init__(self, key: SecretStr) -> None:
        """Remember the spellings of the key."""
        plain = key.get_secret_value()
        self._spellings = {plain, quote(plain, safe=""), quote_plus(plain)}

    def __call__(self, text: str) -> str:
        """Return `text` without the key."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return _mask_key_parameters(text)


def _mask_key_parameters(text: str) -> str:
    return _KEY_PARAMETER.sub(rf"\g<1>{MASK}", text)


class _KeyParameterFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        masked = _mask_key_parameters(message)
        if masked != message:
            record.msg, record.args = masked, ()
        return True


_FILTER: Final = _KeyParameterFilter()


def redact_transport_logs() -> None:
    """Mask `key=` in what urllib3 logs of each request at debug level; calling it twice is safe."""
    for name in _LOGGERS_THAT_SHOW_URLS:
        logging.getLogger(name).addFilter(_FILTER)
