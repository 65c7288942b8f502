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
        needs_bot: Nobody may but a bot by its own token.
        body: What is sent, or what makes it for the address of who asks.
    """

    scope: Scope | None = None
    is_public: bool = False
    needs_session: bool = False
    needs_operator: bool = False
    is_of_owner: bool = False
    is_of_boss: bool = False
    needs_scope_to_see: Scope | None = None
    needs_bot: bool = False
    body: Any = None


def _own_mail(email: str | None) -> dict[str, Any]:
    return {"kind": "email", "address": email or "nobody@example.org"}


_USERS: Final = {
    "me-get": Access(),
    "me-change": Access(Scope.MESSAGES_WRITE, body={"language": "en"}),
    "me-sign-out": Access(needs_session=True),
    "sessions-list": Access(needs_session=True),
    "sessions-end": Access(needs_session=True, is_of_owner=True),
    "sessions-end-others": Access(needs_session=True),
    "api-tokens-list": Access(needs_session=True),
    "api-tokens-make": Access(needs_session=True, body={"name": "x", "scopes": ["watches:read"]}),
    "api-tokens-revoke": Access(needs_session=True, is_of_owner=True),
    "sign-in-mail-link": Access(is_public=True, body={"email": "nobody@example.org"}),
    "problems-list": Access(is_public=True),
    "users-list": Access(Scope.OPERATIONS_READ, needs_operator=True),
    "audit-log-list": Access(Scope.OPERATIONS_READ, needs_operator=True),
}

_PEOPLE: Final = {
    "me-limits": Access(),
    "users-get": Access(Scope.OPERATIONS_READ, needs_operator=True),
    "users-add": Access(
        Scope.OPERATIONS_WRITE, needs_operator=True, body={"email": "new@example.org"}
    ),
    "users-change": Access(Scope.OPERATIONS_WRITE, needs_operator=True, body={"role": "reader"}),
    "users-remove": Access(Scope.OPERATIONS_WRITE, needs_operator=True),
    "users-limits": Access(Scope.OPERATIONS_READ, needs_operator=True),
    "users-set-limit": Access(Scope.OPERATIONS_WRITE, needs_operator=True, body={"most": 5}),
    "users-unset-limit": Access(Scope.OPERATIONS_WRITE, needs_operator=True),
}

_TELEGRAM: Final = {
    "me-get-telegram": Access(),
    "me-link-telegram": Access(needs_session=True),
    "me-unlink-telegram": Access(needs_session=True),
    "sign-in-telegram": Access(is_public=True, body={"init_data": "made where it is asked"}),
    "telegram-set-bot": Access(needs_bot=True, body={"username": "keeper_bot"}),
    "telegram-link": Access(needs_bot=True, body={"telegram_id": 4711, "code": "0" * 40}),
    "telegram-act": Access(needs_bot=True, body={"telegram_id": 4711}),
    "telegram-unlink": Access(needs_bot=True),
}

READ, WRITE = Scope.WATCHES_READ, Scope.WATCHES_WRITE
_WATCHES: Final = {
    "watches-list": Access(READ),
    "watches-add": Access(WRITE, body={"product": "B00EXAMPL1"}),
    "watches-change-many": Access(WRITE, body={"ids": [1], "changes": {}}),
    "watches-import": Access(WRITE, body="asin\nB00EXAMPL1"),
    "watches-export": Access(READ),
    "watches-list-sparklines": Access(READ),
    "watches-check": Access(READ, body={"products": ["B00EXAMPL1"]}),
    "watches-try": Access(READ, body={"product": "B00EXAMPL1", "target": "5"}),
    "rules-explain": Access(READ),
    "rules-list-forms": Access(READ),
    "tags-list": Access(READ),
    "watches-get": Access(READ, is_of_owner=True),
    "watches-change": Access(WRITE, is_of_owner=True, body={"target": "5"}),
    "watches-remove": Access(WRITE, is_of_owner=True),
}

_MESSAGES: Final = {
    "alerts-list": Access(Scope.MESSAGES_READ),
    "alerts-get": Access(Scope.MESSAGES_READ, is_of_owner=True),
    "alerts-acknowledge": Access(
        Scope.MESSAGES_WRITE, is_of_owner=True, body={"acknowledged": True}
    ),
    "messages-list": Access(Scope.MESSAGES_READ),
    "messages-get": Access(Scope.MESSAGES_READ, is_of_owner=True),
    "deliveries-list": Access(Scope.MESSAGES_READ),
    "channels-list": Access(Scope.MESSAGES_READ),
    "channels-add": Access(Scope.MESSAGES_WRITE, body=_own_mail),
    "channels-get": Access(Scope.MESSAGES_READ, is_of_owner=True),
    "channels-change": Access(Scope.MESSAGES_WRITE, is_of_owner=True, body={"is_active": False}),
    "channels-remove": Access(Scope.MESSAGES_WRITE, is_of_owner=True),
    "channels-test": Access(Scope.MESSAGES_WRITE, is_of_owner=True),
    "delivery-rules-get": Access(Scope.MESSAGES_READ),
    "delivery-rules-change": Access(Scope.MESSAGES_WRITE, body={"daily_cap": 20}),
    "watches-snooze": Access(
        Scope.MESSAGES_WRITE, is_of_owner=True, body={"until": "2030-02-01T00:00:00Z"}
    ),
    "watches-end-snooze": Access(Scope.MESSAGES_WRITE, is_of_owner=True),
}

_DEALS: Final = {
    "deals-list": Access(Scope.DEALS_READ),
    "deals-aggregate": Access(Scope.DEALS_READ),
    "deals-search": Access(Scope.DEALS_READ),
    "deals-list-sparklines": Access(Scope.DEALS_READ),
    "deals-get": Access(Scope.DEALS_READ, is_of_owner=True),
    "deal-filters-list": Access(Scope.DEALS_READ),
    "deal-filters-add": Access(Scope.DEALS_WRITE, body={"name": "x"}),
    "deal-filters-get": Access(Scope.DEALS_READ, is_of_owner=True),
    "deal-filters-change": Access(Scope.DEALS_WRITE, is_of_owner=True, body={"min_score": 40}),
    "deal-filters-remove": Access(Scope.DEALS_WRITE, is_of_owner=True),
    "reports-list": Access(Scope.DEALS_READ),
    "reports-get": Access(Scope.DEALS_READ, is_of_owner=True),
    "reports-preview": Access(Scope.DEALS_READ),
}

_FEEDS: Final = {
    "feeds-list-alerts": Access(Scope.FEEDS_READ),
    "feeds-list-deals": Access(Scope.FEEDS_READ),
}

_DISCOVERY: Final = {
    "discoveries-list": Access(Scope.OPERATIONS_READ, needs_operator=True),
    "discoveries-add": Access(
        Scope.OPERATIONS_WRITE, needs_operator=True, body={"kind": "best_sellers", "category": 12}
    ),
    "discoveries-remove": Access(Scope.OPERATIONS_WRITE, needs_operator=True),
    "proposals-list": Access(Scope.OPERATIONS_READ, needs_operator=True),
    "proposals-decide": Access(
        Scope.OPERATIONS_WRITE,
        needs_operator=True,
        body={"products": [{"asin": "B00EXAMPL0", "domain": "us"}], "state": "REJECTED"},
    ),
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
            "runs-list-prices",
            *("tokens-get", "tokens-plan", "tokens-ledger", "storage-get", "notices-list"),
            *("topics-list", "topics-get", "lag-list", "dead-letters-list", "dead-letters-get"),
        ),
        Access(_SEE, needs_operator=True),
    ),
    "status-get": Access(),
    "summary-get": Access(READ),
}

_PRICES: Final = {
    "products-list": Access(Scope.PRICES_READ),
    "prices-get": Access(Scope.PRICES_READ),
    "prices-list-history": Access(Scope.PRICES_READ),
    "prices-get-columns": Access(Scope.PRICES_READ),
    "prices-get-stats": Access(Scope.PRICES_READ),
    "prices-export-history": Access(Scope.PRICES_READ),
    "prices-get-origin": Access(Scope.PRICES_READ),
    "prices-list-weekdays": Access(Scope.PRICES_READ),
    "price-types-list": Access(),
    "prices-assess": Access(Scope.PRICES_READ),
    "prices-list-locales": Access(Scope.PRICES_READ),
    "prices-check": Access(WRITE, is_of_owner=True),
    "prices-check-all": Access(WRITE),
    "prices-get-check": Access(Scope.PRICES_READ, is_of_owner=True),
}

_TRENDS: Final = {
    "trends-list": Access(Scope.PRICES_READ),
    "trends-get-index": Access(Scope.PRICES_READ),
    "trends-list-movers": Access(Scope.PRICES_READ),
}

_LIVE: Final = {"live-stream": Access(), "live-make-ticket": Access()}

OPERATIONS: Final = {
    **_LIVE,
    **_USERS,
    **_PEOPLE,
    **_TELEGRAM,
    **_WATCHES,
    **_MESSAGES,
    **_DEALS,
    **_DISCOVERY,
    **_FEEDS,
    **_OPERATIONS,
    **_PRICES,
    **_TRENDS,
}
"""By operation id."""
