"""Commands of alerts: where they go, when, and what became of them."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated

import typer

from keeper.cli.options import DomainOption, MostOption, UserOption
from keeper.cli.session import database, user_address
from keeper.cli.tables import print_table

app = typer.Typer(help="Alerts: what was sent, to whom, and when it may be.", no_args_is_help=True)


@app.command("list")
def list_(
    user: UserOption = None,
    most: MostOption = 20,
) -> None:
    """Show the latest alerts and what became of them on each channel.

    Example: keeper alerts list --most 5
    """
    from keeper.domain.messages.queue import MessageStatus
    from keeper.domain.money import format_money
    from keeper.stores.postgres.messages.channels import list_alerts

    with database() as connection:
        alerts = list_alerts(connection, user_address(user), most=most)
    if not alerts:
        typer.echo("No alerts so far. See when there would have been: keeper watch try")
        return
    rows = []
    for one in alerts:
        minor = one.price_minor
        delivery = one.channels or "no channel"
        if one.status not in (MessageStatus.SENT, MessageStatus.CANCELLED) and one.detail:
            delivery += f": {one.detail}"
        rows.append(
            (
                str(one.alert_id),
                f"{one.raised_at:%Y-%m-%d %H:%M}",
                f"{one.asin} {one.domain} {(one.title or '')[:40]}".strip(),
                "no offer" if minor is None else format_money(minor, one.currency),
                one.reason,
                delivery,
            )
        )
    columns = ("alert", "raised", "product", "price", "why", "delivery")
    print_table(columns, rows, numbers=("alert", "price"))


@app.command()
def ack(
    alert: Annotated[int, typer.Argument(help="Its number; see keeper alerts list.")],
    user: UserOption = None,
) -> None:
    """Say that an alert was seen: further drops are not sent until the price has risen again.

    Example: keeper alerts ack 17
    """
    from keeper.stores.postgres.messages.channels import acknowledge

    with database() as connection:
        done = acknowledge(connection, user_address(user), alert)
    if done is None:
        typer.secho(f"there is no alert {alert} of yours", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)
    dropped = f"; {done['dropped']} deliveries dropped" if done["dropped"] else ""
    typer.echo(f"alert {alert} acknowledged{dropped}")


@app.command()
def snooze(
    product: Annotated[
        str | None, typer.Argument(help="An ASIN or Amazon URL; without it everything.")
    ] = None,
    days: Annotated[float, typer.Option(help="For so many days; 0 ends a snooze.", min=0)] = 7,
    domain: DomainOption = None,
    user: UserOption = None,
) -> None:
    """Hold alerts for a while, of one product or all; what came meanwhile is sent together after.

    Example: keeper alerts snooze B00EXAMPLE --days 3
    """
    from dataclasses import replace

    from keeper.clock import utc_now
    from keeper.domain.asins import parse_product_address
    from keeper.stores.postgres.messages.channels import (
        delivery_rules,
        save_delivery_rules,
        snooze_watches,
    )

    until = utc_now() + timedelta(days=days) if days else None
    email = user_address(user)
    with database() as connection:
        if product is None:
            rules = replace(delivery_rules(connection, email), snoozed_until=until)
            save_delivery_rules(connection, email, rules)
        else:
            try:
                address = parse_product_address(product)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from None
            where = domain or (address.locale.domain if address.locale else None)
            if not snooze_watches(connection, email, address.asin, until, domain=where):
                typer.secho(f"{address.asin} is not on the list", fg=typer.colors.RED, err=True)
                raise typer.Exit(1)
    what = product or "everything"
    typer.echo(f"{what}: snoozed until {until:%Y-%m-%d %H:%M} UTC" if until else f"{what}: awake")


@app.command()
def hours(
    quiet: Annotated[
        str | None, typer.Option(help='Nothing is delivered between, like "22:00-07:00"; none.')
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone, like Europe/Berlin.")] = None,
    cap: Annotated[
        int | None, typer.Option(help="Most messages a day and channel; the others as a digest.")
    ] = None,
    user: UserOption = None,
) -> None:
    """Show or set when alerts may come.

    Example: keeper alerts hours --quiet 22:00-07:00 --zone Europe/Berlin --cap 10
    """
    from dataclasses import replace

    from keeper.stores.postgres.messages.channels import delivery_rules, save_delivery_rules

    email = user_address(user)
    with database() as connection:
        rules = delivery_rules(connection, email)
        if quiet is not None:
            begins, ends = _quiet(quiet)
            rules = replace(rules, quiet_from=begins, quiet_until=ends)
        if zone is not None:
            rules = replace(rules, time_zone=_zone(zone))
        if cap is not None:
            if cap < 1:
                raise typer.BadParameter("at least one message a day: --cap 1")
            rules = replace(rules, daily_cap=cap)
        if (quiet, zone, cap) != (None, None, None):
            save_delivery_rules(connection, email, rules)
    between = "none"
    if rules.quiet_from is not None and rules.quiet_until is not None:
        between = f"{rules.quiet_from:%H:%M} to {rules.quiet_until:%H:%M}"
    typer.echo(f"quiet hours: {between}, {rules.time_zone}")
    typer.echo(f"at most {rules.daily_cap} messages a day and channel, the others as a digest")
    if rules.snoozed_until is not None and rules.snoozed_until > datetime.now(UTC):
        typer.echo(f"everything is snoozed until {rules.snoozed_until:%Y-%m-%d %H:%M} UTC")


def _quiet(text: str) -> tuple[time | None, time | None]:
    if text.strip().lower() == "none":
        return None, None
    try:
        begins, ends = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no span of a day; write 22:00-07:00") from None
    return begins, ends


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise typer.BadParameter(
            f"{name!r} is no time zone; write one like Europe/Berlin"
        ) from None
