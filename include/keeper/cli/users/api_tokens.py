"""Commands about API tokens."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption, UserOption
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, user_address

if TYPE_CHECKING:
    from keeper.domain.users.access import Account, Scope
    from keeper.stores.postgres.connection import Connection

app = typer.Typer(no_args_is_help=True, help="Tokens by which programs use the console's API.")


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="What the token is called, like home-assistant.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may be used for, like watches:read; repeatable."),
    ] = None,
    bot: Annotated[
        bool, typer.Option("--bot", help="Make the token of `keeper bot`; operators alone.")
    ] = False,
    days: Annotated[int, typer.Option(help="How long it is good for.", min=1, max=366)] = 90,
    user: UserOption = None,
) -> None:
    """Make a token and print it, this once; it can be used for the scopes given and no more.

    A bot's opens nothing by itself: the bot acts for those who have linked their Telegram account.
    Scopes: watches:read, watches:write, prices:read, deals:read, deals:write, messages:read,
    messages:write, feeds:read, and for operators operations:read, operations:write.
    Example: keeper api-tokens make my-script --scope watches:read --scope watches:write
    """
    from keeper.clock import utc_now
    from keeper.pipeline.users.api_tokens import MOST_NAME, ScopeRefusedError, make_token
    from keeper.pipeline.users.audit import COMMAND

    if not name.strip() or len(name) > MOST_NAME or not name.isprintable():
        raise typer.BadParameter(f"a name has 1 to {MOST_NAME} letters")
    if bool(scope) == bot:
        raise typer.BadParameter("give --scope, once or more often, or --bot instead")
    scopes = [_scope(text) for text in scope or ()]
    with database() as connection:
        account = _account(connection, user)
        try:
            made = make_token(
                connection,
                account,
                name=name,
                scopes=scopes,
                days=days,
                doer=COMMAND,
                at=utc_now(),
                is_of_bot=bot,
            )
        except ScopeRefusedError as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(made.text)
    typer.echo(
        f"token {made.token_id} of {account.email}, until {made.expires_at:%Y-%m-%d %H:%M} UTC; "
        "it is not shown again",
        err=True,
    )


@app.command("list")
def list_(user: UserOption = None, as_json: JsonOption = False) -> None:
    """List a user's tokens, without their texts. Example: keeper api-tokens list."""
    from keeper.cli.tables import print_table
    from keeper.clock import utc_now
    from keeper.pipeline.users.api_tokens import tokens_of

    now = utc_now()
    with database() as connection:
        tokens = tokens_of(connection, _account(connection, user))
    if as_json:
        print_records(record_of(token) for token in tokens)
        return
    rows = []
    for token in tokens:
        state = "revoked" if token.revoked_at else "expired" if token.expires_at <= now else "good"
        rows.append(
            (
                str(token.token_id),
                token.name,
                "bot" if token.is_of_bot else " ".join(token.scopes),
                state,
                time_text(token.expires_at),
                time_text(token.last_used_at, never="never"),
            )
        )
    columns = ("number", "name", "scopes", "state", "until", "last used")
    print_table(columns, rows, numbers=("number",))


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The token's number.", min=1)],
    user: UserOption = None,
) -> None:
    """Revoke a token; it is worth nothing from then on. Example: keeper api-tokens revoke 3."""
    from keeper.clock import utc_now
    from keeper.pipeline.users.api_tokens import revoke as revoke_token
    from keeper.pipeline.users.audit import COMMAND

    with database() as connection:
        account = _account(connection, user)
        name = revoke_token(connection, account, number, COMMAND, at=utc_now())
    if name is None:
        raise typer.BadParameter(f"{account.email} has no token {number}")
    typer.echo(f"revoked: {number} {name}")


def _account(connection: "Connection", user: str | None) -> "Account":
    from keeper.pipeline.users.accounts import UserError, known_user, operators_of
    from keeper.settings import load_settings

    try:
        return known_user(connection, user_address(user), operators_of(load_settings()))
    except UserError as error:
        raise typer.BadParameter(str(error)) from None


def _scope(text: str) -> "Scope":
    from keeper.domain.users.access import Scope

    name = text.strip().lower()
    if name not in set(Scope):
        raise typer.BadParameter(f"{text!r} is none of {', '.join(Scope)}")
    return Scope(name)
