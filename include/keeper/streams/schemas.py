"""JSON Schemas of the events and of alert rules, published in docs/schemas by `make schemas`."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from keeper.domain.deals.events import DealEvent
from keeper.domain.prices.events import SCHEMA_VERSION, PriceEvent
from keeper.domain.runs.events import KeeperEvent
from keeper.domain.watches.rules import rules_schema
from keeper.errors import TerminalError
from keeper.streams.topics import DEAL_UPDATES, KEEPER_EVENTS, PRICE_UPDATES

_DECIMAL: Final = {"type": "string", "format": "decimal"}


class BrokenPromiseError(TerminalError):
    """The code's events are not what the published schema of their version says."""


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event type whose messages are promised to readers.

    Attributes:
        name: What its file is called.
        topic: Where the messages are.
        event: The type.
        says: What one message says.
    """

    name: str
    topic: str
    event: type[msgspec.Struct]
    says: str

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the messages."""
        schema = msgspec.json.schema(self.event)
        definition: dict[str, Any] = _with_numbers(schema["$defs"][self.event.__name__])
        definition["description"] = f"{self.says} Readers ignore fields they do not know."
        definition["title"] = f"{self.topic}, version {SCHEMA_VERSION}"
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **definition}

    def file(self, folder: Path) -> Path:
        """Return where the current version's schema is published below `folder`."""
        return folder / f"{self.name}.v{SCHEMA_VERSION}.json"


EVENTS: Final = (
    PublishedEvent(
        "price-update",
        PRICE_UPDATES,
        PriceEvent,
        "At checked_at, Keepa's newest point of this product and price type was this.",
    ),
    PublishedEvent(
        "deal-update",
        DEAL_UPDATES,
        DealEvent,
        "At checked_at, this filter found this deal, which was scored by its own history.",
    ),
    PublishedEvent(
        "keeper-event",
        KEEPER_EVENTS,
        KeeperEvent,
        "At occurred_at, this was seen in Keeper; the stores say what is so now.",
    ),
)


ALERT_RULES: Final = "alert-rules.v1.json"
"""What a watch's rules are checked against, for whoever writes them as JSON."""


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


def publish(folder: Path) -> list[Path]:
    """Write the current versions' schemas below `folder` and return their files.

    Raises:
        BrokenPromiseError: One would break what its file there says already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for published in EVENTS:
        file = published.file(folder)
        schema = published.schema()
        if file.exists():
            before = json.loads(file.read_text(encoding="utf-8"))
            if broken := broken_promises(before, schema):
                raise BrokenPromiseError(
                    f"{file.name} has been published: {', '.join(broken)}; readers need a new "
                    "SCHEMA_VERSION, and the loader has to read both"
                )
        file.write_text(as_text(schema), encoding="utf-8")
    rules = folder / ALERT_RULES
    rules.write_text(as_text(rules_schema()), encoding="utf-8")
    return [*(published.file(folder) for published in EVENTS), rules]


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
        sys.stdout.writelines(f"{file}\n" for file in publish(Path(sys.argv[1])))
    except BrokenPromiseError as error:
        sys.exit(str(error))
