"""What every endpoint needs: the database, the clock, and who the settings make operators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from keeper.alerts.message import Message
from keeper.clock import Clock, utc_now
from keeper.console.database import ConsoleDatabase
from keeper.console.operations import Operations


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
        clock: The time.
        operations: What operators see of Keeper beside the database.
    """

    database: ConsoleDatabase
    operators: frozenset[str]
    public_url: str | None
    allows_insecure_cookie: bool
    send_mail: Callable[[str, Message], None] | None
    old_after: Callable[[str], timedelta]
    clock: Clock = utc_now
    operations: Operations = field(default_factory=Operations)


def _context_of(request: Request) -> ConsoleContext:
    context = request.app.state.console
    if not isinstance(context, ConsoleContext):
        raise TypeError("the application has no context")
    return context


Context = Annotated[ConsoleContext, Depends(_context_of)]
"""An endpoint's parameter that gets the context."""
