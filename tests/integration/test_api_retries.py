"""Requests that a program sends again: with an Idempotency-Key the second changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Role, Scope
from keeper.pipeline.users.idempotency import ABANDONED_AFTER, KEPT_FOR, new_claim, use_key
from keeper.stores.postgres.connection import PostgresConfig, session
from tests.console_server import ANN, BEN, BOSS, STARTED, Console
from tests.waiting import wait_until

READ, WRITE = Scope.WATCHES_READ, Scope.WATCHES_WRITE
WATCHES = "/api/v1/watches"
KEY = {"Idempotency-Key": "4d1f-7"}
NEW: dict[str, Any] = {"json": {"product": "B00EXAMPL0", "target": "5"}, "headers": KEY}


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    """A reader's program."""
    return console.program(ANN, READ, WRITE)


def kept(console: Console) -> int:
    return len(console.connection.execute("SELECT FROM idempotency_keys").fetchall())


def test_a_repeated_request_gets_the_first_answer_and_does_nothing(
    ann: httpx.Client, console: Console
) -> None:
    first = ann.post(WATCHES, **NEW)
    url = first.headers["Location"]
    ann.delete(url)

    again = ann.post(WATCHES, **NEW)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Location"] == url
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Cache-Control"] == "no-store"
    assert "Idempotent-Replayed" not in first.headers
    assert ann.get(url).json()["status"] == "INACTIVE"
    # Another user's key of the same name is another key.
    assert console.program(BEN, READ, WRITE).post(WATCHES, **NEW).json()["outcome"] == "added"
    # Another token of the same user is the same user.
    other = console.program(ANN, WRITE).post(WATCHES, **NEW)
    assert other.headers["Idempotent-Replayed"] == "true"


def test_a_key_is_for_one_request(ann: httpx.Client) -> None:
    ann.post(WATCHES, **NEW)
    for url, sent in (
        (WATCHES, {"json": {"product": "B00EXAMPL1"}}),
        (f"{WATCHES}/import", {"content": "asin\nB00EXAMPL1"}),
        (f"{WATCHES}?x=1", {"json": NEW["json"]}),
    ):
        answer = ann.post(url, headers=KEY, **sent)
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("#key-reused")
    assert len(ann.get(WATCHES).json()["items"]) == 1


def test_an_error_is_not_kept(ann: httpx.Client, console: Console) -> None:
    bad = {**NEW, "json": {"product": "nonsense"}}
    assert ann.post(WATCHES, **bad).status_code == 400
    assert kept(console) == 0
    assert console.program(ANN, READ).post(WATCHES, **NEW).status_code == 403
    assert console.nobody().post(WATCHES, **NEW).status_code == 401
    assert kept(console) == 0
    assert ann.post(WATCHES, **NEW).status_code == 201


@pytest.mark.parametrize("key", ["", "with space", "x" * 201])
def test_what_is_no_key_is_refused(ann: httpx.Client, key: str) -> None:
    answer = ann.post(WATCHES, json=NEW["json"], headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert "200 visible characters" in answer.json()["detail"]
    assert ann.get(WATCHES, headers={"Idempotency-Key": key}).json()["items"] == []


def test_of_many_at_once_one_is_carried_out(ann: httpx.Client, console: Console) -> None:
    content = "asin\n" + "".join(f"B00EXAM{number:03}\n" for number in range(300))

    def send(_: int) -> int:
        answer = ann.post(f"{WATCHES}/import", content=content, headers=KEY)
        return answer.status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(send, range(6)))
    assert set(statuses) <= {200, 409}
    assert statuses.count(200) >= 1
    imports = console.connection.execute(
        "SELECT FROM audit_log WHERE action = 'watches imported'"
    ).fetchall()
    assert len(imports) == 1


def test_a_request_whose_console_ended_is_carried_out_minutes_later(console: Console) -> None:
    user_id = console.user(ANN).user_id
    first = new_claim(user_id, "k", b"request")
    assert use_key(console.connection, first, at=STARTED) is None

    ann = console.program(ANN, WRITE)
    connection = console.connection
    connection.execute("UPDATE idempotency_keys SET key = '4d1f-7'")
    waits = ann.post(WATCHES, **NEW)
    assert (waits.status_code, waits.json()["type"].endswith("#key-reused")) == (422, True)
    connection.execute("UPDATE idempotency_keys SET claimed_at = %s", (STARTED - KEPT_FOR,))
    assert ann.post(WATCHES, **NEW).status_code == 201

    connection.execute("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL")
    running = ann.post(WATCHES, **NEW)
    assert (running.status_code, running.headers["Retry-After"]) == (409, "1")
    console.clock.move(seconds=ABANDONED_AFTER.total_seconds())
    assert ann.post(WATCHES, **NEW).json()["outcome"] == "unchanged"


def test_what_takes_too_long_is_not_done_twice(
    ann: httpx.Client, console: Console, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ann.get(WATCHES).status_code == 200
    monkeypatch.setattr("keeper.console.database._ANSWER_S", 1.0)
    with session(database) as other:
        with other.transaction():
            other.execute("LOCK TABLE watched_products")
            late = ann.post(WATCHES, **NEW)
            assert (late.status_code, late.json()["part"]) == (503, "postgres")
            assert int(late.headers["Retry-After"]) >= 1
            # Its thread is not at its end, and may do it yet.
            assert ann.post(WATCHES, **NEW).status_code == 409

        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            answers.append(ann.post(WATCHES, **NEW))
            return answers[-1].status_code != 409

        wait_until(is_answered, "the first is done")
    assert (answers[-1].status_code, answers[-1].json()["outcome"]) == (201, "added")
    assert answers[-1].headers["Idempotent-Replayed"] == "true"
    assert len(ann.get(WATCHES).json()["items"]) == 1


def test_what_took_too_long_and_failed_is_done_by_the_next(
    ann: httpx.Client, console: Console, database: PostgresConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keeper.console.database._ANSWER_S", 1.0)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with session(database) as other, other.transaction():
        other.execute("LOCK TABLE watched_products")
        assert ann.post(WATCHES, **NEW).status_code == 503
        assert other.execute(ended).fetchall()
    wait_until(lambda: kept(console) == 0, "its key is free")
    answer = ann.post(WATCHES, **NEW)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


def test_an_answer_is_kept_for_a_day(ann: httpx.Client, console: Console) -> None:
    ann.post(WATCHES, **NEW)
    console.connection.execute("UPDATE api_tokens SET expires_at = expires_at + interval '1 day'")
    console.clock.move(hours=23)
    assert "Idempotent-Replayed" in ann.post(WATCHES, **NEW).headers
    console.clock.move(hours=1)
    assert ann.post(WATCHES, **NEW).json()["outcome"] == "unchanged"


def test_who_may_no_longer_gets_no_answer_of_former_days(console: Console) -> None:
    console.user("chief@example.org", Role.OPERATOR)
    chief = console.program("chief@example.org", Scope.OPERATIONS_WRITE)
    sent: dict[str, Any] = {"json": {"email": "new@example.org"}, "headers": KEY}
    assert chief.post("/api/v1/users", **sent).status_code == 201
    assert chief.post("/api/v1/users", **sent).status_code == 201

    console.connection.execute("UPDATE users SET role = 'reader' WHERE email LIKE 'chief%'")

    refused = chief.post("/api/v1/users", **sent)
    assert refused.status_code in (403, 422)
    assert "new@example.org" not in refused.text
    revoked = console.program(BOSS, Scope.OPERATIONS_WRITE)
    other = {**sent, "json": {"email": "two@example.org"}}
    assert revoked.post("/api/v1/users", **other).status_code == 201
    console.connection.execute("UPDATE api_tokens SET revoked_at = created_at")
    assert revoked.post("/api/v1/users", **other).status_code == 401


def test_no_token_is_ever_kept(console: Console) -> None:
    browser = console.browser(ANN)
    sent: dict[str, Any] = {"json": {"name": "x", "scopes": ["watches:read"]}, "headers": KEY}
    made = [browser.post("/api/v1/api-tokens", **sent).json()["token"] for _ in range(2)]
    assert made[0] != made[1]
    assert kept(console) == 0
