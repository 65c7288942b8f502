"""Tags on watches: in the API, in files and on the command line."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.domain.users.access import Scope
from keeper.settings import load_settings
from keeper.stores.postgres.connection import PostgresConfig
from tests.console_server import ANN, BEN, BOSS, Console

API = "/api/v1"
READ, WRITE = Scope.WATCHES_READ, Scope.WATCHES_WRITE


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    return console.program(ANN, READ, WRITE, Scope.MESSAGES_WRITE)


def add(client: httpx.Client, asin: str, *tags: str) -> dict[str, Any]:
    answer = client.post(f"{API}/watches", json={"product": asin, "tags": tags})
    assert answer.status_code == 201, answer.text
    watch: dict[str, Any] = answer.json()["watch"]
    return watch


def asins(client: httpx.Client, *tags: str) -> list[str]:
    answer = client.get(f"{API}/watches", params={"tag": tags, "sort": "asin"})
    assert answer.status_code == 200, answer.text
    return [one["asin"] for one in answer.json()["items"]]


def test_watches_are_found_and_changed_together_by_their_tags(ann: httpx.Client) -> None:
    first = add(ann, "B000000001", "Kitchen", "gifts")
    second = add(ann, "B000000002", "kitchen")
    add(ann, "B000000003")
    assert first["tags"] == ["gifts", "kitchen"]
    assert asins(ann, "KITCHEN") == ["B000000001", "B000000002"]
    assert asins(ann, "kitchen", "gifts") == ["B000000001"]
    assert asins(ann, "garden") == []
    assert len(asins(ann)) == 3

    changes = {"add_tags": ["2027"], "remove_tags": ["kitchen"]}
    both = {"ids": [first["id"], second["id"]], "changes": changes}
    results = ann.patch(f"{API}/watches", json=both).json()["results"]
    assert [one["outcome"] for one in results] == ["changed", "changed"]
    used = ann.get(f"{API}/tags").json()["items"]
    assert used == [{"tag": "2027", "watches": 2}, {"tag": "gifts", "watches": 1}]

    path = f"{API}/watches/{first['id']}"
    assert ann.patch(path, json={"target": "5"}).json()["watch"]["tags"] == ["2027", "gifts"]
    changed = ann.patch(path, json={"tags": []}).json()
    assert (changed["changes"], changed["watch"]["tags"]) == (["tags: 2027, gifts → none"], [])
    assert ann.patch(path, json={"remove_tags": ["2027"]}).json()["outcome"] == "unchanged"


def test_what_is_no_tag_is_refused(ann: httpx.Client) -> None:
    watch = add(ann, "B000000001")
    path = f"{API}/watches/{watch['id']}"
    for body in ({"tags": ["=1+1"]}, {"add_tags": ["<b>"]}):
        answer = ann.patch(path, json=body)
        assert (answer.status_code, "is no tag" in answer.json()["detail"]) == (400, True)
    assert ann.get(f"{API}/watches", params={"tag": "<b>"}).status_code == 400
    assert ann.patch(path, json={"tags": ["a,b"]}).status_code == 422
    assert ann.patch(path, json={"tags": [f"t{n}" for n in range(21)]}).status_code == 422
    ann.patch(path, json={"tags": [f"t{n}" for n in range(20)]})
    assert "20 tags" in ann.patch(path, json={"add_tags": ["one more"]}).json()["detail"]


def test_anothers_tags_are_not_seen(ann: httpx.Client, console: Console) -> None:
    watch = add(ann, "B000000001", "secret plans")
    ben = console.program(BEN, READ, WRITE)
    assert asins(ben, "secret plans") == []
    assert ben.get(f"{API}/tags", params={"owner_id": watch["owner_id"]}).json()["items"] == []
    assert ben.patch(f"{API}/watches/{watch['id']}", json={"tags": []}).status_code == 404
    everybodys = console.program(BOSS, READ).get(f"{API}/tags").json()["items"]
    assert [one["tag"] for one in everybodys] == ["secret plans"]
    ann.delete(f"{API}/watches/{watch['id']}")
    assert ann.get(f"{API}/tags").json()["items"] == []


def test_a_snoozed_watch_says_until_when(ann: httpx.Client) -> None:
    path = f"{API}/watches/{add(ann, 'B000000001')['id']}"
    until = "2030-02-01T00:00:00Z"
    assert ann.get(path).json()["snoozed_until"] is None
    assert ann.put(f"{path}/snooze", json={"until": until}).status_code == 204
    assert ann.get(path).json()["snoozed_until"] == until
    assert ann.delete(f"{path}/snooze").status_code == 204
    assert ann.get(path).json()["snoozed_until"] is None


def test_tags_go_through_files_and_back(ann: httpx.Client) -> None:
    add(ann, "B000000001", "kitchen", "b & w")
    add(ann, "B000000002")
    before = ann.get(f"{API}/watches/export").text
    assert "b & w; kitchen" in before
    csv = "asin,tags\nB000000001,none\nB000000002,Kitchen; gifts\nB000000003,=1+1\n"
    rows = ann.post(f"{API}/watches/import", content=csv).json()["rows"]
    assert [one["outcome"] for one in rows] == ["changed", "changed", None]
    assert "is no tag" in rows[2]["problem"]
    assert asins(ann, "kitchen") == ["B000000002"]
    ann.post(f"{API}/watches/import", content=before)
    assert asins(ann, "kitchen") == ["B000000001"]
    assert ann.get(f"{API}/watches/export").text == before


def test_commands_set_and_choose_by_tags(
    database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    load_settings.cache_clear()

    def keeper(*words: str) -> str:
        return CliRunner().invoke(app, ["watch", *words]).output

    keeper("add", "B000000001", "--tag", "Kitchen", "--tag", "gifts")
    keeper("add", "B000000002")
    assert "tags: gifts, kitchen → kitchen" in keeper("add", "B000000001", "--tag", "kitchen")
    listed = keeper("list", "--tag", "KITCHEN")
    assert ("B000000001" in listed, "B000000002" in listed) == (True, False)
    assert "tags" in listed
    assert "tags" not in keeper("list", "B000000002")
    assert "is no tag" in keeper("list", "--tag", "=1")
    keeper("add", "B000000001", "--tag", "none")
    assert "None of 2 watches" in keeper("list", "--tag", "kitchen")
    load_settings.cache_clear()
