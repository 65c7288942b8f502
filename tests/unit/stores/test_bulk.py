"""What becomes of documents that Elasticsearch refuses, each by itself."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from keeper.errors import EventsRefusedError
from keeper.stores.elasticsearch.bulk import Document, Target, version_of, write_documents
from keeper.stores.elasticsearch.connection import (
    SearchRejectedError,
    SearchUnavailableError,
    translated_errors,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
Answer = Callable[[str, int], int]


class FakeElasticsearch:
    """Answers each document with a status chosen by its id and how often it has come."""

    def __init__(self, answer: Answer, *, most_documents: int = 1_000) -> None:
        self.answer = answer
        self.most_documents = most_documents
        self.seen: dict[str, int] = {}
        self.requests: list[list[str]] = []

    def bulk(self, *, operations: Sequence[bytes], **how: object) -> Any:
        assert how["require_alias"]
        actions = [msgspec.json.decode(line) for line in b"\n".join(operations).split(b"\n")[::2]]
        names = [action["index"]["_id"] for action in actions]
        self.requests.append(names)
        if len(names) > self.most_documents:
            node = NodeConfig("http", "localhost", 9200)
            meta = ApiResponseMeta(413, "1.1", HttpHeaders(), 0.0, node)
            raise ApiError("too large", meta, None)
        items = []
        for name in names:
            self.seen[name] = self.seen.get(name, 0) + 1
            status = self.answer(name, self.seen[name])
            result: dict[str, Any] = {
                "status": status,
                "result": "created" if status == 201 else "updated",
            }
            if status >= 300:
                result["error"] = {"type": f"type {status}", "reason": f"reason of {name}"}
            items.append({"index": result})
        return {"items": items}


def write(client: FakeElasticsearch, *names: str, pauses: list[float] | None = None) -> int:
    documents = [
        Document(name, version_of(AT + timedelta(hours=number)), {"n": number})
        for number, name in enumerate(names)
    ]
    pause = (pauses if pauses is not None else []).append
    return write_documents(client, Target("alias"), documents, pause=pause)  # type: ignore[arg-type]  # a stand-in


def test_only_what_was_refused_for_now_is_sent_again() -> None:
    client = FakeElasticsearch(lambda name, time: 429 if name == "b" and time < 3 else 201)
    pauses: list[float] = []

    assert write(client, "a", "b", "c", pauses=pauses) == 3

    assert client.requests == [["a", "b", "c"], ["b"], ["b"]]
    assert pauses == sorted(pauses)
    assert len(pauses) == 2


@pytest.mark.parametrize("status", [429, 500, 503, 404])
def test_what_is_refused_for_now_again_and_again_is_the_batchs_to_wait_for(status: int) -> None:
    client = FakeElasticsearch(lambda name, _: status if name == "b" else 201)

    with pytest.raises(SearchUnavailableError, match=f"1 of 2 documents: {status}"):
        write(client, "a", "b")


def test_what_is_refused_for_good_is_named_by_place_after_all_else_is_indexed() -> None:
    def answer(name: str, time: int) -> int:
        return {"bad": 400, "slow": 429 if time == 1 else 201}.get(name, 201)

    client = FakeElasticsearch(answer)

    with pytest.raises(EventsRefusedError) as refused:
        write(client, "a", "bad", "slow", "bad", "b")

    assert refused.value.reasons.keys() == {1, 3}
    assert refused.value.reasons[3] == "Elasticsearch: 400 type 400: reason of bad"
    assert client.seen == {"a": 1, "bad": 1, "slow": 2, "b": 1}


def test_a_later_version_that_is_there_already_is_no_refusal() -> None:
    assert write(FakeElasticsearch(lambda name, _: 409 if name == "a" else 201), "a", "b") == 1


def test_a_request_that_is_too_large_is_halved() -> None:
    client = FakeElasticsearch(lambda *_: 201, most_documents=2)

    assert write(client, *"abcdefg") == 7
    assert max(len(names) for names in client.requests[1:]) <= 4
    assert sorted(client.seen) == list("abcdefg")


def test_a_document_that_is_too_large_by_itself_is_refused_for_good() -> None:
    client = FakeElasticsearch(lambda *_: 201, most_documents=0)

    with pytest.raises(EventsRefusedError, match="too large"):
        write(client, "a")


def test_of_two_with_one_id_the_later_check_is_sent() -> None:
    sent: list[Any] = []

    class Recorder(FakeElasticsearch):
        def bulk(self, *, operations: Sequence[bytes], **how: object) -> Any:
            sent.extend(map(msgspec.json.decode, b"\n".join(operations).split(b"\n")))
            return super().bulk(operations=operations, **how)

    write(Recorder(lambda *_: 201), "a", "a")

    action, fields = sent
    assert fields == {"n": 1}
    assert action["index"]["version"] == int((AT + timedelta(hours=1)).timestamp() * 1000)


def test_an_empty_batch_asks_nothing() -> None:
    client = FakeElasticsearch(lambda *_: 201)

    assert write(client) == 0
    assert client.requests == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, SearchUnavailableError) for status in (408, 429, 500, 502, 503, 504)),
        *((status, SearchRejectedError) for status in (400, 401, 403, 404, 413)),
    ],
)
def test_what_a_server_cannot_do_now_is_passing_trouble(status: int, kind: type[Exception]) -> None:
    node = NodeConfig("http", "localhost", 9200)
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.0, node)
    with pytest.raises(kind), translated_errors():
        raise ApiError("no", meta, None)
