"""What every endpoint needs: the database, the clock, and who the settings make operators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from keeper.alerts.message import Message
from keeper.clock import Clock, utc_now
from keeper.console.cache.reads import ReadCache
from keeper.console.changes.feed import ChangeFeed
from keeper.console.database import ConsoleDatabase
from keeper.console.live.hub import LiveHub
from keeper.console.search import ConsoleSearch
from keeper.domain.users.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class ConsoleContext:
    """What the console's endpoints share.

    Attributes:
        database: Does their work.
        operators: Addresses, in small letters, that the settings make operators.
        public_url: Where people reach the console; None if nobody has said.
        allows_insecure_cookie: Whether people may sign in by plain HTTP from other machines.
        send_mail: Sends a message to an address, blocks meanwhile; None without a mail server.
        old_after: From what age a price of a type is stale.
        search: Searches in Elasticsearch; None where there is none.
        clock: The time.
        cache: Keeps answers; None asks the database each time.
        feed: Where the cache and live feeds learn of changes; None without them.
        live: Sends changes to who watches live.
        limits: How much each user may have and do, unless an operator has set something else.
    """

    database: ConsoleDatabase
    operators: frozenset[str]
    public_url: str | None
    allows_insecure_cookie: bool
    send_mail: Callable[[str, Message], None] | None
    old_after: Callable[[str], timedelta]
    search: ConsoleSearch | None = None
    clock: Clock = utc_now
    cache: ReadCache | None = None
    feed: ChangeFeed | None = None
    live: LiveHub = field(default_factory=LiveHub)
    limits: Limits = field(default_factory=lambda: DEFAULT_LIMITS)


def _context_of(request: Request) -> ConsoleContext:
    context = request.app.state.console
    if not isinstance(context, ConsoleContext):
        raise TypeError("the application has no context")
    return context


Context = Annotated[ConsoleContext, Depends(_context_of)]
"""An endpoint's parameter that gets the context."""
