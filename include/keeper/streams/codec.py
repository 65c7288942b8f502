"""Events to and from message bytes: JSON, UTF-8, one object a message."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from keeper.clock import Clock, utc_now
from keeper.domain.asins import is_asin
from keeper.domain.deal_events import DealEvent
from keeper.domain.locales import LOCALES
from keeper.domain.price_events import SCHEMA_VERSION, PriceEvent
from keeper.domain.price_points import KEEPA_EPOCH
from keeper.domain.price_types import PRICE_TYPES
from keeper.errors import TerminalError

_Event = TypeVar("_Event", PriceEvent, DealEvent)

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_PRICE_DECODER: Final = msgspec.json.Decoder(PriceEvent)
_DEAL_DECODER: Final = msgspec.json.Decoder(DealEvent)
_CURRENCIES: Final = {locale.domain: locale.currency for locale in LOCALES}
_PRICE_TYPES: Final = frozenset(p.name for p in PRICE_TYPES if p.is_price)

LATEST_TIME: Final = datetime(2036, 1, 1, tzinfo=UTC)
"""End of the last partition of price_history."""
MAX_AMOUNT_MINOR: Final = 10**12
_MAX_COUNT: Final = 2**31 - 1
_MAX_LONG: Final = 2**63 - 1
_MAX_ID_BYTES: Final = 512
"""What Elasticsearch takes as the id of a document."""
_CLOCK_TOLERANCE: Final = timedelta(days=1)
MAX_KEYWORD_LENGTH: Final = 4_000
"""Well below the 32,766 bytes Elasticsearch takes as one keyword."""


class UndecodableMessageError(TerminalError):
    """A message that is not an event Keeper can store, however often it is read."""


def encode_price_event(event: PriceEvent) -> bytes:
    """Return the message of an event."""
    return _ENCODER.encode(event)


def encode_deal_event(event: DealEvent) -> bytes:
    """Return the message of an event."""
    return _ENCODER.encode(event)


def decode_price_event(message: bytes | None, clock: Clock = utc_now) -> PriceEvent:
    """Read a message of `price-updates` or `price-backfill`; unknown fields are ignored.

    Args:
        message: The bytes.
        clock: A check made more than a day after its time is of a wrong clock: stored, it would
            outrank every real check until then.

    Raises:
        UndecodableMessageError: Not JSON, a field missing or of the wrong type, or a value no store
            would take.
    """
    event = _decoded(_PRICE_DECODER, message)
    if problem := (
        _problem_of(event, clock() + _CLOCK_TOLERANCE)
        or _amount_problem(
            event.current_price, event.target_price, event.previous_price, event.price_change
        )
        or _text_problem(event.product_title, event.image_url, event.run_id, event.event_id)
    ):
        raise UndecodableMessageError(problem)
    return event


def decode_deal_event(message: bytes | None, clock: Clock = utc_now) -> DealEvent:
    """Read a message of `deal-updates`; as strict as `decode_price_event`.

    Raises:
        UndecodableMessageError: As there.
    """
    event = _decoded(_DEAL_DECODER, message)
    if problem := (
        _problem_of(event, clock() + _CLOCK_TOLERANCE)
        or _deal_problem(event)
        or _amount_problem(event.current_price, event.original_price)
        or _text_problem(
            event.product_title, event.image_url, event.run_id, event.event_id, event.filter
        )
    ):
        raise UndecodableMessageError(problem)
    return event


def _decoded(decoder: msgspec.json.Decoder[_Event], message: bytes | None) -> _Event:
    if message is None:
        raise UndecodableMessageError("the message has no value")
    try:
        return decoder.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UndecodableMessageError(str(error)) from None


def _problem_of(event: PriceEvent | DealEvent, latest_check: datetime) -> str | None:
    """Return what is wrong with the fields both kinds of event have."""
    if event.schema_version > SCHEMA_VERSION:
        return f"schema_version {event.schema_version} is newer than {SCHEMA_VERSION}"
    if not is_asin(event.asin):
        # The struct's pattern lets a line feed at the end pass.
        return f"{event.asin!r} is not an ASIN"
    if _CURRENCIES.get(event.domain) != event.currency:
        return f"currency {event.currency!r} does not belong to domain {event.domain!r}"
    if event.price_type not in _PRICE_TYPES:
        return f"{event.price_type!r} is not a price type"
    if event.timestamp.tzinfo is None or event.checked_at.tzinfo is None:
        return "a time has no offset from UTC"
    if not KEEPA_EPOCH <= event.timestamp < LATEST_TIME:
        return f"timestamp {event.timestamp.isoformat()} is outside what price_history holds"
    if event.checked_at > latest_check:
        return f"checked_at {event.checked_at.isoformat()} is in the future"
    if event.timestamp > event.checked_at + _CLOCK_TOLERANCE:
        return f"timestamp {event.timestamp.isoformat()} is later than the check that saw it"
    if not KEEPA_EPOCH <= event.checked_at < LATEST_TIME:
        return f"checked_at {event.checked_at.isoformat()} is no time of a check"
    if event.price_minor is not None and not 0 < event.price_minor <= MAX_AMOUNT_MINOR:
        return f"price_minor is {event.price_minor}"
    if event.shipping_minor is not None and not 0 <= event.shipping_minor <= MAX_AMOUNT_MINOR:
        return f"shipping_minor is {event.shipping_minor}"
    return None


def _deal_problem(event: DealEvent) -> str | None:
    if not 0 < event.filter_id <= _MAX_LONG:
        return f"filter_id is {event.filter_id}"
    if event.root_category is not None and abs(event.root_category) > _MAX_LONG:
        return f"root_category is {event.root_category}"
    if not 0 < len(event.event_id.encode()) <= _MAX_ID_BYTES:
        return f"event_id must have 1 to {_MAX_ID_BYTES} bytes"
    for name in ("original_minor", "previous_minor", "list_price_minor"):
        amount = getattr(event, name)
        if amount is not None and not 0 < amount <= MAX_AMOUNT_MINOR:
            return f"{name} is {amount}"
    counts = (event.review_count, event.sales_rank, event.discount_percent)
    if any(count is not None and abs(count) > _MAX_COUNT for count in counts):
        return "a count is out of all bounds"
    if event.rating is not None and not 0 <= event.rating <= 5:
        return f"rating is {event.rating}"
    ends = event.lightning_ends_at
    if ends is not None and (ends.tzinfo is None or not KEEPA_EPOCH <= ends < LATEST_TIME):
        return f"lightning_ends_at is {ends.isoformat()}"
    if any("\0" in reason for reason in event.reasons):
        return "a reason holds the character NUL, which PostgreSQL cannot store"
    return None


def _amount_problem(*amounts: Decimal | None) -> str | None:
    if any(
        not amount.is_finite() or abs(amount) > MAX_AMOUNT_MINOR
        for amount in amounts
        if amount is not None
    ):
        return "an amount is out of all bounds"
    return None


def _text_problem(title: str | None, *keywords: str | None) -> str | None:
    if any("\0" in text for text in (title, *keywords) if text):
        return "a text holds the character NUL, which PostgreSQL cannot store"
    if any(len(text) > MAX_KEYWORD_LENGTH for text in keywords if text):
        return f"image_url, run_id, event_id or filter is longer than {MAX_KEYWORD_LENGTH}"
    return None
