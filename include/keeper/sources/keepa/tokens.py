"""Token accounting from the envelope Keepa puts around every reply.

Source: recorded replies. The balance grows by `refill_rate` at once every 60 s; a request runs
while the balance is above zero and may drive it below.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, Self

from keeper.domain.tokens.balance import REFILL_PERIOD, TokenReading, net_refill

REFILL_PERIOD_S: Final = REFILL_PERIOD.total_seconds()
_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ENVELOPE_BYTES: Final = 1024
_MOST_TOKENS: Final = 1_000_000
_FIELD: Final = re.compile(
    rb'"(timestamp|tokensLeft|refillIn|refillRate|tokensConsumed|processingTimeInMs|'
    rb'tokenFlowReduction)"\s*:\s*(-?\d{1,18})(\.\d{1,18})?(?=[\s,}])'
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The token fields of one reply.

    Attributes:
        timestamp: Keepa's time of the request's start, None if the reply does not say.
        tokens_left: Balance after the request.
        refill_in_ms: Until the next refill, counted from the reply's end.
        refill_rate: Tokens added each minute; 0 when Keepa does not know the key.
        tokens_consumed: What this request cost.
        processing_time_ms: How long Keepa worked on it.
        flow_reduction: Tokens that trackings of the same key take from each refill, rounded up.
    """

    timestamp: datetime | None
    tokens_left: int
    refill_in_ms: int
    refill_rate: int
    tokens_consumed: int
    processing_time_ms: int
    flow_reduction: int = 0

    @property
    def runnable_in_s(self) -> float:
        """Seconds from the reply's end until the balance is above zero; 0 if it is already."""
        if self.tokens_left > 0:
            return 0.0
        first_refill_s = max(self.refill_in_ms, 0) / 1000
        if self.refill_rate <= 0:
            return max(first_refill_s, REFILL_PERIOD_S)
        refill = net_refill(self.refill_rate, self.flow_reduction)
        refills = ceil((1 - self.tokens_left) / refill)
        return first_refill_s + (refills - 1) * REFILL_PERIOD_S

    def reading(self, received_at: datetime) -> TokenReading:
        """Return the balance on Keeper's clock, given when the reply had arrived."""
        ended = None
        if self.timestamp is not None:
            ended = self.timestamp + timedelta(milliseconds=max(self.processing_time_ms, 0))
        return TokenReading(
            tokens_left=self.tokens_left,
            refill_rate=self.refill_rate,
            next_refill_at=received_at + timedelta(milliseconds=max(self.refill_in_ms, 0)),
            read_at=received_at,
            keepa_time=ended,
            flow_reduction=self.flow_reduction,
        )

    @classmethod
    def of_fields(cls, fields: Mapping[str, object]) -> Self | None:
        """Read the envelope from a reply's object; None if it does not even name the balance."""

        def whole(name: str) -> int:
            value = fields.get(name)
            return value if type(value) is int else 0

        if type(fields.get("tokensLeft")) is not int:
            return None
        return cls(
            timestamp=_moment(whole("timestamp")),
            tokens_left=whole("tokensLeft"),
            refill_in_ms=whole("refillIn"),
            refill_rate=whole("refillRate"),
            tokens_consumed=whole("tokensConsumed"),
            processing_time_ms=whole("processingTimeInMs"),
            flow_reduction=_tokens(fields.get("tokenFlowReduction")),
        )

    @classmethod
    def of_fragment(cls, body: bytes) -> Self | None:
        """Read the envelope from the start of a reply that may be cut; None if it is not there.

        Keepa writes it before the payload, so it survives most cuts.
        """
        fields: dict[str, object] = {}
        for name, whole, fraction in _FIELD.findall(body[:_ENVELOPE_BYTES]):
            number = float(whole + fraction) if fraction else int(whole)
            fields.setdefault(name.decode(), number)
        return cls.of_fields(fields)


def was_charged(before: TokenReading | None, after: TokenReading | None) -> bool:
    """Return whether the balance fell, or may have.

    Args:
        before: The balance before the request, None if it was not known.
        after: The balance after it, None if it could not be asked for.
    """
    return before is None or after is None or after.tokens_left < before.left_at(after.read_at)


def _tokens(number: object) -> int:
    """Return a number of tokens rounded up; 0 for what is no number above it."""
    if type(number) is int:
        return max(number, 0)
    return ceil(number) if type(number) is float and 0 < number < _MOST_TOKENS else 0


def _moment(unix_ms: int) -> datetime | None:
    if unix_ms <= 0:
        return None
    try:
        return _UNIX_EPOCH + timedelta(milliseconds=unix_ms)
    except OverflowError:
        return None


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """The balance as Keepa last reported it.

    Attributes:
        tokens_left: Balance; may be negative.
        refill_in_ms: Until the next refill, counted from `received_at`.
        refill_rate: Tokens added each minute.
        runnable_in_s: Seconds from `received_at` until a request can run; 0 if one can now.
        received_at: When the reply arrived, by Keeper's clock.
        clock_ahead: How far Keeper's clock is ahead of Keepa's, or of its web server's, which is
            nearer; None if neither says what time it is.
    """

    tokens_left: int
    refill_in_ms: int
    refill_rate: int
    runnable_in_s: float
    received_at: datetime
    clock_ahead: timedelta | None = None

    @classmethod
    def of_envelope(
        cls, envelope: Envelope, received_at: datetime, served_at: datetime | None = None
    ) -> Self:
        """Take the balance out of a reply's envelope.

        Args:
            envelope: The envelope.
            received_at: When the reply had arrived, by Keeper's clock.
            served_at: When it was sent, by the web server's clock; None if it does not say.
        """
        clocks = (envelope.reading(received_at).keepa_time, served_at)
        ahead = [received_at - clock for clock in clocks if clock is not None]
        return cls(
            tokens_left=envelope.tokens_left,
            refill_in_ms=envelope.refill_in_ms,
            refill_rate=envelope.refill_rate,
            runnable_in_s=envelope.runnable_in_s,
            received_at=received_at,
            clock_ahead=min(ahead, key=abs, default=None),
        )


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What a client has spent so far.

    Attributes:
        requests: Requests sent, retries included.
        tokens_consumed: Sum of what the envelopes say, those of cut or refused replies included.
        unaccounted: Requests whose envelope never arrived; Keepa may have charged them.
        last: The newest envelope.
    """

    requests: int = 0
    tokens_consumed: int = 0
    unaccounted: int = 0
    last: Envelope | None = None

    def after(self, envelope: Envelope | None) -> "TokenUsage":
        """Count one more request, with its envelope if there was one."""
        if envelope is None:
            return TokenUsage(
                self.requests + 1, self.tokens_consumed, self.unaccounted + 1, self.last
            )
        return TokenUsage(
            self.requests + 1,
            self.tokens_consumed + envelope.tokens_consumed,
            self.unaccounted,
            envelope,
        )
