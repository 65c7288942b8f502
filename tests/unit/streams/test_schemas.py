"""The published schemas: in step with the code, and never narrower than what was promised."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from keeper.streams import schemas
from keeper.streams.codec import encode_price_event
from keeper.streams.schemas import (
    BrokenPromiseError,
    as_text,
    broken_promises,
    price_update_schema,
    publish,
    schema_file,
)
from tests.price_events import price_event

DOCS = Path(__file__).resolve().parents[3] / "docs" / "schemas"
PUBLISHED = sorted(DOCS.glob("price-update.v*.json"))


def test_the_published_schema_is_the_codes() -> None:
    file = schema_file(DOCS)

    assert file.read_text(encoding="utf-8") == as_text(price_update_schema()), "run: make schemas"


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_events_keep_every_promise_ever_published(file: Path) -> None:
    promised = json.loads(file.read_bytes())

    assert broken_promises(promised, price_update_schema()) == []
    for event in (price_event(1999, previous=2499), price_event(None, title=None)):
        jsonschema.validate(json.loads(encode_price_event(event)), promised)


def changed_schema(change: str) -> dict[str, Any]:
    schema = copy.deepcopy(price_update_schema())
    if change == "remove":
        del schema["properties"]["image_url"]
    elif change == "retype":
        schema["properties"]["price_minor"] = {"type": "integer"}
    elif change == "optional":
        schema["required"].remove("asin")
    elif change == "require":
        schema["required"].append("image_url")
    else:
        schema["properties"]["added_later"] = {"type": "string"}
    return schema


BREAKING = ["remove", "retype", "optional", "require"]


@pytest.mark.parametrize("change", BREAKING)
def test_a_broken_promise_is_noticed(change: str) -> None:
    assert len(broken_promises(price_update_schema(), changed_schema(change))) == 1


def test_a_field_more_breaks_no_promise() -> None:
    assert broken_promises(price_update_schema(), changed_schema("add")) == []


@pytest.mark.parametrize("change", BREAKING)
def test_a_published_schema_is_never_overwritten_by_one_that_breaks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    file = publish(tmp_path)
    before = file.read_bytes()
    monkeypatch.setattr(schemas, "price_update_schema", lambda: changed_schema(change))

    with pytest.raises(BrokenPromiseError, match="SCHEMA_VERSION"):
        publish(tmp_path)
    assert file.read_bytes() == before


def test_publishing_again_changes_nothing_and_a_new_field_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = publish(tmp_path / "docs")
    before = file.read_bytes()
    assert publish(tmp_path / "docs").read_bytes() == before

    monkeypatch.setattr(schemas, "price_update_schema", lambda: changed_schema("add"))
    assert b"added_later" in publish(tmp_path / "docs").read_bytes()


def test_there_is_a_published_schema() -> None:
    assert PUBLISHED
