"""The API is as docs/openapi.json describes it, and breaks no program written for a former one."""

import json
import re
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from keeper.console.openapi import as_text, openapi_document
from keeper.console.problems import KINDS
from tests.architecture.api_compatibility import breaking_changes

FILE = "docs/openapi.json"
_NEW_KIND = "A new kind of request comes with the operation that asks for it."
_NEW_LIMIT = "A new limit is one more row."
ACCEPTED: dict[str, str] = {
    "GET /api/v1/me 200.scopes[]: has new values": "New operations bring new scopes; only tokens "
    "that were made with one have it.",
    "GET /api/v1/audit-log 200.items[].actor: has new values": "Where there is a bot, it acts.",
    "GET /api/v1/requests 200.items[].kind: has new values": _NEW_KIND,
    "GET /api/v1/requests/{request_id} 200.kind: has new values": _NEW_KIND,
    "DELETE /api/v1/requests/{request_id} 200.kind: has new values": _NEW_KIND,
    "POST /api/v1/search/rebuilds 202.kind: has new values": _NEW_KIND,
    "POST /api/v1/channels/{channel_id}:test 202.kind: has new values": _NEW_KIND,
    "POST /api/v1/topics/{topic}/dead-letters/replays 202.kind: has new values": _NEW_KIND,
    **{
        f"GET /api/v1/{path}/limits 200.items[].name: has new values": _NEW_LIMIT
        for path in ("me", "users/{user_id}")
    },
    # The console refused the others all along; the description had left the list out.
    **{
        f"{method} /api/v1/prices/{{asin}}{path} query {name}: takes fewer values": "As it was."
        for method, path in (
            ("GET", ""),
            ("GET", "/history"),
            ("GET", "/history/columns"),
            ("GET", "/stats"),
            ("GET", "/assessment"),
            ("GET", "/locales"),
            ("POST", ":check"),
        )
        for name in ("domain", "price_type")
    },
}
"""Breaking changes there had to be, as the comparison words them, and why."""
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document()


def test_the_file_is_what_the_application_says(root: Path, document: dict[str, Any]) -> None:
    assert (root / FILE).read_text("utf-8") == as_text(document), "run: make openapi"


def former_versions(root: Path) -> list[dict[str, Any]]:
    """Return the last two committed versions of the file, the newest first."""
    log = ["git", "log", "-2", "--format=%H", "--", FILE]
    commits = subprocess.run(log, cwd=root, check=True, capture_output=True, text=True).stdout
    versions = []
    for commit in commits.split():
        show = ["git", "show", f"{commit}:{FILE}"]
        found = subprocess.run(show, cwd=root, check=False, capture_output=True, text=True)
        if found.returncode == 0:
            versions.append(json.loads(found.stdout))
    return versions


def test_nothing_of_it_breaks_a_program(root: Path, document: dict[str, Any]) -> None:
    found = {
        line for former in former_versions(root) for line in breaking_changes(former, document)
    }
    assert found <= ACCEPTED.keys()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        one
        for methods in document["paths"].values()
        for key, one in methods.items()
        if key in METHODS
    ]


def test_operation_ids_name_subject_and_verb(document: dict[str, Any]) -> None:
    names = [one["operationId"] for one in operations(document)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)+", name)] == []
    assert all(one["operationId"].startswith(f"{one['tags'][0]}-") for one in operations(document))


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for one in operations(document):
        for status, answer in one["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], one["operationId"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= document["components"]["schemas"].keys()


def test_the_page_lists_every_kind_of_error(root: Path) -> None:
    page = (root / "docs" / "API.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", page, re.MULTILINE)
    assert listed == [(kind.slug, str(kind.status)) for kind in KINDS]


FORMER: dict[str, Any] = {
    "paths": {
        "/things": {
            "get": {
                "operationId": "things-list",
                "security": [{"token": ["things:read"]}],
                "parameters": [
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 500}},
                    {
                        "in": "query",
                        "name": "sort",
                        "schema": {"enum": ["a", "b"], "type": "string"},
                    },
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Page"}}
                        }
                    }
                },
            },
            "post": {
                "operationId": "things-add",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}
                    },
                },
                "responses": {"201": {"description": "made"}},
            },
        }
    },
    "components": {
        "schemas": {
            "Page": {
                "type": "object",
                "required": ["items"],
                "properties": {
                    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                },
            },
            "Thing": {
                "type": "object",
                "required": ["id", "name", "state"],
                "properties": {
                    "id": {"type": "integer"},
                    "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "state": {"type": "string", "enum": ["on", "off"]},
                },
            },
            "NewThing": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 100},
                    "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                },
            },
        }
    },
}
Change = Callable[[dict[str, Any], dict[str, Any]], object]
BREAKING: dict[str, Change] = {
    "path removed": lambda paths, _: paths.clear(),
    "operation removed": lambda paths, _: paths["/things"].pop("post"),
    "operation id changed": lambda paths, _: paths["/things"]["get"].update(operationId="x"),
    "scope added": lambda paths, _: paths["/things"]["get"].update(security=[{"token": ["more"]}]),
    "signing in added": lambda paths, _: paths["/things"]["post"].update(security=[{"token": []}]),
    "parameter removed": lambda paths, _: paths["/things"]["get"]["parameters"].pop(),
    "parameter required": lambda paths, _: paths["/things"]["get"]["parameters"][0].update(
        required=True
    ),
    "parameter added and required": lambda paths, _: paths["/things"]["get"]["parameters"].append(
        {"in": "query", "name": "x", "required": True, "schema": {}}
    ),
    "limit lowered": lambda paths, _: paths["/things"]["get"]["parameters"][0]["schema"].update(
        maximum=100
    ),
    "value of a parameter removed": lambda paths, _: paths["/things"]["get"]["parameters"][1][
        "schema"
    ]["enum"].pop(),
    "answer removed": lambda paths, _: paths["/things"]["post"].update(responses={"200": {}}),
    "field of an answer removed": lambda _, schemas: schemas["Thing"]["properties"].pop("id"),
    "field of an answer may be missing": lambda _, schemas: schemas["Thing"]["required"].pop(),
    "field of an answer has another type": lambda _, schemas: schemas["Thing"]["properties"].update(
        id={"type": "string"}
    ),
    "field of an answer may be null": lambda _, schemas: schemas["Thing"]["properties"].update(
        id={"anyOf": [{"type": "integer"}, {"type": "null"}]}
    ),
    "value of an answer added": lambda _, schemas: schemas["Thing"]["properties"]["state"][
        "enum"
    ].append("broken"),
    "field of a body required": lambda _, schemas: schemas["NewThing"]["required"].append("size"),
    "field of a body removed": lambda _, schemas: schemas["NewThing"]["properties"].pop("size"),
    "field of a body narrowed": lambda _, schemas: schemas["NewThing"]["properties"].update(
        size={"type": "integer"}
    ),
    "field of a body shortened": lambda _, schemas: schemas["NewThing"]["properties"][
        "name"
    ].update(maxLength=10),
    "pattern added": lambda _, schemas: schemas["NewThing"]["properties"]["name"].update(
        pattern="^a"
    ),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda paths, schemas: None,
    "path added": lambda paths, _: paths.update({"/more": {}}),
    "operation added": lambda paths, _: paths["/things"].update(
        delete={"operationId": "x", "responses": {}}
    ),
    "parameter added": lambda paths, _: paths["/things"]["get"]["parameters"].append(
        {"in": "query", "name": "x", "schema": {}}
    ),
    "field of an answer added": lambda _, schemas: schemas["Thing"]["properties"].update(x={}),
    "field of a body added": lambda _, schemas: schemas["NewThing"]["properties"].update(x={}),
    "limit raised": lambda paths, _: paths["/things"]["get"]["parameters"][0]["schema"].update(
        maximum=900
    ),
    "value of a parameter added": lambda paths, _: paths["/things"]["get"]["parameters"][1][
        "schema"
    ]["enum"].append("c"),
    "value of an answer removed": lambda _, schemas: schemas["Thing"]["properties"]["state"][
        "enum"
    ].pop(),
    "scope dropped": lambda paths, _: paths["/things"]["get"].update(security=[{"token": []}]),
}


def changed(change: Change) -> list[str]:
    now = deepcopy(FORMER)
    change(now["paths"], now["components"]["schemas"])
    return breaking_changes(FORMER, now)


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_noticed(name: str) -> None:
    assert len(changed(BREAKING[name])) == 1


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_is_let_be(name: str) -> None:
    assert changed(HARMLESS[name]) == []
