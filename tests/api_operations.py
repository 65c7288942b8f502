"""Every operation of the API, and who may use it. One that is not here fails test_api_access."""

from dataclasses import dataclass
from typing import Any, Final

from keeper.domain.users.access import Scope


@dataclass(frozen=True)
class Access:
    """Who may use an operation.

    Attributes:
        scope: What a token needs; None for no scope.
        is_public: Anybody may.
        needs_session: A token never may.
        needs_operator: A reader never may.
        is_of_owner: What it is about is Ann's: other readers learn not even that it is there.
        is_of_boss: What it is about is an operator's: readers learn not even that it is there.
        needs_scope_to_see: Without this scope a token learns not even that it is there.
        body: What is sent.
    """

    scope: Scope | None = None
    is_public: bool = False
    needs_session: bool = False
    needs_operator: bool = False
    is_of_owner: bool = False
    is_of_boss: bool = False
    needs_scope_to_see: Scope | None = None
    body: Any = None


_USERS: Final = {
    "me-get": Access(),
    "me-sign-out": Access(needs_session=True),
    "api-tokens-list": Access(needs_session=True),
    "api-tokens-make": Access(needs_session=True, body={"name": "x", "scopes": ["watches:read"]}),
    "api-tokens-revoke": Access(needs_session=True, is_of_owner=True),
    "sign-in-mail-link": Access(is_public=True, body={"email": "nobody@example.org"}),
    "problems-list": Access(is_public=True),
    "users-list": Access(Scope.OPERATIONS_READ, needs_operator=True),
    "audit-log-list": Access(Scope.OPERATIONS_READ, needs_operator=True),
}

READ, WRITE = Scope.WATCHES_READ, Scope.WATCHES_WRITE
_WATCHES: Final = {
    "watches-list": Access(READ),
    "watches-add": Access(WRITE, body={"product": "B00EXAMPL1"}),
    "watches-change-many": Access(WRITE, body={"ids": [1], "changes": {}}),
    "watches-import": Access(WRITE, body="asin\nB00EXAMPL1"),
    "watches-export": Access(READ),
    "watches-try": Access(READ, body={"product": "B00EXAMPL1", "target": "5"}),
    "rules-explain": Access(READ),
    "watches-get": Access(READ, is_of_owner=True),
    "watches-change": Access(WRITE, is_of_owner=True, body={"target": "5"}),
    "watches-remove": Access(WRITE, is_of_owner=True),
}

_SEE, _DO = Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE
_OPERATIONS: Final = {
    "requests-list": Access(),
    "requests-get": Access(needs_scope_to_see=_SEE, is_of_boss=True),
    "requests-cancel": Access(needs_scope_to_see=_DO, is_of_boss=True),
    "search-rebuild": Access(_DO, needs_operator=True, body={"index": "runs"}),
    "dead-letters-replay": Access(_DO, needs_operator=True, body={}),
    **dict.fromkeys(
        (
            *("runs-list", "runs-get", "quarantine-list", "reconciliations-list"),
            *("tokens-get", "tokens-plan", "tokens-ledger", "storage-get", "notices-list"),
            *("topics-list", "topics-get", "lag-list", "dead-letters-list", "dead-letters-get"),
        ),
        Access(_SEE, needs_operator=True),
    ),
    "status-get": Access(),
    "summary-get": Access(READ),
}

OPERATIONS: Final = {**_USERS, **_WATCHES, **_OPERATIONS}
"""By operation id."""
