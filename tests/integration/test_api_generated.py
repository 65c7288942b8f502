"""Requests that machines make up: whatever is asked, the answer is as docs/openapi.json says."""

from collections.abc import Callable
from itertools import cycle
from typing import Final

import pytest

from keeper.domain.users.access import Role, Scope, refused_scopes
from keeper.domain.users.limits import Limit
from keeper.streams.config import KafkaConfig
from tests.api_belongings import parts_of_addresses, with_belongings
from tests.api_operations import OPERATIONS
from tests.api_probing import Caller, Prober, operations
from tests.console_server import ANN, BOSS, Console
from tests.telegram_links import bot_token


@pytest.fixture
def prober(make_running: Callable[..., Console], kafka: KafkaConfig, topic: str) -> Prober:
    # Whoever has used up what they may ask for meets nothing of what lies behind.
    console = make_running(limits=dict.fromkeys(Limit, 1_000_000))
    fixed = parts_of_addresses(console, kafka, topic)

    # Of a few requests most are by the first caller: now who may all, now a token of one scope.
    turns = zip(cycle(Scope), cycle((0, 4, 4)), strict=True)

    def callers() -> list[Caller]:
        readable = [one for one in Scope if not refused_scopes(Role.READER, [one])]
        found = [
            Caller("an operator's token", _proof(console.token(BOSS, *Scope)), may_all=True),
            Caller("a reader's token", _proof(console.token(ANN, *readable))),
            Caller("an operator's session", _session(console, BOSS), may_all=True),
            Caller("a bot", _proof(bot_token(console)), is_bot=True),
            Caller("nobody", {}),
        ]
        scope, place = next(turns)
        alone = _proof(console.token(BOSS, scope))
        found.insert(place, Caller(f"an operator's token of {scope}", alone))
        return found

    def places(path: str) -> dict[str, str]:
        names = [one.partition("}")[0] for one in path.split("{")[1:]]
        return {name: _place(console, fixed, name) for name in names}

    return Prober(console.url, callers, places)


def _proof(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _session(console: Console, email: str) -> dict[str, str]:
    browser = console.browser(email)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return {"Cookie": cookie, "Origin": console.url}


def _place(console: Console, fixed: dict[str, str], name: str) -> str:
    if name == "user_id":
        return str(console.user("guest@example.org").user_id)
    if name == "token_id":
        console.token(BOSS, Scope.WATCHES_READ)
        rows = console.connection.execute("SELECT max(token_id) AS n FROM api_tokens").fetchall()
        return str(rows[0]["n"])
    if name == "limit":
        return "watches"
    return fixed.get(name) or with_belongings(console, f"{{{name}}}")


_OTHER_BODIES: Final[dict[str, list[object]]] = {
    "discoveries-add": [{"kind": "finder", "selection": {"current_SALES_lte": 1000}}],
    "watches-change-many": [{"ids": [1], "changes": {"target": "5", "add_tags": ["x"]}}],
}
"""Further forms of what operations take."""


@pytest.mark.parametrize("examples", [1, pytest.param(60, marks=pytest.mark.nightly)])
def test_whatever_is_asked_the_answer_is_as_described(prober: Prober, examples: int) -> None:
    for operation in operations().values():
        prober.generate(operation, examples=examples)
    assert list(prober.findings.values()) == []
    assert {200, 401, 403, 404, 422} <= prober.answered.keys()
    assert {f"an operator's token of {scope}" for scope in Scope} <= prober.met.keys()


@pytest.mark.parametrize("every", [29, pytest.param(1, marks=pytest.mark.nightly)])
def test_no_hostile_value_breaks_an_operation(prober: Prober, every: int) -> None:
    for start, (name, operation) in enumerate(operations().items()):
        body = OPERATIONS[name].body
        body = body(BOSS) if callable(body) else body
        bodies = [] if body is None else [body, *_OTHER_BODIES.get(name, [])]
        prober.attack(operation, bodies, every=every, start=start)
    assert list(prober.findings.values()) == []
    assert {400, 422} <= prober.answered.keys()
