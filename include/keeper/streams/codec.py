"""Events to and from message bytes: JSON, UTF-8, one object a message."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from keeper.clock import Clock, utc_now
from keeper.domain.asins import is_asin
from keeper.domain.deals.events import DealEvent
from keeper.domain.locales import LOCALES
from keeper.domain.prices.events import SCHEMA_VERSION, PriceEvent
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.prices.types import PRICE_TYPES
from keeper.errors import TerminalError

_Event = TypeVar("_Event", PriceEvent, DealEvent)

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_PRICE_DECODER: Final = msgspec.json.Decoder(PriceEvent)
_DEAL_DECODER: Final = msgspec.json.Decoder(DealEvent)
_CURRENCIES: Final = {locale.domain: locale.currency for locale in LOCALES}
_PRICE_TYPES: Final = frozenset(p.name for p in PRICE_TYPES if p.is_price)

LATEST_TIME: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Later is no time of a price, whatever the reader's clock says."""
MAX_AMOUNT_MINOR: Final = 10**12
_LEAST_AMOUNT, _MOST_AMOUNT = Decimal(-MAX_AMOUNT_MINOR), Decimal(MAX_AMOUNT_MINOR)
_WHOLE_PERCENT: Final = 100
_MAX_COUNT: Final = 2**31 - 1
_MAX_LONG: Final = 2**63 - 1
_MAX_LOG_RATIO_E9: Final = 28 * 10**9
"""A little more than the logarithm of MAX_AMOUNT_MINOR, the largest ratio of two prices."""
_MAX_ID_BYTES: Final = 512
"""What Elasticsearch takes as the id of a document."""
CLOCK_TOLERANCE: Final = timedelta(days=1)
MAX_KEYWORD_LENGTH: Final = 4_000
"""Well below the 32,766 bytes Elasticsearch takes as one keyword."""


class UndecodableMessageError(TerminalError):
    """A message that is not an event Keeper can store, however often it is read."""


class FutureCheckError(UndecodableMessageError):
    """An event that is good but for its check, which this machine's clock puts into the future.

    Either the check's clock is wrong or this machine's; who knows when it was published can say.

    Attributes:
        event: The event.
    """

    def __init__(self, event: PriceEvent | DealEvent) -> None:
        """Keep the event."""
        super().__init__(f"checked_at {event.checked_at.isoformat()} is in the future")
        self.event = event


def encode_price_event(event: PriceEvent) -> bytes:
    """Return the message of an event."""
    return _ENCODER.encode(event)


def encode_deal_event(event: DealEvent) -> bytes:
    """Return the message of an event."""
    return _ENCODER.encode(event)


class LatestCheck:
    """Until when a check may have been made to be believed.

    One made more than a day after its time is of a wrong clock: stored, it would outrank every real
    check until then.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        """Ask `clock` when it is needed, which is seldom: most checks lie in the past."""
        self._clock = clock
        self._until = KEEPA_EPOCH

    def allows(self, checked_at: datetime) -> bool:
        """Return whether a check at this time is believed."""
        if checked_at > self._until:
            self._until = self._clock() + CLOCK_TOLERANCE
        return checked_at <= self._until


_BY_THE_WALL_CLOCK: Final = LatestCheck()


def decode_price_event(
    message: bytes | None, latest_check: LatestCheck = _BY_THE_WALL_CLOCK
) -> PriceEvent:
    """Read a message of `price-updates` or `price-backfill`; unknown fields are ignored.

    Raises:
        FutureCheckError: All is well but the time of the check.
        UndecodableMessageError: Not JSON, a field missing or of the wrong type, or a value no store
            would take.
    """
    event = _decoded(_PRICE_DECODER, message)
    if problem := (
        _problem_of(event)
        or _look_problem(event)
        or _coupon_problem(event)
        or _label_problem(event)
        or _amount_problem(event.current_price)
        or _amount_problem(event.target_price)
        or _amount_problem(event.previous_price)
        or _amount_problem(event.price_change)
        or _text_problem(
            message,
            event.product_title,
            event.image_url,
            event.run_id,
            event.event_id,
            event.brand,
        )
    ):
        raise UndecodableMessageError(problem)
    if not latest_check.allows(event.checked_at):
        raise FutureCheckError(event)
    return event


def decode_deal_event(
    message: bytes | None, latest_check: LatestCheck = _BY_THE_WALL_CLOCK
) -> DealEvent:
    """Read a message of `deal-updates`; as strict as `decode_price_event`.

    Raises:
        UndecodableMessageError: As there.
    """
    event = _decoded(_DEAL_DECODER, message)
    if problem := (
        _problem_of(event)
        or _deal_problem(event)
        or _amount_problem(event.current_price)
        or _amount_problem(event.original_price)
        or _text_problem(
            message,
            event.product_title,
            event.image_url,
            event.run_id,
            event.event_id,
            event.filter,
        )
    ):
        raise UndecodableMessageError(problem)
    if not latest_check.allows(event.checked_at):
        raise FutureCheckError(event)
    return event


def _decoded(decoder: msgspec.json.Decoder[_Event], message: bytes | None) -> _Event:
    if message is None:
        raise UndecodableMessageError("the message has no value")
    try:
        return decoder.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UndecodableMessageError(str(error)) from None


def _problem_of(event: PriceEvent | DealEvent) -> str | None:
    """Return what is wrong with the fields both kinds of event have."""
    timestamp, checked_at = event.timestamp, event.checked_at
    if event.schema_version > SCHEMA_VERSION:
        return f"schema_version {event.schema_version} is newer than {SCHEMA_VERSION}"
    if not is_asin(event.asin):
        return f"{event.asin!r} is not an ASIN"
    if _CURRENCIES.get(event.domain) != event.currency:
        return f"currency {event.currency!r} does not belong to domain {event.domain!r}"
    if event.price_type not in _PRICE_TYPES:
        return f"{event.price_type!r} is not a price type"
    if timestamp.tzinfo is None or checked_at.tzinfo is None:
        return "a time has no offset from UTC"
    if not KEEPA_EPOCH <= timestamp < LATEST_TIME:
        return f"timestamp {timestamp.isoformat()} is no time of a price"
    if not checked_at >= KEEPA_EPOCH:
        return f"checked_at {checked_at.isoformat()} is no time of a check"
    if timestamp > checked_at and timestamp > checked_at + CLOCK_TOLERANCE:
        return f"timestamp {timestamp.isoformat()} is later than the check that saw it"
    if event.price_minor is not None and not 0 < event.price_minor <= MAX_AMOUNT_MINOR:
        return f"price_minor is {event.price_minor}"
    if event.shipping_minor is not None and not 0 <= event.shipping_minor <= MAX_AMOUNT_MINOR:
        return f"shipping_minor is {event.shipping_minor}"
    return None


def _look_problem(event: PriceEvent) -> str | None:
    """Return what is wrong with what Keepa says of its own look."""
    if event.is_price_hidden and event.price_minor is not None:
        return "the price is hidden, and yet there is one"
    seen_at = event.seen_at
    if seen_at is None:
        return None
    if seen_at.tzinfo is None:
        return "seen_at has no offset from UTC"
    if not KEEPA_EPOCH <= seen_at < LATEST_TIME:
        return f"seen_at {seen_at.isoformat()} is no time of a look"
    return None


def _coupon_problem(event: PriceEvent) -> str | None:
    for minor, percent in (
        (event.coupon_minor, event.coupon_percent),
        (event.subscribe_coupon_minor, event.subscribe_coupon_percent),
    ):
        if minor is not None and not 0 < minor <= MAX_AMOUNT_MINOR:
            return f"a coupon takes off {minor}"
        if percent is not None and not 0 < percent <= _WHOLE_PERCENT:
            return f"a coupon takes off {percent} percent"
        if minor is not None and percent is not None:
            return "a coupon takes off an amount and a percentage"
    return None


def _label_problem(event: PriceEvent) -> str | None:
    if event.root_category is not None and not 0 < event.root_category <= _MAX_LONG:
        return f"root_category is {event.root_category}"
    if event.log_ratio_e9 is not None and abs(event.log_ratio_e9) > _MAX_LOG_RATIO_E9:
        return f"log_ratio_e9 is {event.log_ratio_e9}"
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


def _amount_problem(amount: Decimal | None) -> str | None:
    if amount is None or (amount.is_finite() and _LEAST_AMOUNT <= amount <= _MOST_AMOUNT):
        return None
    return "an amount is out of all bounds"


def _text_problem(message: bytes | None, title: str | None, *keywords: str | None) -> str | None:
    if message is None or (len(message) <= MAX_KEYWORD_LENGTH and b"\\" not in message):
        # No part of it can be too long, and JSON knows no other way to write a NUL than an escape.
        return None
    if any("\0" in text for text in (title, *keywords) if text):
        return "a text holds the character NUL, which PostgreSQL cannot store"
    if any(len(text) > MAX_KEYWORD_LENGTH for text in keywords if text):
        return f"image_url, run_id, event_id, brand or filter is longer than {MAX_KEYWORD_LENGTH}"
    return None
