"""What of an API's description would break a program written for the former one.

A small comparison of our own: the tools there are compare whole documents and call harmless what
breaks a client that checks enumerations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Document = Mapping[str, Any]
_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
_LOWER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_UPPER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def breaking_changes(former: Document, now: Document) -> list[str]:
    """Return what was taken away or narrowed, each in a line; nothing for what was only added."""
    return list(_of_paths(_Side(former), _Side(now)))


@dataclass(frozen=True)
class _Side:
    document: Document

    def schema(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a reference stands for."""
        while name := schema.get("$ref"):
            schema = self.document["components"]["schemas"][name.rpartition("/")[2]]
        return schema

    def body(self, holder: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return the schemas of a body or an answer, by media type."""
        return {kind: one.get("schema", {}) for kind, one in holder.get("content", {}).items()}


def _of_paths(former: _Side, now: _Side) -> Iterator[str]:
    for path, methods in former.document["paths"].items():
        if path not in now.document["paths"]:
            yield f"{path}: removed"
            continue
        for method in methods.keys() & set(_METHODS):
            place = f"{method.upper()} {path}"
            operation = now.document["paths"][path].get(method)
            if operation is None:
                yield f"{place}: removed"
            else:
                yield from _of_operation(place, former, methods[method], now, operation)


def _of_operation(
    place: str, former: _Side, old: Mapping[str, Any], now: _Side, new: Mapping[str, Any]
) -> Iterator[str]:
    if old.get("operationId") != new.get("operationId"):
        yield f"{place}: its operation id changed to {new.get('operationId')}"
    if _scopes(new) - _scopes(old) and old.get("security") != new.get("security"):
        yield f"{place}: needs {', '.join(sorted(_scopes(new) - _scopes(old)))}"
    yield from _of_parameters(place, former, old, now, new)
    yield from _of_request(place, former, old, now, new)
    for status, answer in old["responses"].items():
        if not status.startswith("2"):
            continue
        if status not in new["responses"]:
            yield f"{place}: no longer answers {status}"
            continue
        after = now.body(new["responses"][status])
        for kind, schema in former.body(answer).items():
            if kind not in after:
                yield f"{place}: no longer answers with {kind}"
            else:
                yield from _answered(f"{place} {status}", former, schema, now, after[kind], ())


def _scopes(operation: Mapping[str, Any]) -> set[str]:
    # What nobody needed to sign in for, and now must, is a new need too.
    named = {scope for one in operation.get("security", []) for s in one.values() for scope in s}
    return named | ({"signing in"} if operation.get("security") else set())


def _of_parameters(
    place: str, former: _Side, old: Mapping[str, Any], now: _Side, new: Mapping[str, Any]
) -> Iterator[str]:
    before = {(one["in"], one["name"]): one for one in old.get("parameters", [])}
    after = {(one["in"], one["name"]): one for one in new.get("parameters", [])}
    for key, parameter in before.items():
        name = " ".join(key)
        if key not in after:
            yield f"{place}: {name} removed"
            continue
        if after[key].get("required") and not parameter.get("required"):
            yield f"{place}: {name} is required"
        schemas = parameter.get("schema", {}), after[key].get("schema", {})
        yield from _taken(f"{place} {name}", former, schemas[0], now, schemas[1], ())
    for key in after.keys() - before.keys():
        if after[key].get("required"):
            yield f"{place}: {' '.join(key)} is new and required"


def _of_request(
    place: str, former: _Side, old: Mapping[str, Any], now: _Side, new: Mapping[str, Any]
) -> Iterator[str]:
    before, after = old.get("requestBody", {}), new.get("requestBody", {})
    if after.get("required") and not before.get("required"):
        yield f"{place}: a body is required"
    bodies = now.body(after)
    for kind, schema in former.body(before).items():
        if kind not in bodies:
            yield f"{place}: no longer takes {kind}"
        else:
            yield from _taken(f"{place} body", former, schema, now, bodies[kind], ())


def _variants(side: _Side, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    whole = side.schema(schema)
    found = whole.get("anyOf") or whole.get("oneOf") or [whole]
    return [side.schema(one) for one in found]


def _kinds(side: _Side, schema: Mapping[str, Any]) -> set[str]:
    """Return the types of a schema; empty for one that takes anything."""
    kinds = [one.get("type") for one in _variants(side, schema)]
    return set() if None in kinds else {str(kind) for kind in kinds}


def _values(side: _Side, schema: Mapping[str, Any]) -> set[str] | None:
    """Return the only values there are; None where there is no such list."""
    lists = [one.get("enum") for one in _variants(side, schema) if one.get("type") != "null"]
    return None if None in lists else {str(value) for one in lists for value in one or ()}


_Seen = tuple[str, ...]


def _taken(
    place: str,
    former: _Side,
    old: Mapping[str, Any],
    now: _Side,
    new: Mapping[str, Any],
    seen: _Seen,
) -> Iterator[str]:
    """Yield what a request may hold no more."""
    kinds, values = (
        (_kinds(former, old), _kinds(now, new)),
        (_values(former, old), _values(now, new)),
    )
    if kinds[1] and (not kinds[0] or not kinds[0] <= kinds[1]):
        yield f"{place}: takes {', '.join(sorted(kinds[1]))} only"
    if values[1] is not None and (values[0] is None or not values[0] <= values[1]):
        yield f"{place}: takes fewer values"
    if (ref := str(new.get("$ref"))) in seen:
        return
    for before, after in _pairs(former, old, now, new):
        yield from _limits(place, before, after)
        fields, others = before.get("properties", {}), after.get("properties", {})
        for name in set(after.get("required", [])) - set(before.get("required", [])):
            yield f"{place}.{name}: is required"
        for name, schema in fields.items():
            if name in others:
                yield from _taken(
                    f"{place}.{name}", former, schema, now, others[name], (*seen, ref)
                )
            elif after.get("additionalProperties") is False:
                yield f"{place}.{name}: removed"
        if "items" in before and "items" in after:
            items = before["items"], after["items"]
            yield from _taken(f"{place}[]", former, items[0], now, items[1], (*seen, ref))


def _answered(
    place: str,
    former: _Side,
    old: Mapping[str, Any],
    now: _Side,
    new: Mapping[str, Any],
    seen: _Seen,
) -> Iterator[str]:
    """Yield what an answer holds no more, or may hold that it never did."""
    kinds, values = (
        (_kinds(former, old), _kinds(now, new)),
        (_values(former, old), _values(now, new)),
    )
    if kinds[0] and (not kinds[1] or not kinds[1] <= kinds[0]):
        yield f"{place}: may be {', '.join(sorted(kinds[1] - kinds[0])) or 'anything'}"
    if values[0] is not None and (values[1] is None or not values[1] <= values[0]):
        yield f"{place}: has new values"
    if (ref := str(new.get("$ref"))) in seen:
        return
    for before, after in _pairs(former, old, now, new):
        fields, others = before.get("properties", {}), after.get("properties", {})
        for name in set(before.get("required", [])) - set(after.get("required", [])):
            if name in others:
                yield f"{place}.{name}: may be missing"
        for name, schema in fields.items():
            if name not in others:
                yield f"{place}.{name}: removed"
            else:
                yield from _answered(
                    f"{place}.{name}", former, schema, now, others[name], (*seen, ref)
                )
        if "items" in before and "items" in after:
            items = before["items"], after["items"]
            yield from _answered(f"{place}[]", former, items[0], now, items[1], (*seen, ref))


def _pairs(
    former: _Side, old: Mapping[str, Any], now: _Side, new: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the variants of two schemas that have the same type; of several the same title too."""
    for one in _variants(former, old):
        alike = [other for other in _variants(now, new) if other.get("type") == one.get("type")]
        if len(alike) > 1:
            alike = [other for other in alike if other.get("title") == one.get("title")]
        if alike:
            yield one, alike[0]


def _limits(place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in _LOWER:
        if name in after and after[name] < before.get(name, float("inf")):
            yield f"{place}: {name} is {after[name]}"
    for name in _UPPER:
        if name in after and after[name] > before.get(name, float("-inf")):
            yield f"{place}: {name} is {after[name]}"
    if after.get("pattern") not in (None, before.get("pattern")):
        yield f"{place}: has another pattern"
