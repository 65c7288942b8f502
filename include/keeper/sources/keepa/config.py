"""What the Keepa client needs to know; built by callers from settings or an Airflow connection."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from keeper.domain.prices.detail import Detail
from keeper.errors import SettingsError

DEFAULT_TIMEOUT_S: Final = 120.0
"""Keepa's own client reads for as long."""
_OFFERS_FACTOR: Final = 1.5
"""Offers are collected while the request waits: 2 to 20 s a product, some side by side."""


@dataclass(frozen=True, slots=True)
class KeepaConfig:
    """Where Keepa is and how patiently it is asked.

    Attributes:
        api_key: Sent with every request; never written to a log or an error.
        base_url: Scheme and host, with a path if a proxy needs one.
        source: What the data is marked as.
        timeout_s: Limit of one attempt, from connecting to the last byte of the reply; requests
            for offers have half as much again.
        max_attempts: How often a request is sent at most when transient faults hit it.
    """

    api_key: SecretStr
    base_url: str
    source: Literal["keepa", "simulator"] = "keepa"
    timeout_s: float = DEFAULT_TIMEOUT_S
    max_attempts: int = 5

    def __post_init__(self) -> None:
        """Check the values, so that a mistake shows before the first request.

        Raises:
            SettingsError: Names the setting and what it should look like.
        """
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            raise SettingsError("Keepa's base URL must look like https://api.keepa.com")
        if not self.api_key.get_secret_value().strip():
            raise SettingsError("Keepa's API key is empty; set KEEPA_API_KEY")
        if self.timeout_s <= 0 or self.max_attempts < 1:
            raise SettingsError("Keepa needs a timeout above zero and at least one attempt")
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))

    def timeout_for(self, detail: Detail | None) -> float:
        """Return the limit of one attempt that asks for so much, in seconds."""
        return self.timeout_s * (_OFFERS_FACTOR if detail is Detail.OFFERS else 1.0)
