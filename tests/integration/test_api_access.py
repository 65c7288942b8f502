"""Who may do what: every operation against everybody who may ask."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx
import pytest

from keeper.console.openapi import openapi_document
from keeper.domain.users.access import Role, Scope, refused_scopes
from keeper.domain.users.secrets import new_token
from keeper.domain.watches.watch import Watch
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from tests.api_belongings import parts_of_addresses, with_belongings
from tests.api_operations import OPERATIONS, READ, WRITE, Access
from tests.console_server import ANN, BEN, BOSS, Console
from tests.telegram_links import bot_token, init_data, link_telegram

SIGN_OUT: Final = ("me-sign-out", "sessions-end-others")
"""What may end the session of who asks, or of who has asked before."""
METHODS: Final = {"get", "post", "put", "patch", "delete"}


def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of each operation, as the API describes itself."""
    return {
        one["operationId"]: (method, path)
        for path, methods in openapi_document()["paths"].items()
        for method, one in methods.items()
        if method in METHODS
    }


def test_every_operation_says_who_may_use_it() -> None:
    assert operations().keys() == OPERATIONS.keys()


def test_the_description_names_the_scope_an_operation_needs() -> None:
    paths = openapi_document()["paths"]
    for name, (method, path) in operations().items():
        access = OPERATIONS[name]
        security = paths[path][method].get("security", [])
        scopes = [access.scope.value] if access.scope else []
        kinds = {kind for one in security for kind in one}
        named = {scope for one in security for scope in one.get("token", [])}
        if access.is_public:
            assert security == [], name
        elif access.needs_bot:
            assert security == [{"bot": []}], name
        else:
            assert kinds == ({"session"} if access.needs_session else {"session", "token"}), name
            assert sorted(named) == scopes, name


@dataclass(frozen=True)
class Caller:
    """Somebody who asks.

    Attributes:
        email: Whose session or token; None for nobody's.
        role: Theirs.
        scopes: What the token may be used for; None for a session.
    """

    email: str | None
    role: Role = Role.READER
    scopes: tuple[Scope, ...] | None = None


def expected(access: Access, caller: Caller) -> set[int]:
    """Return what the answer may be."""
    done = {200, 201, 202, 204}
    if access.is_public:
        return done
    if access.needs_bot:
        return {401}
    if access.needs_session and caller.scopes is not None:
        return {403}
    if caller.email is None:
        return {401}
    if access.scope and caller.scopes is not None and access.scope not in caller.scopes:
        return {403}
    if access.needs_operator and caller.role is not Role.OPERATOR:
        return {403}
    if access.is_of_boss and caller.email != BOSS:
        return {404}
    if access.needs_scope_to_see and caller.scopes is not None:
        return done if access.needs_scope_to_see in caller.scopes else {404}
    if access.is_of_owner and caller.email != ANN:
        # A token of somebody else's is nobody's but theirs, an operator's too.
        is_seen = caller.role is Role.OPERATOR and not access.needs_session
        return done if is_seen else {404}
    return done


@pytest.fixture
def ask(console: Console, kafka: KafkaConfig, topic: str) -> Callable[[httpx.Client, str], int]:
    """Sends an operation's request, about what is Ann's or an operator's."""
    fixed = parts_of_addresses(console, kafka, topic)
    paths = operations()

    def send(client: httpx.Client, name: str) -> int:
        method, path = paths[name]
        if "{token_id}" in path:
            console.token(ANN, READ)
            path = path.replace("{token_id}", str(_newest_token(console)))
        if "{session_id}" in path:
            console.browser(ANN)
            path = path.replace("{session_id}", str(_newest_session(console)))
        if "{user_id}" in path:
            # One who may be removed again and again.
            guest = console.user("guest@example.org")
            path = path.replace("{user_id}", str(guest.user_id)).replace("{limit}", "watches")
        if name == "users-add":
            console.connection.execute("DELETE FROM users WHERE email = 'new@example.org'")
        url = with_belongings(console, path)
        for part, value in fixed.items():
            url = url.replace(f"{{{part}}}", value)
        if name == "deals-search":
            url += "?q=kettle"
        if name in ("trends-list", "trends-get-index"):
            url += "?domain=us"
        if name == "watches-list-sparklines":
            url += "?id=1"
        if name == "runs-list-prices":
            url += "?run_id=run-1"
        if name == "deals-list-sparklines":
            url += f"?id={'0' * 32}"
        if name == "live-stream":
            url += "?seconds=0"
        if name.startswith("prices-check"):
            url += "?dry_run=true"
            # Each asks on a list that others have emptied before.
            for email in (ANN, BEN, BOSS):
                product = "B00EXAMPL0" if email == ANN else "B00EXAMPL1"
                save_watches(console.connection, email, [Watch(product, "us", "NEW", None)])
        url = url.replace("{telegram_id}", "4711")
        body = OPERATIONS[name].body
        if "telegram" in name:
            body = _of_telegram(console, client, name, body)
        if callable(body):
            body = body(client.get("/api/v1/me").json().get("email"))
        sent = {"content": body} if isinstance(body, str) else {"json": body}
        return client.request(method, url, **sent).status_code

    return send


def _of_telegram(console: Console, client: httpx.Client, name: str, body: Any) -> Any:
    """Link what is asked about, and return what is sent."""
    if name == "sign-in-telegram":
        link_telegram(console, ANN, 4711)
        return {"init_data": init_data(4711, console.clock.now)}
    if name == "me-unlink-telegram" and (email := client.get("/api/v1/me").json().get("email")):
        link_telegram(console, email, console.user(email).user_id)
    return body


PEOPLE: Final = ((BEN, Role.READER), (BOSS, Role.OPERATOR), (ANN, Role.READER))


def test_nobody_gets_further_than_they_may(
    console: Console, ask: Callable[[httpx.Client, str], int]
) -> None:
    program, browser = cache(console.program), cache(console.browser)
    wrong = []

    def check(client: httpx.Client, name: str, caller: Caller) -> None:
        if (status := ask(client, name)) not in expected(OPERATIONS[name], caller):
            wrong.append((name, caller, status))

    for name, access in OPERATIONS.items():
        check(console.nobody(), name, Caller(None))
        for email, role in PEOPLE:
            allowed = tuple(one for one in Scope if not refused_scopes(role, [one]))
            wanted = access.scope or access.needs_scope_to_see
            alone = tuple(scope for scope in allowed if scope is wanted)
            # What opens nothing together opens nothing one by one.
            rest = tuple(scope for scope in allowed if scope is not wanted)
            for scopes in filter(None, (alone, rest)):
                check(program(email, *scopes), name, Caller(email, role, scopes))
            signed_in = console.browser if name in SIGN_OUT else browser
            check(signed_in(email), name, Caller(email, role))
            if name in SIGN_OUT:
                browser.cache_clear()
    assert wrong == []


def test_what_has_ended_opens_nothing(
    console: Console, ask: Callable[[httpx.Client, str], int]
) -> None:
    every = tuple(Scope)
    revoked = console.program(BOSS, *every)
    console.connection.execute(
        "UPDATE api_tokens SET revoked_at = created_at WHERE token_id = %s",
        (_newest_token(console),),
    )
    gone = console.program("gone@example.org", READ, WRITE)
    console.connection.execute("DELETE FROM users WHERE email = 'gone@example.org'")
    token = console.token(BOSS, *every)
    mistyped = token[:-1] + ("A" if token[-1] != "A" else "B")
    ended = {
        "revoked": revoked,
        "its user gone": gone,
        "mistyped": console.nobody({"Authorization": f"Bearer {mistyped}"}),
        "unknown": console.nobody({"Authorization": f"Bearer {new_token()}"}),
        "basic": console.nobody({"Authorization": "Basic Ym9zczo="}),
        "expired": console.program(BOSS, *every),
        "expired session": console.browser(BOSS),
    }
    console.clock.move(days=31)

    for name, access in OPERATIONS.items():
        refused = {401, 403} if access.needs_session else {401}
        for what, client in ended.items():
            assert ask(client, name) in ({200, 201, 202} if access.is_public else refused), (
                name,
                what,
            )


def _newest_session(console: Console) -> int:
    rows = console.connection.execute("SELECT max(session_id) AS n FROM sessions").fetchall()
    return int(rows[0]["n"])


def _newest_token(console: Console) -> int:
    rows = console.connection.execute("SELECT max(token_id) AS n FROM api_tokens").fetchall()
    return int(rows[0]["n"])


def test_a_bots_token_opens_nothing_by_itself(
    console: Console, ask: Callable[[httpx.Client, str], int]
) -> None:
    link_telegram(console, ANN, 4711)
    bot = console.nobody({"Authorization": f"Bearer {bot_token(console)}"})
    for name, access in OPERATIONS.items():
        if access.needs_bot:
            assert ask(bot, name) in {201, 204, 404}, name
        elif access.needs_session:
            assert ask(bot, name) == 403, name
        elif not access.is_public:
            assert ask(bot, name) == 401, name


def test_an_operator_who_becomes_a_reader_sees_no_more_than_one(console: Console) -> None:
    console.user("chief@example.org", Role.OPERATOR)
    chief = console.program("chief@example.org", Scope.OPERATIONS_READ, READ)
    ann = console.program(ANN, WRITE)
    ann.post("/api/v1/watches", json={"product": "B00EXAMPL0"})
    assert chief.get("/api/v1/users").status_code == 200
    assert len(chief.get("/api/v1/watches").json()["items"]) == 1

    console.connection.execute("UPDATE users SET role = 'reader' WHERE email LIKE 'chief%'")

    assert chief.get("/api/v1/users").status_code == 403
    assert chief.get("/api/v1/watches").json()["items"] == []


def test_a_token_that_lacks_a_scope_is_answered_as_rfc_6750_says(console: Console) -> None:
    answer = console.program(ANN, READ).post("/api/v1/watches", json={"product": "B00EXAMPL0"})

    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="Keeper", error="insufficient_scope", scope="watches:write"'
    )
    assert console.nobody().get("/api/v1/me").headers["WWW-Authenticate"] == (
        'Bearer realm="Keeper"'
    )


def test_a_bad_token_is_not_made_good_by_a_session(console: Console) -> None:
    browser = console.browser(ANN)
    assert browser.get("/api/v1/me").status_code == 200
    answer = browser.get("/api/v1/me", headers={"Authorization": "Bearer keeper_pat_x"})
    assert answer.status_code == 401


def test_a_token_in_the_address_is_none(console: Console) -> None:
    token = console.token(ANN, READ)
    for name in ("token", "access_token", "api_key"):
        answer = console.nobody().get("/api/v1/me", params={name: token})
        assert answer.status_code == 401
