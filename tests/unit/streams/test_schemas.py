"""The published schemas: in step with the code, and never narrower than what was promised."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from keeper.streams.codec import encode_price_event
from keeper.streams.schemas import as_text, price_update_schema, schema_file
from tests.price_events import price_event

DOCS = Path(__file__).resolve().parents[3] / "docs" / "schemas"
PUBLISHED = sorted(DOCS.glob("price-update.v*.json"))


def breaks(promised: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """Return what a reader of the promised schema could no longer rely on."""
    found = []
    for name, field in promised["properties"].items():
        if name not in current["properties"]:
            found.append(f"{name} is gone")
        elif current["properties"][name] != field:
            found.append(f"{name} has changed")
    found += [
        f"{name} may be missing" for name in promised["required"] if name not in current["required"]
    ]
    return found


def test_the_published_schema_is_the_codes() -> None:
    file = schema_file(DOCS)

    assert file.read_text(encoding="utf-8") == as_text(price_update_schema()), "run: make schemas"


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_events_keep_every_promise_ever_published(file: Path) -> None:
    promised = json.loads(file.read_bytes())

    assert breaks(promised, price_update_schema()) == []
    for event in (price_event(1999, previous=2499), price_event(None, title=None)):
        jsonschema.validate(json.loads(encode_price_event(event)), promised)


@pytest.mark.parametrize("change", ["remove", "retype", "optional"])
def test_a_broken_promise_is_noticed(change: str) -> None:
    current = copy.deepcopy(price_update_schema())
    if change == "remove":
        del current["properties"]["asin"]
    elif change == "retype":
        current["properties"]["price_minor"] = {"type": "string"}
    else:
        current["required"].remove("asin")

    assert len(breaks(price_update_schema(), current)) == 1


def test_there_is_a_published_schema() -> None:
    assert PUBLISHED
