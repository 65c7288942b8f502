"""Reads and writes the simulator's JSON, with numpy's arrays and numbers as lists and numbers."""

from typing import Any, Final

import msgspec
import numpy as np


class InvalidDocumentError(ValueError):
    """A text is not JSON, or nested too deep."""


def read_document(text: bytes | str) -> Any:
    """Return what a JSON text says; not a number and infinity are no JSON.

    Raises:
        InvalidDocumentError: The text cannot be read.
    """
    try:
        return msgspec.json.decode(text)
    # Text that is not UTF-8 is another ValueError.
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError(str(error)) from None


def write_document(document: object) -> bytes:
    """Return a document as UTF-8 without blanks, its fields in their order.

    Raises:
        TypeError: Something in it has no form in JSON.
    """
    return _ENCODER.encode(document)


def _as_plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"no JSON for {type(value).__name__}")


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_as_plain)
