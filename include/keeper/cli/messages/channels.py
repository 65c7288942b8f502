"""Commands of channels: where alerts go."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from keeper.cli.options import JsonOption, UserOption, YesOption
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, refuse, user_address
from keeper.cli.tables import harmless, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keeper.domain.messages.queue import Address, DeliveryResult
    from keeper.settings import Settings
    from keeper.stores.postgres.messages.channels import KnownChannel

_GROUP = re.compile(r"-[0-9]{1,20}")
app = typer.Typer(help="Where alerts go.", no_args_is_help=True)


class _OfChannels(TyperCommand):
    """A command whose last argument may be a group's number, which begins with a dash."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep such a number apart from the options."""
        groups = [arg for arg in args if _GROUP.fullmatch(arg)]
        if groups and "--" not in args:
            args = [*(arg for arg in args if arg not in groups), "--", *groups]
        return super().parse_args(ctx, args)


KindArgument = Annotated[str, typer.Argument(help="email, telegram, discord or apprise.")]
ChannelArgument = Annotated[
    str,
    typer.Argument(
        help="An e-mail address, a Telegram chat id, or a name from the settings: main for "
        "DISCORD_WEBHOOK, others from KEEPER_DISCORD_WEBHOOKS and KEEPER_APPRISE_URLS."
    ),
]


@app.command("list")
def list_(user: UserOption = None, as_json: JsonOption = False) -> None:
    """Show where alerts go, and how that went so far.

    Example: keeper channels list
    """
    from keeper.pipeline.services.configuration import channels
    from keeper.settings import load_settings
    from keeper.stores.postgres.messages.channels import list_channels

    ready = channels(load_settings())
    with database() as connection:
        found = list_channels(connection, user_address(user))
    if as_json:
        print_records(
            {
                "kind": one.to.kind,
                "address": one.to.address,
                "status": "ACTIVE" if one.is_active else "PAUSED",
                "is_configured": one.to.kind in ready,
                **record_of(one, without=("to", "is_active")),
            }
            for one in found
        )
        return
    if not found:
        typer.echo("No channels yet; the first watch adds your mail: keeper watch add ASIN")
        return
    rows = [
        (
            one.to.kind.value,
            one.to.address,
            ("active" if one.is_active else "paused")
            + ("" if one.to.kind in ready else ", not configured"),
            str(one.sent),
            str(one.waiting),
            str(one.failed),
            str(one.unknown),
            one.problem or "",
        )
        for one in found
    ]
    numbers = ("sent", "waiting", "failed", "unknown")
    print_table(
        ("kind", "address", "status", *numbers, "last answer"),
        rows,
        numbers=numbers,
        wrap=("address", "status", "last answer"),
    )


@app.command(cls=_OfChannels)
def add(kind: KindArgument, address: ChannelArgument, user: UserOption = None) -> None:
    """Send alerts there too.

    Example: keeper channels add telegram 4711
    """
    from keeper.settings import load_settings
    from keeper.stores.postgres.messages.channels import save_channel

    to = _address(kind, address)
    _validate_name(to, load_settings())
    with database() as connection:
        is_new = save_channel(connection, user_address(user), to)
    typer.echo(
        f"{'added' if is_new else 'active'}: {to}; try it: keeper channels test {kind} {address}"
    )


@app.command(cls=_OfChannels)
def pause(kind: KindArgument, address: ChannelArgument, user: UserOption = None) -> None:
    """Send nothing there any more; add it again to go on.

    Example: keeper channels pause email you@example.org
    """
    from keeper.stores.postgres.messages.channels import list_channels, set_channel_active

    to, email = _address(kind, address), user_address(user)
    with database() as connection:
        known = list_channels(connection, email)
        before = next((one for one in known if one.to == to), None)
        if before is None or not set_channel_active(connection, email, to, active=False):
            refuse(_unknown(known, email, to))
    if not before.is_active:
        typer.echo(f"paused already: {to}")
        return
    typer.echo(f"paused: {to}; {_cancelled(before.waiting)}")


@app.command(cls=_OfChannels)
def remove(
    kind: KindArgument, address: ChannelArgument, user: UserOption = None, yes: YesOption = False
) -> None:
    """Forget a channel with all that was sent there; removing it again changes nothing.

    The last active one only after a question, or with --yes: nothing reaches its reader after it.
    Example: keeper channels remove telegram 4711
    """
    from keeper.stores.postgres.messages.channels import list_channels, remove_channel

    to, email = _address(kind, address), user_address(user)
    with database() as connection:
        known = list_channels(connection, email)
        if [one.to for one in known if one.is_active] == [to] and not yes:
            typer.confirm(
                f"{to} is the last active channel of {email}: alerts are raised but reach nobody "
                "until another is added. A new watch adds the mail address again; to keep mails "
                f"away, pause it instead. Remove {to}?",
                abort=True,
                err=True,
            )
        removed = remove_channel(connection, email, to)
        if removed is None:
            typer.echo(f"{_unknown(known, email, to)}; nothing was removed")
            return
    typer.echo(
        f"removed: {to}, and the record of {_counted(removed.messages)}; "
        f"{_cancelled(removed.cancelled)}"
    )


def _cancelled(messages: int) -> str:
    return f"{_counted(messages)} that waited for it {'is' if messages == 1 else 'are'} cancelled"


def _counted(messages: int) -> str:
    return f"{messages:,} message{'' if messages == 1 else 's'}"


def _unknown(known: "Sequence[KnownChannel]", email: str, to: "Address") -> str:
    names = ", ".join(str(one.to) for one in known) or "none yet"
    return f"{to} is none of the channels of {email} ({names})"


@app.command(cls=_OfChannels)
def test(kind: KindArgument, address: ChannelArgument) -> None:
    """Send a message there to see that it arrives; exit 1 if it does not.

    Example: keeper channels test discord main
    """
    from keeper.domain.messages.queue import DeliveryStatus
    from keeper.settings import load_settings

    to = _address(kind, address)
    result = _send_test(to, load_settings())
    outcome = result.status.value.lower().replace("_", " ")
    typer.echo(harmless(f"{to}: {outcome}: {result.detail}"))
    if result.remedy:
        typer.echo(harmless(f"what helps: {result.remedy}"))
    if result.status is not DeliveryStatus.SENT:
        raise typer.Exit(1)


def _send_test(to: "Address", settings: "Settings") -> "DeliveryResult":
    from keeper.clock import utc_now
    from keeper.pipeline.messages.channel_test import send_test
    from keeper.pipeline.services.configuration import delivery

    return send_test(to, delivery(settings), at=utc_now())


def _address(kind: str, address: str) -> "Address":
    from keeper.pipeline.messages.addresses import UnclearChannelError, read_address

    try:
        return read_address(kind, address)
    except UnclearChannelError as error:
        raise typer.BadParameter(str(error)) from None


def _validate_name(to: "Address", settings: "Settings") -> None:
    """Refuse what no message can reach, while the mistake is easily mended."""
    from keeper.domain.messages.queue import ChannelKind
    from keeper.pipeline.messages.addresses import UnclearChannelError, validate_address

    names = {
        ChannelKind.DISCORD: list(settings.chat.discord_webhooks),
        ChannelKind.APPRISE: list(settings.chat.apprise_urls),
    }.get(to.kind)
    if names is not None and to.address not in names:
        known = ", ".join(names) or "none"
        raise typer.BadParameter(f"the settings have no {to.kind} called {to.address}, but {known}")
    try:
        validate_address(to)
    except UnclearChannelError as error:
        raise typer.BadParameter(str(error)) from None
    if to.kind is ChannelKind.EMAIL:
        _validate_server(to.address, settings)


def _validate_server(address: str, settings: "Settings") -> None:
    from keeper.alerts.channels.mail_address import mail_address
    from keeper.alerts.channels.reachable import takes_utf8
    from keeper.pipeline.services.configuration import smtp_config

    server = smtp_config(settings)
    if mail_address(address).needs_utf8 and server is not None and takes_utf8(server) is False:
        raise typer.BadParameter(
            f"{address} cannot be reached: the mail server takes only ASCII letters before the @ "
            "(it lacks SMTPUTF8)"
        )
