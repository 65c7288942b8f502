"""What commands share: the database, whose list is meant, and how a refusal is said."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from keeper.cli.tables import harmless_lines

if TYPE_CHECKING:
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
        raise typer.BadParameter(
            f"{address!r} is not an e-mail address; give --user or set KEEPER_USER_EMAIL"
        )
    return address


def zone_of(connection: "Connection", email: str) -> str:
    """Return the time zone a user reads in, UTC for one who has set none that is known here."""
    from keeper.stores.postgres.messages import channels

    return channels.zone_of(connection, email)


def refuse(sentence: str) -> NoReturn:
    """End the command with exit code 1 and a sentence that says what is wrong."""
    typer.secho(harmless_lines(sentence), fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar, on a terminal only, moved by a share from 0 to 1."""
    from rich.progress import Progress

    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)
