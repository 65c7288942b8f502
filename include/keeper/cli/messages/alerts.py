"""Commands of alerts: where they go, when, and what became of them."""

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import (
    AllDomainsOption,
    AnyDomainOption,
    DomainOption,
    JsonOption,
    LimitOption,
    SinceOption,
    UserOption,
)
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, refuse, user_address, zone_of
from keeper.cli.tables import clip, print_table
from keeper.cli.watches.products import listed_product, product_address

if TYPE_CHECKING:
    from keeper.domain.messages.delivery_clock import DeliveryRules
    from keeper.pipeline.watches.meant import MeantProduct
    from keeper.stores.postgres.connection import Connection
    from keeper.stores.postgres.messages.channels import KnownAlert

app = typer.Typer(help="Alerts: what was sent, to whom, and when it may be.", no_args_is_help=True)


@app.command("list")
def list_(
    domain: AnyDomainOption = None,
    since: SinceOption = None,
    limit: LimitOption = 20,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the latest alerts, the newest first, and what became of them on each channel.

    Example: keeper alerts list --since 7d --limit 5
    """
    from keeper.domain.site_money import site_money
    from keeper.stores.postgres.messages.channels import list_alerts

    email = user_address(user)
    with database() as connection:
        alerts = list_alerts(connection, email, most=limit, domain=domain, since=since)
        zone = zone_of(connection, email)
    if as_json:
        print_records(map(record_of, alerts))
        return
    if not alerts:
        if domain or since:
            typer.echo("No such alerts; without --domain and --since the latest are shown.")
            return
        typer.echo("No alerts so far. See when there would have been: keeper watch try")
        return
    rows = [
        (
            str(one.alert_id),
            time_text(one.raised_at, zone),
            f"{one.asin} {one.domain}",
            clip(one.title),
            "no offer" if one.price_minor is None else site_money(one.price_minor, one.domain),
            one.reason,
            _delivery(one),
        )
        for one in alerts
    ]
    print_table(
        ("alert", "raised", "product", "title", "price", "why", "delivery"),
        rows,
        numbers=("alert", "price"),
        cut=("title",),
        wrap=("why", "delivery"),
        drop=("title", "delivery", "raised"),
    )


def _delivery(alert: "KnownAlert") -> str:
    from keeper.domain.messages.queue import MessageStatus

    delivery = alert.channels or "no channel"
    if alert.status not in (MessageStatus.SENT, MessageStatus.CANCELLED) and alert.detail:
        return f"{delivery}: {alert.detail}"
    return delivery


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
        refuse(f"there is no alert {alert} of yours; see: keeper alerts list")
    dropped = f"; {done['dropped']} deliveries dropped" if done["dropped"] else ""
    typer.echo(f"alert {alert} acknowledged{dropped}")


@app.command()
def snooze(
    product: Annotated[
        str | None, typer.Argument(help="An ASIN or Amazon URL; without it everything.")
    ] = None,
    days: Annotated[
        float, typer.Option(help="For so many days; 0 ends a snooze.", min=0, max=3650)
    ] = 7,
    domain: DomainOption = None,
    all_domains: AllDomainsOption = False,
    user: UserOption = None,
) -> None:
    """Hold alerts for a while, of one product or all; what came meanwhile is sent together after.

    Example: keeper alerts snooze B00EXAMPLE --days 3
    """
    from keeper.clock import utc_now
    from keeper.stores.postgres.messages.channels import snooze_user

    until = utc_now() + timedelta(days=days) if days else None
    email = user_address(user)
    if product is None and (domain or all_domains):
        raise typer.BadParameter("without a product everything is meant: leave the locale out")
    address = None if product is None else product_address(product)
    with database() as connection:
        zone = zone_of(connection, email)
        if address is None:
            held = [("everything", snooze_user(connection, email, until))]
        else:
            meant = listed_product(connection, email, address, domain, everywhere=all_domains)
            held = _snoozed(connection, email, meant, until)
            if not held:
                series = " ".join((meant.asin, *meant.domains))
                refuse(f"{series} is not on the list of {email}; see: keeper watch list")
    for what, before in held:
        typer.echo(f"{what}: {_awake(before, zone)} → {_awake(until, zone)}")


def _snoozed(
    connection: "Connection", email: str, meant: "MeantProduct", until: datetime | None
) -> list[tuple[str, datetime | None]]:
    """Snooze the watches of a product; return each with until when it was snoozed before."""
    from keeper.stores.postgres.messages.channels import snooze_watches

    with connection.transaction():
        return [
            (f"{meant.asin} {watch.domain} {watch.price_type}", watch.before)
            for domain in meant.domains
            for watch in snooze_watches(connection, email, meant.asin, until, domain=domain)
        ]


def _awake(until: datetime | None, zone: str) -> str:
    if until is None or until <= datetime.now(UTC):
        return "awake"
    return f"snoozed until {time_text(until, zone)}"


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
        rules = before = delivery_rules(connection, email)
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
    for former, line in zip(_hours(before), _hours(rules), strict=True):
        typer.echo(line if former == line else f"{line} (before: {former})")
    if rules.snoozed_until is not None and rules.snoozed_until > datetime.now(UTC):
        typer.echo(f"everything is {_awake(rules.snoozed_until, rules.time_zone)}")


def _hours(rules: "DeliveryRules") -> tuple[str, str]:
    between = "none"
    if rules.quiet_from is not None and rules.quiet_until is not None:
        between = f"{rules.quiet_from:%H:%M} to {rules.quiet_until:%H:%M}"
    return (
        f"quiet hours: {between}, {rules.time_zone}",
        f"at most {rules.daily_cap} messages a day and channel, the others as a digest",
    )


def _quiet(text: str) -> tuple[time | None, time | None]:
    if text.strip().lower() == "none":
        return None, None
    try:
        begins, ends = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no span of a day; write 22:00-07:00") from None
    return begins, ends


def _zone(name: str) -> str:
    from keeper.pipeline.messages.wishes import UnclearTimeError, read_zone

    try:
        return read_zone(name)
    except UnclearTimeError as error:
        raise typer.BadParameter(str(error)) from None
