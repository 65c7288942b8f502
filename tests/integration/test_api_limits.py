"""How much each user may have and do: where it ends, and who lifts it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Scope
from keeper.domain.users.limits import Limit
from keeper.pipeline.users.limits import LimitReachedError, use_limit
from tests.console_server import ANN, BEN, BOSS, STARTED, Console

READ, WRITE = Scope.WATCHES_READ, Scope.WATCHES_WRITE
WATCHES = "/api/v1/watches"
MOST = {
    Limit.WATCHES: 2,
    Limit.DEAL_FILTERS: 20,
    Limit.TOKENS_A_DAY: 10,
    Limit.CHECKS_AN_HOUR: 3,
    Limit.IMPORTS_AN_HOUR: 2,
}


@pytest.fixture
def console(make_running: Callable[..., Console]) -> Console:
    """A console whose limits are soon reached."""
    return make_running(limits=MOST)


def add(client: httpx.Client, number: int) -> httpx.Response:
    return client.post(WATCHES, json={"product": f"B00EXAMPL{number}"})


def is_limited(answer: httpx.Response, limit: Limit) -> bool:
    """Return whether an answer names a limit and says that it is reached."""
    problem = answer.json()
    is_named = problem.get("limit") == limit.value and limit.sentence(MOST[limit]) in str(problem)
    return answer.status_code == 429 and problem["type"].endswith("#limit-reached") and is_named


def test_a_list_grows_to_its_limit_and_no_further(console: Console) -> None:
    ann = console.program(ANN, READ, WRITE)
    first = add(ann, 0).json()["watch"]["id"]
    assert add(ann, 1).status_code == 201

    refused = add(ann, 2)
    assert is_limited(refused, Limit.WATCHES)
    assert "Retry-After" not in refused.headers
    assert len(ann.get(WATCHES).json()["items"]) == 2
    # What is on the list may be changed all the same, and what is taken off makes room.
    assert ann.patch(f"{WATCHES}/{first}", json={"target": "5"}).status_code == 200
    assert add(ann, 0).status_code == 200
    assert ann.delete(f"{WATCHES}/{first}").status_code == 204
    assert add(ann, 2).status_code == 201
    assert is_limited(ann.patch(f"{WATCHES}/{first}", json={"status": "ACTIVE"}), Limit.WATCHES)
    assert add(console.program(BEN, READ, WRITE), 0).status_code == 201


def test_of_many_at_once_no_more_get_in(console: Console) -> None:
    ann = console.program(ANN, READ, WRITE)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda number: add(ann, number).status_code, range(6)))
    assert sorted(answers) == [201, 201, 429, 429, 429, 429]


def test_a_file_that_is_too_long_for_the_list_changes_nothing(console: Console) -> None:
    ann = console.program(ANN, READ, WRITE)
    lines = "asin\n" + "".join(f"B00EXAMPL{number}\n" for number in range(3))

    assert is_limited(ann.post(f"{WATCHES}/import", content=lines), Limit.WATCHES)
    assert ann.get(WATCHES).json()["items"] == []


def test_imports_are_limited_by_the_hour_and_dry_runs_count(console: Console) -> None:
    ann = console.program(ANN, READ, WRITE)
    send: dict[str, Any] = {"url": f"{WATCHES}/import", "content": "asin\nB00EXAMPL0\n"}
    assert ann.post(**send, params={"dry_run": True}).status_code == 200
    console.clock.move(minutes=20)
    assert ann.post(**send).status_code == 200

    refused = ann.post(**send)
    assert is_limited(refused, Limit.IMPORTS_AN_HOUR)
    assert refused.headers["Retry-After"] == str(40 * 60)
    assert ann.get(f"{WATCHES}/export").status_code == 200
    console.clock.move(minutes=40)
    assert ann.post(**send).status_code == 200


def test_an_operator_lifts_a_limit_and_gives_it_back(console: Console) -> None:
    ann = console.program(ANN, READ, WRITE)
    boss = console.program(BOSS, Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE)
    own = f"/api/v1/users/{console.user(ANN).user_id}/limits"
    for number in range(2):
        add(ann, number)

    assert boss.put(f"{own}/watches", json={"most": None}).status_code == 204
    assert add(ann, 2).status_code == 201
    (watches, *rest) = ann.get("/api/v1/me/limits").json()["items"]
    assert watches == {
        "name": "watches",
        "most": None,
        "used": 3,
        "again_at": None,
        "is_own": True,
    }
    assert [(one["name"], one["most"], one["used"]) for one in rest] == [
        ("deal_filters", 20, 0),
        ("tokens_a_day", 10, 0),
        ("checks_an_hour", 3, 0),
        ("imports_an_hour", 2, 0),
    ]
    assert boss.get(own).json() == ann.get("/api/v1/me/limits").json()
    assert boss.put(f"{own}/watches", json={"most": 4}).status_code == 204
    assert add(ann, 3).status_code == 201
    assert add(ann, 4).status_code == 429

    assert boss.delete(f"{own}/watches").status_code == 204
    assert boss.put("/api/v1/users/4711/limits/watches", json={"most": 4}).status_code == 404
    assert boss.put(f"{own}/watches", json={"most": -1}).status_code == 422
    console.connection.execute("DELETE FROM watched_products WHERE asin > 'B00EXAMPL1'")
    assert is_limited(add(ann, 4), Limit.WATCHES)
    logged = console.connection.execute(
        "SELECT subject, result FROM audit_log WHERE action = 'limit set' ORDER BY entry_id"
    )
    assert [(row["subject"], row["result"]) for row in logged] == [
        (ANN, "watches: none"),
        (ANN, "watches: 4"),
        (ANN, "watches: as the settings"),
    ]


def test_operators_have_no_limits(console: Console) -> None:
    boss = console.program(BOSS, READ, WRITE)
    assert [add(boss, number).status_code for number in range(4)] == [201] * 4
    limits = boss.get("/api/v1/me/limits").json()["items"]
    assert [one["most"] for one in limits] == [None] * len(MOST)


def test_tokens_of_a_day_are_used_up_whole_or_not_at_all(console: Console) -> None:
    ann, at = console.user(ANN), STARTED

    def use(amount: int) -> None:
        use_limit(console.connection, ann, Limit.TOKENS_A_DAY, amount, at=at, defaults=MOST)

    use(6)
    with pytest.raises(LimitReachedError, match="at most 10 Keepa tokens a day") as reached:
        use(5)
    assert reached.value.again_at is not None
    # What was refused has not been used.
    use(4)
    with pytest.raises(LimitReachedError):
        use(1)
    with pytest.raises(LimitReachedError) as never:
        use(11)
    assert never.value.again_at is None
