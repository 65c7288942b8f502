"""Commands of channels: where alerts go."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import UserOption
from keeper.cli.session import database, user_address
from keeper.cli.tables import print_table

if TYPE_CHECKING:
    from keeper.domain.messages.queue import Address, DeliveryResult
    from keeper.settings import Settings

app = typer.Typer(help="Where alerts go.", no_args_is_help=True)

KindArgument = Annotated[str, typer.Argument(help="email, telegram, discord or apprise.")]
ChannelArgument = Annotated[
    str,
    typer.Argument(
        help="An e-mail address, a Telegram chat id, or a name from the settings: main for "
        "DISCORD_WEBHOOK, others from KEEPER_DISCORD_WEBHOOKS and KEEPER_APPRISE_URLS."
    ),
]


@app.command("list")
def list_(user: UserOption = None) -> None:
    """Show where alerts go, and how that went so far.

    Example: keeper channels list
    """
    from keeper.pipeline.services.configuration import channels
    from keeper.settings import load_settings
    from keeper.stores.postgres.messages.channels import list_channels

    ready = channels(load_settings())
    with database() as connection:
        found = list_channels(connection, user_address(user))
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
            one.says or "",
        )
        for one in found
    ]
    numbers = ("sent", "waiting", "failed", "unknown")
    print_table(("kind", "address", "status", *numbers, "last answer"), rows, numbers=numbers)


@app.command()
def add(kind: KindArgument, address: ChannelArgument, user: UserOption = None) -> None:
    """Send alerts there too.

    Example: keeper channels add telegram 4711
    """
    from keeper.settings import load_settings
    from keeper.stores.postgres.messages.channels import save_channel

    to = _address(kind, address)
    _check_name(to, load_settings())
    with database() as connection:
        is_new = save_channel(connection, user_address(user), to)
    typer.echo(
        f"{'added' if is_new else 'active'}: {to}; try it: keeper channels test {kind} {address}"
    )


@app.command()
def pause(kind: KindArgument, address: ChannelArgument, user: UserOption = None) -> None:
    """Send nothing there any more; add it again to go on.

    Example: keeper channels pause email you@example.org
    """
    from keeper.stores.postgres.messages.channels import set_channel_active

    to = _address(kind, address)
    with database() as connection:
        if not set_channel_active(connection, user_address(user), to, active=False):
            typer.secho(f"{to} is none of your channels", fg=typer.colors.RED, err=True)
            raise typer.Exit(1)
    typer.echo(f"paused: {to}")


@app.command()
def test(kind: KindArgument, address: ChannelArgument) -> None:
    """Send a message there to see that it arrives; exit 1 if it does not.

    Example: keeper channels test discord main
    """
    from keeper.domain.messages.queue import DeliveryStatus
    from keeper.settings import load_settings

    to = _address(kind, address)
    result = _send_test(to, load_settings())
    typer.echo(f"{to}: {result.status.value.lower().replace('_', ' ')}: {result.detail}")
    if result.status is not DeliveryStatus.SENT:
        raise typer.Exit(1)


def _send_test(to: "Address", settings: "Settings") -> "DeliveryResult":
    from keeper.alerts.message import Message
    from keeper.clock import utc_now
    from keeper.pipeline.messages.deliver import not_configured
    from keeper.pipeline.services.configuration import channels

    channel = channels(settings).get(to.kind)
    if channel is None:
        return not_configured(to)
    now = utc_now()
    message = Message(
        key=f"test-{now:%Y%m%d%H%M%S%f}",
        subject="Keeper can reach you here",
        lead="This is a test: price alerts will come to this place.",
        sections=(),
        made_at=now,
    )
    return channel.deliver(to.address, message)


def _address(kind: str, address: str) -> "Address":
    from keeper.domain.messages.queue import Address, ChannelKind

    kinds = [one.value for one in ChannelKind]
    if kind.lower() not in kinds:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(kinds)}")
    if not address.strip() or "://" in address:
        raise typer.BadParameter(
            "an address is not a URL: put it into the settings under a name, and give the name"
        )
    return Address(ChannelKind(kind.lower()), address.strip())


def _check_name(to: "Address", settings: "Settings") -> None:
    """Refuse a name the settings do not have, while the mistake is easily mended."""
    from keeper.domain.messages.queue import ChannelKind

    names = {
        ChannelKind.DISCORD: list(settings.chat.discord_webhooks),
        ChannelKind.APPRISE: list(settings.chat.apprise_urls),
    }.get(to.kind)
    if names is not None and to.address not in names:
        known = ", ".join(names) or "none"
        raise typer.BadParameter(f"the settings have no {to.kind} called {to.address}, but {known}")
    if to.kind is ChannelKind.EMAIL and "@" not in to.address.strip("@"):
        raise typer.BadParameter(f"{to.address!r} is not an e-mail address")
