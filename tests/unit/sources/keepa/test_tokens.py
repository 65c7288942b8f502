"""Token accounting from envelopes, whole or cut."""

import json
import pickle
from datetime import UTC, datetime

import pytest

from keeper.sources.keepa.errors import KeepaRequestRejectedError, TokensExhaustedError
from keeper.sources.keepa.tokens import Envelope, TokenStatus, TokenUsage

WHOLE = {
    "timestamp": 1_746_000_000_000,
    "tokensLeft": -12,
    "refillIn": 1500,
    "refillRate": 5,
    "tokenFlowReduction": 0.0,
    "tokensConsumed": 100,
    "processingTimeInMs": 60,
}


def envelope(**fields: object) -> Envelope:
    read = Envelope.of_fields(WHOLE | fields)
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("left", "rate", "refill_in_ms", "wait_s"),
    [
        (1, 5, 1500, 0.0),
        (0, 5, 1500, 1.5),
        (-4, 5, 1500, 1.5),
        (-5, 5, 1500, 61.5),
        (-12, 5, 1500, 121.5),
        (0, 0, 0, 60.0),
        (0, 5, -20, 0.0),
    ],
)
def test_when_the_next_request_can_run(
    left: int, rate: int, refill_in_ms: int, wait_s: float
) -> None:
    read = envelope(tokensLeft=left, refillRate=rate, refillIn=refill_in_ms)
    assert read.runnable_in_s == wait_s
    now = datetime(2025, 4, 30, tzinfo=UTC)
    assert TokenStatus.of_envelope(read, now).runnable_in_s == wait_s


@pytest.mark.parametrize(
    ("reported", "reduction", "wait_s"),
    [
        (0, 0, 1.5 + 4 * 60),
        (0.04, 1, 1.5 + 4 * 60),
        (14.2, 15, 1.5 + 19 * 60),
        (15, 15, 1.5 + 19 * 60),
        (40.0, 40, 1.5 + 99 * 60),
        ("many", 0, 1.5 + 4 * 60),
        (-3, 0, 1.5 + 4 * 60),
        (float("inf"), 0, 1.5 + 4 * 60),
    ],
)
def test_trackings_make_refills_smaller_and_waits_longer(
    reported: object, reduction: int, wait_s: float
) -> None:
    read = envelope(tokensLeft=-99, refillRate=20, tokenFlowReduction=reported)

    assert read.flow_reduction == reduction
    assert read.reading(datetime(2026, 3, 1, tzinfo=UTC)).flow_reduction == reduction
    # 100 tokens are missing: 5 refills of 20, 6 of 19, 20 of 5, 100 of the least, 1.
    assert read.runnable_in_s == (1.5 + 5 * 60 if reduction == 1 else wait_s)


def test_a_cut_reply_says_its_reduction() -> None:
    body = json.dumps(WHOLE | {"tokenFlowReduction": 7.25}).encode()[:-20]

    read = Envelope.of_fragment(body)

    assert read is not None
    assert read.flow_reduction == 8


def test_a_cut_reply_still_says_its_cost() -> None:
    body = json.dumps(WHOLE | {"products": [{"asin": "B00EXAMPLE", "tokensLeft": 9}]}).encode()
    whole = Envelope.of_fields(WHOLE)
    products_at = body.index(b'"products"')
    assert all(
        Envelope.of_fragment(body[:end]) == whole for end in range(products_at, len(body) + 1)
    )


@pytest.mark.parametrize("fragment", [b"", b"<html>", b'{"tokensLeft":1', b'{"refillIn":5,'])
def test_a_fragment_without_balance_has_no_envelope(fragment: bytes) -> None:
    assert Envelope.of_fragment(fragment) is None


@pytest.mark.parametrize("value", ["5", None, 1.5, True])
def test_a_balance_must_be_a_whole_number(value: object) -> None:
    assert Envelope.of_fields(WHOLE | {"tokensLeft": value}) is None


@pytest.mark.parametrize("timestamp", [0, -1, None, 10**18])
def test_a_senseless_timestamp_is_none(timestamp: object) -> None:
    assert envelope(timestamp=timestamp).timestamp is None


def test_usage_counts_what_is_known_and_what_is_not() -> None:
    usage = TokenUsage().after(envelope()).after(None).after(envelope(tokensConsumed=3))
    assert (usage.requests, usage.tokens_consumed, usage.unaccounted) == (3, 103, 1)
    assert usage.last == envelope(tokensConsumed=3)


def test_errors_survive_pickling_with_what_they_carry() -> None:
    exhausted = pickle.loads(  # noqa: S301
        pickle.dumps(TokensExhaustedError("used up", refill_in_s=7.5, tokens_left=-3))
    )
    assert (str(exhausted), exhausted.refill_in_s, exhausted.tokens_left) == ("used up", 7.5, -3)
    rejected = pickle.loads(  # noqa: S301
        pickle.dumps(KeepaRequestRejectedError("no", status=404, error_type="t", details="d"))
    )
    assert (rejected.status, rejected.type, rejected.details) == (404, "t", "d")
