"""Writes reply bodies, and spoils them as faults say."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from keeper.simulator.documents import write_document
from keeper.simulator.faults.plan import FaultKind

_GATEWAY_ERROR: Final = b"<html><body>Simulated gateway error</body></html>"
_PRODUCT_LISTS: Final = frozenset({"dr", "asinList"})


def spoiled_body(
    document: dict[str, Any], payload: Mapping[str, Any], faults: Collection[FaultKind]
) -> bytes:
    """Write a reply's body.

    Args:
        document: The whole reply, as it would be without faults.
        payload: The part of it that is not the envelope.
        faults: What is wrong with it; those that are not about the body are left to others.
    """
    if FaultKind.NOT_JSON in faults:
        return _GATEWAY_ERROR
    shown: object = document
    if FaultKind.DUPLICATE in faults:
        shown = document | {name: _doubled(value) for name, value in payload.items()}
    if FaultKind.WRONG_SHAPE in faults:
        # A reply that is nothing but an envelope becomes a list itself.
        exchanged = {name: _exchanged(value) for name, value in payload.items()}
        shown = document | exchanged if exchanged else [document]
    body = write_document(shown)
    return body[: len(body) // 2] if FaultKind.CUT in faults else body


def spoiled_picture(picture: bytes, faults: Collection[FaultKind]) -> bytes:
    """Return a picture as it is sent; only faults that fit any body change it."""
    if FaultKind.NOT_JSON in faults:
        return _GATEWAY_ERROR
    return picture[: len(picture) // 2] if FaultKind.CUT in faults else picture


def _doubled(value: Any) -> Any:
    """Give a list's entries twice; of an object, those of the lists of products in it."""
    if isinstance(value, list):
        return value + value
    if isinstance(value, dict):
        lists = {name: value[name] * 2 for name in _PRODUCT_LISTS & value.keys()}
        return value | lists
    return value


def _exchanged(value: Any) -> Any:
    if isinstance(value, list):
        return {str(place): item for place, item in enumerate(value)}
    if isinstance(value, dict):
        return list(value.values())
    return str(value)
