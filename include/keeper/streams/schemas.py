"""JSON Schemas of the events, published in docs/schemas by `make schemas`."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from keeper.domain.price_events import SCHEMA_VERSION, PriceEvent
from keeper.errors import TerminalError

_DECIMAL: Final = {"type": "string", "format": "decimal"}


class BrokenPromiseError(TerminalError):
    """The code's events are not what the published schema of their version says."""


def price_update_schema() -> dict[str, Any]:
    """Return the JSON Schema of the messages of `price-updates`."""
    schema = msgspec.json.schema(PriceEvent)
    definition: dict[str, Any] = _with_numbers(schema["$defs"]["PriceEvent"])
    definition["description"] = (
        "At checked_at, Keepa's newest point of this product and price type was this. "
        "Readers ignore fields they do not know."
    )
    definition["title"] = f"price-updates, version {SCHEMA_VERSION}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **definition}


def schema_file(folder: Path) -> Path:
    """Return where the current version's schema is published below `folder`."""
    return folder / f"price-update.v{SCHEMA_VERSION}.json"


def broken_promises(published: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """Return what readers of the published schema could no longer rely on.

    A field that is newly required counts: messages of the last seven days do not have it.
    """
    found = []
    for name, field in published["properties"].items():
        if name not in current["properties"]:
            found.append(f"{name} is gone")
        elif current["properties"][name] != field:
            found.append(f"{name} has changed")
    before, now = set(published["required"]), set(current["required"])
    found += [f"{name} may be missing" for name in sorted(before - now)]
    found += [f"{name} is newly required" for name in sorted(now - before)]
    return found


def publish(folder: Path) -> Path:
    """Write the current version's schema below `folder` and return its file.

    Raises:
        BrokenPromiseError: It would break what the file there says already.
    """
    file = schema_file(folder)
    schema = price_update_schema()
    if file.exists():
        published = json.loads(file.read_text(encoding="utf-8"))
        if broken := broken_promises(published, schema):
            raise BrokenPromiseError(
                f"{file.name} has been published: {', '.join(broken)}; readers need a new "
                "SCHEMA_VERSION, and the loader has to read both"
            )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(as_text(schema), encoding="utf-8")
    return file


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _with_numbers(node: Any) -> Any:
    """Say of decimals what the codec writes: numbers, where msgspec's default is strings."""
    if isinstance(node, dict):
        if _DECIMAL.items() <= node.items():
            return {"type": "number"}
        return {name: _with_numbers(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_with_numbers(value) for value in node]
    return node


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{publish(Path(sys.argv[1]))}\n")
    except BrokenPromiseError as error:
        sys.exit(str(error))
