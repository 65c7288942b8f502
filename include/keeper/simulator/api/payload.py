"""What an endpoint gives to be sent."""

from typing import Any, NamedTuple


class Payload(NamedTuple):
    """What an endpoint found, and its price in tokens.

    Attributes:
        fields: Of the reply's JSON, beside the envelope.
        cost: In tokens.
        picture: A PNG to be sent in place of any JSON.
    """

    fields: dict[str, Any]
    cost: int
    picture: bytes | None = None
