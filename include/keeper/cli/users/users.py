"""Commands about the console's users, and a link by which one signs in."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption, YesOption
from keeper.cli.records import print_records
from keeper.cli.session import database

if TYPE_CHECKING:
    from keeper.domain.users.access import Role

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
def remove(address: AddressArgument, yes: YesOption = False) -> None:
    """Remove a user with watches, alerts, channels, sessions and tokens; prices and deals stay.

    Example: keeper users remove ann@example.org
    """
    from keeper.clock import utc_now
    from keeper.pipeline.users.accounts import UserError, operators_of, remove_user
    from keeper.pipeline.users.audit import COMMAND
    from keeper.settings import load_settings

    operators = operators_of(load_settings())
    if not yes:
        typer.confirm(f"Remove {address} with watches, alerts and channels?", abort=True)
    with database() as connection:
        try:
            filters = remove_user(connection, address, COMMAND, at=utc_now(), operators=operators)
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
    kept = f"; {filters} deal filter(s) stay, switched off, with their deals" if filters else ""
    typer.echo(f"removed: {address}{kept}")


def login(address: AddressArgument) -> None:
    """Print a link by which a user signs in to the console once, within 15 minutes.

    Example: keeper console login ann@example.org
    """
    from keeper.clock import utc_now
    from keeper.pipeline.users.accounts import UserError, operators_of
    from keeper.pipeline.users.audit import COMMAND
    from keeper.pipeline.users.sign_in import SIGN_IN_PATH, make_link
    from keeper.settings import load_settings

    settings = load_settings()
    with database() as connection:
        try:
            secret = make_link(
                connection, address, COMMAND, at=utc_now(), operators=operators_of(settings)
            )
        except UserError as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(f"{settings.links.public_url or 'http://localhost:8000'}{SIGN_IN_PATH}{secret}")


def _role(text: str) -> "Role":
    from keeper.domain.users.access import Role

    name = text.strip().lower()
    if name not in set(Role):
        raise typer.BadParameter(f"{text!r} is neither {' nor '.join(Role)}")
    return Role(name)
