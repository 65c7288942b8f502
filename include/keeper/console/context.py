"""What every endpoint needs: the database, the clock, and who the settings make operators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from fastapi import Depends, Request

from keeper.clock import Clock, utc_now
from keeper.console.cache.reads import ReadCache
from keeper.console.changes.feed import ChangeFeed
from keeper.console.database import ConsoleDatabase
from keeper.console.live.hub import LiveHub
from keeper.console.next_run import NextRun
from keeper.console.operations import Operations
from keeper.console.search import ConsoleSearch
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.domain.users.limits import DEFAULT_LIMITS, Limits
from keeper.sources.airflow.api import AirflowApi


@dataclass(frozen=True, slots=True)
class ConsoleContext:
    """What the console's endpoints share.

    Attributes:
        database: Does their work.
        operators: Addresses, in small letters, that the settings make operators.
        public_url: Where people reach the console; None if nobody has said.
        allows_insecure_cookie: Whether people may sign in by plain HTTP from other machines.
        old_after: From what age a price of a type is stale.
        airflow: Starts runs; None where nobody has said where Airflow is.
        request_policy: How much runs ask of a product, and so what it costs.
        search: Searches in Elasticsearch; None where there is none.
        clock: The time.
        trusted_proxies: Whose word counts about where a request came from.
        proxy_user_header: In which header they name who has signed in there; None for nobody.
        limits: How much each user may have and do, unless an operator has set something else.
        cache: Keeps answers; None asks the database each time.
        feed: Where the cache and live feeds learn of changes; None without them.
        live: Sends changes to who watches live.
        operations: What operators see of Keeper beside the database.
        next_run: Knows when prices are checked next.
        trends_floor: On how many products a trend rests at least that is shown.
        telegram_app_key: By which Telegram signs who opens the mini app; None where there is none.
    """

    database: ConsoleDatabase
    operators: frozenset[str]
    public_url: str | None
    allows_insecure_cookie: bool
    old_after: Callable[[str], timedelta]
    airflow: AirflowApi | None = None
    request_policy: RequestPolicy = field(default_factory=lambda: RequestPolicy(timedelta(hours=6)))
    search: ConsoleSearch | None = None
    clock: Clock = utc_now
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    proxy_user_header: str | None = None
    limits: Limits = field(default_factory=lambda: DEFAULT_LIMITS)
    trends_floor: int = 10
    cache: ReadCache | None = None
    feed: ChangeFeed | None = None
    live: LiveHub = field(default_factory=LiveHub)
    telegram_app_key: bytes | None = field(default=None, repr=False)
    operations: Operations = field(default_factory=Operations)
    next_run: NextRun = field(default_factory=NextRun)


async def _context_of(request: Request) -> ConsoleContext:
    # A function that is not async takes one of the few threads, for each request.
    context = request.app.state.console
    if not isinstance(context, ConsoleContext):
        raise TypeError("the application has no context")
    return context


Context = Annotated[ConsoleContext, Depends(_context_of)]
"""An endpoint's parameter that gets the context."""
