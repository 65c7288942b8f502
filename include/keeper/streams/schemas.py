"""JSON Schemas of the events, published in docs/schemas by `make schemas`."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from keeper.domain.price_events import SCHEMA_VERSION, PriceEvent

_DECIMAL: Final = {"type": "string", "format": "decimal"}


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
    target = schema_file(Path(sys.argv[1]))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(as_text(price_update_schema()), encoding="utf-8")
    sys.stdout.write(f"{target}\n")
