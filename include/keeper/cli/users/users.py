"""Commands about the console's users, and a link by which one signs in."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption, YesOption
from keeper.cli.records import print_records
from keeper.cli.session import database

if TYPE_CHECKING:
    from keeper.domain.users.access import Role
    from keeper.domain.users.limits import Limit

AddressArgument = Annotated[str, typer.Argument(help="The user's e-mail address.")]
RoleArgument = Annotated[
    str, typer.Argument(help="reader sees what is theirs, operator everything.")
]
app = typer.Typer(no_args_is_help=True, help="Who may use the console: readers and operators.")


@app.command()
def add(
    address: AddressArgument,
    role: Annotated[str, typer.Option(help="reader or operator.")] = "reader",
) -> None:
    """Add a user, who may sign in to the console and gets alerts by mail.

    Example: keeper users add ann@example.org
    """
    from keeper.clock import utc_now
    from keeper.pipeline.users.accounts import UserError, add_user, operators_of
    from keeper.pipeline.users.audit import COMMAND
    from keeper.settings import load_settings

    wanted = _role(role)
    operators = operators_of(load_settings())
    with database() as connection:
        try:
            account = add_user(
                connection, address, wanted, COMMAND, at=utc_now(), operators=operators
            )
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(f"added: {account.email}, {account.role.value}")


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the users with their roles. Example: keeper users list."""
    from keeper.cli.tables import print_table
    from keeper.pipeline.users.accounts import all_users, operators_of
    from keeper.settings import load_settings

    with database() as connection:
        users = all_users(connection, operators_of(load_settings()))
    if as_json:
        print_records(
            {
                "email": one.account.email,
                "role": one.account.role,
                "watches": one.watches,
                "created_at": one.created_at,
                "last_seen_at": one.last_seen_at,
            }
            for one in users
        )
        return
    rows = [
        (
            one.account.email,
            one.account.role.value,
            str(one.watches),
            time_text(one.created_at),
            time_text(one.last_seen_at),
        )
        for one in users
    ]
    columns = ("address", "role", "watches", "since", "last signed in")
    print_table(columns, rows, numbers=("watches",))


@app.command()
def role(address: AddressArgument, role: RoleArgument) -> None:
    """Make a user a reader or an operator; it counts at once, for sessions and tokens too.

    Example: keeper users role ann@example.org operator
    """
    from keeper.clock import utc_now
    from keeper.pipeline.users.accounts import UserError, change_role, operators_of
    from keeper.pipeline.users.audit import COMMAND
    from keeper.settings import load_settings

    wanted = _role(role)
    operators = operators_of(load_settings())
    with database() as connection:
        try:
            account = change_role(
                connection, address, wanted, COMMAND, at=utc_now(), operators=operators
            )
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(f"{account.email} is {account.role.value}")


@app.command()
def remove(
    address: AddressArgument,
    to: Annotated[
        str | None,
        typer.Option(help="Who gets the watches, with their alerts, and the deal filters."),
    ] = None,
    yes: YesOption = False,
) -> None:
    """Remove a user with watches, alerts, channels, sessions and tokens; prices and deals stay.

    Example: keeper users remove ann@example.org --to ben@example.org
    """
    from keeper.clock import utc_now
    from keeper.pipeline.users.accounts import UserError, operators_of, remove_user
    from keeper.pipeline.users.audit import COMMAND
    from keeper.settings import load_settings

    operators = operators_of(load_settings())
    if not yes:
        loses = "channels; watches go to " + to if to else "watches, alerts and channels"
        typer.confirm(f"Remove {address} with {loses}?", abort=True)
    with database() as connection:
        try:
            handed = remove_user(
                connection, address, COMMAND, at=utc_now(), operators=operators, heir=to
            )
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
    kept = ""
    if to:
        kept = f"; {handed.watches} watch(es) and {handed.filters} deal filter(s) went to {to}"
    elif handed.filters:
        kept = f"; {handed.filters} deal filter(s) stay, switched off, with their deals"
    typer.echo(f"removed: {address}{kept}")


@app.command()
def limit(
    address: AddressArgument,
    name: Annotated[
        str | None, typer.Argument(help="Which limit; without it all are listed.")
    ] = None,
    most: Annotated[
        str | None,
        typer.Argument(help="How much; none for no limit, default for what the settings say."),
    ] = None,
) -> None:
    """Show what a user may have and do, or set one limit; operators have no limits.

    Example: keeper users limit ann@example.org watches 5000
    """
    from keeper.cli.tables import print_table
    from keeper.clock import utc_now
    from keeper.pipeline.users.accounts import UserError, known_user, operators_of
    from keeper.pipeline.users.audit import COMMAND
    from keeper.pipeline.users.limits import limits_of, set_limit, unset_limit
    from keeper.settings import load_settings

    settings = load_settings()
    operators = operators_of(settings)
    with database() as connection:
        try:
            account = known_user(connection, address, operators)
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
        at = utc_now()
        if name is not None:
            which, value = _limit(name), _most(most)
            if value == _DEFAULT:
                unset_limit(connection, account.user_id, which, COMMAND, at=at, operators=operators)
            else:
                set_limit(
                    connection,
                    account.user_id,
                    which,
                    value,
                    COMMAND,
                    at=at,
                    operators=operators,
                )
        found = limits_of(connection, account, at=at, defaults=settings.console.limits)
    rows = [
        (
            one.limit.value,
            "none" if one.most is None else str(one.most),
            str(one.used),
            "an operator" if one.is_own else "the settings",
        )
        for one in found
    ]
    print_table(("limit", "most", "used", "set by"), rows, numbers=("most", "used"))


_DEFAULT = -1


def _most(text: str | None) -> int | None:
    """Return how much; None for no limit."""
    if text is None:
        raise typer.BadParameter("say how much: a number, none or default")
    if text.lower() in {"none", "default"}:
        return None if text.lower() == "none" else _DEFAULT
    if not (text.isascii() and text.isdecimal() and int(text) < 2**31):
        raise typer.BadParameter(f"{text!r} is neither a number nor none or default")
    return int(text)


def _limit(text: str) -> "Limit":
    from keeper.domain.users.limits import Limit

    name = text.strip().lower().replace("-", "_")
    if name not in set(Limit):
        raise typer.BadParameter(f"{text!r} is none of {', '.join(Limit)}")
    return Limit(name)


def login(
    address: AddressArgument,
    url: Annotated[
        str | None,
        typer.Option(
            help="Where the console is reached: KEEPER_PUBLIC_URL, or http://localhost:8000."
        ),
    ] = None,
) -> None:
    """Print a link by which a user signs in to the console once, within 15 minutes.

    Example: keeper console login ann@example.org --url http://localhost:8001
    """
    from pydantic import TypeAdapter, ValidationError

    from keeper.clock import utc_now
    from keeper.pipeline.users.accounts import UserError, operators_of
    from keeper.pipeline.users.audit import COMMAND
    from keeper.pipeline.users.sign_in import SIGN_IN_PATH, make_link
    from keeper.settings import load_settings
    from keeper.settings.group import HttpUrl

    settings = load_settings()
    try:
        asked = TypeAdapter(HttpUrl).validate_python(url) if url else None
    except ValidationError as error:
        raise typer.BadParameter(f"--url: {error.errors()[0]['msg']}") from None
    console = asked or settings.links.public_url or "http://localhost:8000"
    with database() as connection:
        try:
            secret = make_link(
                connection, address, COMMAND, at=utc_now(), operators=operators_of(settings)
            )
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(f"{console}{SIGN_IN_PATH}{secret}")


def _role(text: str) -> "Role":
    from keeper.domain.users.access import Role

    name = text.strip().lower()
    if name not in set(Role):
        raise typer.BadParameter(f"{text!r} is neither {' nor '.join(Role)}")
    return Role(name)
