"""Requests that would be good but for one hostile value, made from an operation's description."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from keeper.console.paging import write_cursor
from tests.hostile_values import (
    CURSOR_ORDERS,
    HOSTILE_BODIES,
    HOSTILE_JSON,
    HOSTILE_KEYS,
    HOSTILE_TEXTS,
)

_JSON: Final = "application/json"


@dataclass(frozen=True)
class Described:
    """What a program can know of an operation.

    Attributes:
        path: With names in braces.
        raw: Its description in the document.
        schemas: The document's.
    """

    path: str
    raw: Mapping[str, Any]
    schemas: Mapping[str, Any]

    def parameters(self, place: str) -> list[Mapping[str, Any]]:
        """Return the parameters in a place: path, query or header."""
        return [one for one in self.raw.get("parameters", []) if one["in"] == place]

    def properties(self) -> list[str]:
        """Return what a JSON body may hold, whichever of its forms it has."""
        content = self.raw.get("requestBody", {}).get("content", {})
        schema = self._resolved(content.get(_JSON, {}).get("schema", {}))
        forms = [self._resolved(one) for one in schema.get("oneOf", [schema])]
        return sorted({name for form in forms for name in form.get("properties", {})})

    def orders(self) -> Sequence[str]:
        """Return what a list may be sorted by."""
        for one in self.parameters("query"):
            if one["name"] == "sort":
                found: list[str] = self._resolved(one["schema"])["enum"]
                return found
        return CURSOR_ORDERS

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        found: Mapping[str, Any] = self.schemas[name] if name else schema
        return found


@dataclass(frozen=True)
class Attack:
    """A request.

    Attributes:
        what: Its hostile value.
        address: Path and query.
        headers: Without anybody's proof.
        content: Its body; None for none.
    """

    what: str
    address: str
    headers: Mapping[str, str | bytes] = field(default_factory=dict)
    content: str | bytes | None = None


def attacks(
    operation: Described, known: Mapping[str, str], bodies: Sequence[object]
) -> Iterator[Attack]:
    """Yield a request for each place of a good one and each hostile value.

    Args:
        operation: Whose.
        known: The parts of a good address.
        bodies: Good ones, text or JSON; empty if it takes none.
    """
    headers: dict[str, str | bytes] = {}
    content = None
    for body in bodies[:1]:
        is_text = isinstance(body, str)
        content = str(body) if is_text else json.dumps(body)
        headers = {"Content-Type": "text/csv" if is_text else _JSON}
    needed = {one["name"]: "kettle" for one in operation.parameters("query") if one["required"]}
    if any(one["name"] == "seconds" for one in operation.parameters("query")):
        # A stream lasts for minutes unless it is asked to end.
        needed["seconds"] = "0"
    path = operation.path.format(**known)
    for name, what, value in _each(operation.parameters("path")):
        # What is empty or has a slash is another operation's address.
        if value and "%2F" not in value:
            address = operation.path.format(**{**known, name: value})
            yield Attack(f"{name}: {what}", _address(address, needed), headers, content)
    for name, what, value in _each(operation.parameters("query")):
        address = _address(path, {**needed, name: value})
        yield Attack(f"{name}: {what}", address, headers, content)
    for name, what, value in _each(operation.parameters("header")):
        sent = unquote_to_bytes(value)
        # Others are no HTTP: what serves refuses them before any application.
        if not {0, 13} & set(sent):
            yield Attack(
                f"{name}: {what}", _address(path, needed), {**headers, name: sent}, content
            )
    yield from _cursors(operation, path)
    if bodies:
        for what, (kind, whole) in HOSTILE_BODIES.items():
            yield Attack(what, path, {"Content-Type": kind.encode("latin-1")}, whole)
    for body in bodies:
        if isinstance(body, Mapping):
            yield from _bodies(operation, path, body)


def _each(parameters: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for parameter in parameters:
        for what, value in HOSTILE_TEXTS.items():
            yield parameter["name"], what, value


def _cursors(operation: Described, path: str) -> Iterator[Attack]:
    """Yield requests for pages that begin where nothing is."""
    if not any(one["name"] == "cursor" for one in operation.parameters("query")):
        return
    for order in operation.orders():
        for key in HOSTILE_KEYS:
            cursor = write_cursor(order, key, 2**63 - 1)
            yield Attack(
                f"cursor: {order} {key:.50}", _address(path, {"sort": order, "cursor": cursor})
            )


def _bodies(operation: Described, path: str, body: Mapping[str, object]) -> Iterator[Attack]:
    for name in operation.properties():
        rest = {key: one for key, one in body.items() if key != name}
        members = [f"{json.dumps(key)}: {json.dumps(one)}" for key, one in rest.items()]
        for what, value in HOSTILE_JSON.items():
            content = ", ".join([*members, f"{json.dumps(name)}: {value}"])
            yield Attack(f"{name}: {what}", path, {"Content-Type": _JSON}, f"{{{content}}}")


def _address(path: str, query: Mapping[str, str]) -> str:
    if not query:
        return path
    return path + "?" + "&".join(f"{name}={value}" for name, value in query.items())
