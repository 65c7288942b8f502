"""Which reply is usable and what every other one means."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from keeper.errors import TerminalError, TransientError
from keeper.sources.keepa.errors import (
    KeepaKeyRejectedError,
    KeepaPaymentError,
    KeepaReplyError,
    KeepaRequestRejectedError,
    KeepaUnavailableError,
    TokensExhaustedError,
)
from keeper.sources.keepa.redaction import Redactor
from keeper.sources.keepa.replies import validate_reply

KEY = "s3cret/key+of=mine"
redact = Redactor(SecretStr(KEY))

ENVELOPE: dict[str, Any] = {
    "timestamp": 1_746_000_000_000,
    "tokensLeft": 240,
    "refillIn": 30_000,
    "refillRate": 20,
    "tokenFlowReduction": 0.0,
    "tokensConsumed": 2,
    "processingTimeInMs": 17,
}
UNKNOWN_KEY = ENVELOPE | {"tokensLeft": 0, "refillIn": 0, "refillRate": 0, "tokensConsumed": 0}
BAD_DEAL = {
    "type": "invalidParameter",
    "message": "The queryJSON is of invalid format.",
    "details": "priceTypes",
}
BAD_PARAMETER = {
    "type": "invalidParameter",
    "message": "You used an invalid parameter for this API call.",
    "details": "",
}


def body_of(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param({"products": []}, id="products"),
        pytest.param({}, id="no ASIN known"),
        pytest.param({"products": None}, id="products null"),
        pytest.param({"products": [], "error": None}, id="error null"),
        pytest.param({"products": [{}], "error": BAD_DEAL}, id="paid for despite an error"),
    ],
)
def test_a_usable_reply_gives_its_envelope(payload: dict[str, Any]) -> None:
    envelope = validate_reply(200, body_of(ENVELOPE | payload), redact)
    assert (envelope.tokens_left, envelope.refill_in_ms, envelope.refill_rate) == (240, 30_000, 20)
    assert (envelope.tokens_consumed, envelope.processing_time_ms) == (2, 17)
    assert envelope.timestamp is not None
    assert envelope.timestamp.isoformat() == "2025-04-30T08:00:00+00:00"


REFUSALS = [
    pytest.param(400, UNKNOWN_KEY | {"error": BAD_PARAMETER}, KeepaKeyRejectedError, id="key"),
    pytest.param(401, {}, KeepaKeyRejectedError, id="401"),
    pytest.param(402, UNKNOWN_KEY, KeepaPaymentError, id="payment"),
    pytest.param(400, ENVELOPE | {"error": BAD_DEAL}, KeepaRequestRejectedError, id="parameter"),
    pytest.param(400, {"error": BAD_DEAL}, KeepaRequestRejectedError, id="without envelope"),
    pytest.param(200, ENVELOPE | {"error": BAD_DEAL}, KeepaRequestRejectedError, id="200"),
    pytest.param(404, {}, KeepaRequestRejectedError, id="404"),
    pytest.param(301, {}, KeepaRequestRejectedError, id="redirect"),
    pytest.param(429, ENVELOPE | {"tokensLeft": -3}, TokensExhaustedError, id="tokens"),
    pytest.param(500, ENVELOPE, KeepaUnavailableError, id="500"),
    pytest.param(503, {}, KeepaUnavailableError, id="503"),
    pytest.param(200, {"products": []}, KeepaReplyError, id="no envelope"),
    pytest.param(200, ENVELOPE | {"products": {}}, KeepaReplyError, id="products an object"),
]


@pytest.mark.parametrize(("status", "fields", "error"), REFUSALS)
def test_a_refusal_is_one_typed_error(
    status: int, fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        validate_reply(status, body_of(fields), redact)
    assert type(caught.value) is error
    assert isinstance(caught.value, TerminalError | TransientError)


def test_the_error_object_is_kept() -> None:
    with pytest.raises(
        KeepaRequestRejectedError, match=r"invalid format\. \(priceTypes\)"
    ) as caught:
        validate_reply(400, body_of(ENVELOPE | {"error": BAD_DEAL}), redact)
    error = caught.value
    assert (error.status, error.type, error.message, error.details) == (400, *BAD_DEAL.values())


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"tokensLeft":1,"prod'])
def test_a_body_that_is_not_whole_json(body: bytes) -> None:
    with pytest.raises(KeepaReplyError, match=f"{len(body)} bytes"):
        validate_reply(200, body, redact)


@pytest.mark.parametrize(
    ("fields", "wait_s", "left"),
    [
        pytest.param(ENVELOPE | {"tokensLeft": 0}, 30, 0, id="next refill"),
        pytest.param(ENVELOPE | {"tokensLeft": -150}, 30 + 7 * 60, -150, id="deep in debt"),
        pytest.param(ENVELOPE | {"tokensLeft": 5}, 30, 5, id="refused above zero"),
        pytest.param({"tokensLeft": -1}, 60, -1, id="nothing but the balance"),
        pytest.param({}, 60, 0, id="no envelope"),
    ],
)
def test_exhausted_tokens_say_when_to_come_back(
    fields: dict[str, Any], wait_s: float, left: int
) -> None:
    with pytest.raises(TokensExhaustedError, match=f"{wait_s} s") as caught:
        validate_reply(429, body_of(fields), redact)
    assert (caught.value.refill_in_s, caught.value.tokens_left) == (wait_s, left)


@pytest.mark.parametrize("status", [200, 400, 402, 404, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"no page at /product/?key={KEY}&domain=1".encode(), id="text"),
        pytest.param(b"?key=s3cret%2Fkey%2Bof%3Dmine", id="quoted"),
        pytest.param(
            body_of({"error": {"type": KEY, "message": f"key {KEY}", "details": KEY}}), id="object"
        ),
    ],
)
def test_no_error_shows_the_key_a_server_echoes(status: int, body: bytes) -> None:
    with pytest.raises((TerminalError, TransientError)) as caught:
        validate_reply(status, body, redact)
    shown = f"{caught.value!s} {caught.value!r} {vars(caught.value)}"
    assert "s3cret" not in shown
