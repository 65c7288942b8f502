"""Reads the JSON bodies of POST requests as the parameters a GET request has in their place.

Source: Keepa's documentation and its Java framework have bodies for the selections of /deal and
/query; that /product takes its `asin` there is a third party's claim. A POST without a body is read
as a GET. How long a body may be is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from keeper.simulator.documents import InvalidDocumentError, read_document
from keeper.simulator.refusals import invalid_parameter, invalid_query, method_not_allowed

MOST_BODY_BYTES: Final = 1_000_000
_JSON: Final = frozenset({"", "application/json"})
_SELECTIONS: Final = frozenset({"deal", "query"})
_LISTS: Final = ("asin", "code")


@dataclass(frozen=True, slots=True)
class PostedBody:
    """What a POST request carries beside its query.

    Attributes:
        text: The body; of a longer one than `MOST_BODY_BYTES` its beginning suffices.
        media_type: As its header says, without parameters; "" if it says nothing.
    """

    text: bytes
    media_type: str = ""


def with_body(endpoint: str, query: Mapping[str, str], body: PostedBody | None) -> dict[str, str]:
    """Return a request's parameters: those of its query and those its body stands for.

    Raises:
        RequestRefusedError: The endpoint takes no body, or not this one, or it says again what the
            query says.
    """
    if body is None or not body.text:
        return dict(query)
    if endpoint in _SELECTIONS:
        posted = {"selection": _selection(body)}
    elif endpoint == "product":
        posted = _lists(body)
    else:
        raise method_not_allowed(endpoint)
    if twice := sorted(posted.keys() & query.keys()):
        raise invalid_parameter(twice[0])
    return {**query, **posted}


def _selection(body: PostedBody) -> str:
    _document(body)
    return body.text.decode()


def _lists(body: PostedBody) -> dict[str, str]:
    document = _document(body)
    if unknown := sorted(document.keys() - _LISTS):
        raise invalid_parameter(unknown[0])
    return {name: _joined(name, value) for name, value in document.items()}


def _joined(name: str, value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise invalid_parameter(name)
    return ",".join(parts)


def _document(body: PostedBody) -> dict[str, Any]:
    if len(body.text) > MOST_BODY_BYTES or body.media_type not in _JSON:
        raise invalid_query()
    try:
        document = read_document(body.text)
    except InvalidDocumentError:
        raise invalid_query() from None
    if not isinstance(document, dict):
        raise invalid_query()
    return document
