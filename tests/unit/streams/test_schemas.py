"""The published schemas: in step with the code, and never narrower than what was promised."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from keeper.domain.watches.rule_texts import EXAMPLES, parse_rules
from keeper.domain.watches.rules import rules_schema, write_rules
from keeper.streams.codec import encode_deal_event, encode_price_event
from keeper.streams.events.publisher import encode_keeper_event
from keeper.streams.schemas import (
    ALERT_RULES,
    EVENTS,
    BrokenPromiseError,
    PublishedEvent,
    as_text,
    broken_promises,
    publish,
)
from tests.deals import FILTER, SCORE, a_deal_event
from tests.keeper_events import keeper_event
from tests.price_events import price_event

DOCS = Path(__file__).resolve().parents[3] / "docs" / "schemas"
PRICES, *_ = EVENTS
MESSAGES: dict[str, list[Callable[[], bytes]]] = {
    "price-update": [
        lambda: encode_price_event(price_event(1999, previous=2499)),
        lambda: encode_price_event(price_event(None, title=None)),
    ],
    "deal-update": [
        lambda: encode_deal_event(a_deal_event()),
        lambda: encode_deal_event(a_deal_event(price_minor=None, title=None, rating=None)),
    ],
    "keeper-event": [
        lambda: encode_keeper_event(keeper_event("run_loaded", run_id="track_prices/1")),
        lambda: encode_keeper_event(keeper_event("dead_letters_grew", topic="price-updates")),
    ],
}
EVERY_EVENT = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)


def published_versions(event: PublishedEvent) -> list[Path]:
    return sorted(DOCS.glob(f"{event.name}.v*.json"))


@EVERY_EVENT
def test_the_published_schema_is_the_codes(event: PublishedEvent) -> None:
    published = event.file(DOCS).read_text(encoding="utf-8")

    assert published == as_text(event.schema()), "run: make schemas"


@EVERY_EVENT
def test_events_keep_every_promise_ever_published(event: PublishedEvent) -> None:
    versions = published_versions(event)
    assert versions

    for file in versions:
        promised = json.loads(file.read_bytes())
        assert broken_promises(promised, event.schema()) == []
        for message in MESSAGES[event.name]:
            jsonschema.validate(json.loads(message()), promised)


def test_nothing_is_published_that_the_code_does_not_know() -> None:
    known = {file for event in EVENTS for file in published_versions(event)}

    assert set(DOCS.glob("*.json")) == {*known, DOCS / ALERT_RULES}


def changed_schema(change: str) -> dict[str, Any]:
    schema = copy.deepcopy(PRICES.schema())
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


def change_code(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    changed = changed_schema(change)
    whole = PublishedEvent.schema
    monkeypatch.setattr(
        PublishedEvent, "schema", lambda event: changed if event is PRICES else whole(event)
    )


BREAKING = ["remove", "retype", "optional", "require"]


@pytest.mark.parametrize("change", BREAKING)
def test_a_broken_promise_is_noticed(change: str) -> None:
    assert len(broken_promises(PRICES.schema(), changed_schema(change))) == 1


def test_a_field_more_breaks_no_promise() -> None:
    assert broken_promises(PRICES.schema(), changed_schema("add")) == []


@pytest.mark.parametrize("change", BREAKING)
def test_a_published_schema_is_never_overwritten_by_one_that_breaks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    file, *_ = publish(tmp_path)
    before = file.read_bytes()
    change_code(monkeypatch, change)

    with pytest.raises(BrokenPromiseError, match="SCHEMA_VERSION"):
        publish(tmp_path)
    assert file.read_bytes() == before


def test_publishing_again_changes_nothing_and_a_new_field_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = publish(tmp_path / "docs")
    before = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in publish(tmp_path / "docs")] == before

    change_code(monkeypatch, "add")
    prices, deals, *_ = publish(tmp_path / "docs")
    assert b"added_later" in prices.read_bytes()
    assert deals.read_bytes() == before[1]


def test_a_deals_message_names_its_filter_score_and_reasons() -> None:
    message = json.loads(encode_deal_event(a_deal_event()))

    assert (message["filter"], message["score"]) == (FILTER.name, SCORE.points)
    assert message["reasons"] == list(SCORE.reasons)


def test_the_published_schema_of_alert_rules_is_the_current_one() -> None:
    published = json.loads((DOCS / ALERT_RULES).read_text("utf-8"))

    assert published == rules_schema()
    rules = parse_rules("; ".join(EXAMPLES), "USD")
    jsonschema.validate(json.loads(write_rules(rules)), published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{"all": [{"kind": "lowest", "days": 3}]}], published)
