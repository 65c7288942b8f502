"""Turns HTTP status and body into the envelope of a usable reply, or into an error."""

from collections.abc import Callable
from typing import Final, NamedTuple

from keeper.sources.keepa.document import NotJsonError, as_array, as_object, parse
from keeper.sources.keepa.errors import (
    SELECTION_REFUSED,
    KeepaKeyRejectedError,
    KeepaPaymentError,
    KeepaReplyError,
    KeepaRequestRejectedError,
    KeepaUnavailableError,
    TokensExhaustedError,
)
from keeper.sources.keepa.tokens import REFILL_PERIOD_S, Envelope

Redact = Callable[[str], str]

_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = frozenset({401, 403})
_PAYMENT_REQUIRED: Final = 402
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERRORS: Final = 500
_QUOTED_CHARS: Final = 200


class ErrorObject(NamedTuple):
    """The `error` object of a refused request."""

    type: str
    message: str
    details: str

    def __str__(self) -> str:
        """Put the parts that are there on one line."""
        said = ": ".join(part for part in (self.type, self.message) if part)
        return f"{said} ({self.details})" if self.details else said


def validate_reply(status: int, body: bytes, redact: Redact) -> Envelope:
    """Return the envelope of a usable reply.

    A reply without `products` is usable: Keepa leaves the key out when it knows none of the ASINs.

    Args:
        status: HTTP status.
        body: The decompressed body.
        redact: Masks the API key in everything quoted.

    Raises:
        KeepaKeyRejectedError: Keepa does not know the key.
        KeepaPaymentError: HTTP 402.
        KeepaRequestRejectedError: Any other refusal.
        TokensExhaustedError: HTTP 429.
        KeepaUnavailableError: HTTP 5xx.
        KeepaReplyError: HTTP 2xx with a body that is cut, not JSON or of another shape.
    """
    if status != _OK:
        raise _refusal(status, body, redact)
    try:
        reply = as_object(parse(body))
    except NotJsonError as error:
        raise KeepaReplyError(
            f"Keepa's reply is cut or not JSON ({len(body)} bytes, {error})"
        ) from None
    if reply is None:
        raise KeepaReplyError(f"Keepa's reply is not an object: {_quote(body, redact)}")
    products = reply.get("products")
    if products is None and reply.get("error") is not None:
        raise _refusal(_BAD_REQUEST, body, redact)
    envelope = Envelope.of_fields(reply)
    if envelope is None:
        raise KeepaReplyError(f"Keepa's reply has no token fields: {_quote(body, redact)}")
    if products is not None and as_array(products) is None:
        raise KeepaReplyError("Keepa's reply has `products` that are not a list")
    return envelope


def _refusal(status: int, body: bytes, redact: Redact) -> Exception:
    said = _error_object(body, redact)
    envelope = Envelope.of_fragment(body)
    words = str(said) if said else _quote(body, redact)
    if status == _TOO_MANY_REQUESTS:
        return _exhausted(envelope)
    if status == _PAYMENT_REQUIRED:
        return KeepaPaymentError(
            f"Keepa asks for payment (HTTP 402): renew the subscription of this API key. {words}"
        )
    if status >= _SERVER_ERRORS:
        return KeepaUnavailableError(f"Keepa answered HTTP {status}: {words}")
    refused = _request_refused(status, said, words)
    if status in _UNAUTHORIZED or (status in SELECTION_REFUSED and _is_about_key(said, envelope)):
        return KeepaKeyRejectedError(
            f"Keepa rejected the API key (HTTP {status}); check KEEPA_API_KEY. Keepa says: {words}",
            otherwise=refused if status in SELECTION_REFUSED else None,
        )
    return refused


def _request_refused(
    status: int, said: ErrorObject | None, words: str
) -> KeepaRequestRejectedError:
    if status < _BAD_REQUEST:
        hint = "; check KEEPER_KEEPA_URL" if status > _OK else ""
    else:
        hint = "" if said else "; is KEEPER_KEEPA_URL an address of Keepa's API?"
    parts = said or ErrorObject("", "", "")
    return KeepaRequestRejectedError(
        f"Keepa refused the request (HTTP {status}){hint}: {words}",
        status=status,
        error_type=parts.type,
        message=parts.message,
        details=parts.details,
    )


def _is_about_key(said: ErrorObject | None, envelope: Envelope | None) -> bool:
    # Keepa has no error type of its own for a wrong key. But a key it knows refills by at least one
    # token a minute, so that a rate of zero means a wrong key. Some refusals of a parameter are
    # said to have no token fields either, so that the caller asks for the balance as well.
    if said is None:
        return False
    return envelope.refill_rate == 0 if envelope else "key" in said.details.lower()


def _exhausted(envelope: Envelope | None) -> TokensExhaustedError:
    if envelope is None:
        wait_s, left = REFILL_PERIOD_S, 0
    else:
        left = envelope.tokens_left
        wait_s = max(envelope.runnable_in_s, envelope.refill_in_ms / 1000) or REFILL_PERIOD_S
    return TokensExhaustedError(
        f"Keepa's tokens are used up ({left} left); a request can run again in {wait_s:.0f} s. "
        "Check less often or choose a plan with more tokens a minute.",
        refill_in_s=wait_s,
        tokens_left=left,
    )


def _error_object(body: bytes, redact: Redact) -> ErrorObject | None:
    try:
        reply = as_object(parse(body))
    except NotJsonError:
        return None
    error = as_object(reply.get("error")) if reply is not None else None
    if error is None:
        return None

    def text(name: str) -> str:
        value = error.get(name)
        return redact(str(value)) if value is not None else ""

    return ErrorObject(text("type"), text("message"), text("details"))


def _quote(body: bytes, redact: Redact) -> str:
    if not body.strip():
        return "the body is empty"
    text = redact(body[: 4 * _QUOTED_CHARS].decode("utf-8", "replace"))
    return repr(text if len(text) <= _QUOTED_CHARS else text[:_QUOTED_CHARS] + "…")
