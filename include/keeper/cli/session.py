"""What commands share: the database, whose list is meant, and a console of a sensible width."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from keeper.stores.postgres.connection import Connection


def database() -> "AbstractContextManager[Connection]":
    """Return a connection to the configured database for a `with` block."""
    from keeper.pipeline.services.configuration import postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.connection import session

    return session(postgres_config(load_settings()))


def user_address(user: str | None) -> str:
    """Return the e-mail address a command is about, KEEPER_USER_EMAIL if none is given."""
    from keeper.settings import load_settings

    address = user or load_settings().people.user_email
    if "@" not in address.strip("@"):
        raise typer.BadParameter(f"{address!r} is not an e-mail address")
    return address


def console() -> "Console":
    """Return a console: as wide as the terminal, wide enough for tables in a file or pipe."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=180)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar, on a terminal only, moved by a share from 0 to 1."""
    from rich.progress import Progress

    out = console()
    with Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)
