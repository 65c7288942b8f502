"""Commands about the rules of watches: which there are, and what alerts they would have raised."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import (
    AlertOption,
    DomainOption,
    JsonOption,
    ProductArgument,
    ShippingOption,
    TypeOption,
    UserOption,
)
from keeper.cli.records import print_records, record_of
from keeper.cli.session import database, user_address, zone_of
from keeper.cli.tables import harmless, print_table
from keeper.cli.watches.products import product_or_short_link, product_to_add
from keeper.cli.watches.texts import sentences, shipping_word

if TYPE_CHECKING:
    from keeper.domain.watches.watch import Watch
    from keeper.pipeline.watches.try_rules import Trial
    from keeper.stores.postgres.connection import Connection


def rules(
    text: Annotated[
        str | None, typer.Argument(help="A rule to explain; without it all forms are shown.")
    ] = None,
    domain: DomainOption = None,
) -> None:
    """Show how rules are written, or say in a sentence what one means.

    Example: keeper watch rules "lowest in 90 days and below 50"
    """
    from keeper.domain.locales import locale_of
    from keeper.domain.watches.rule_texts import EXAMPLES, explain, parse_rule

    try:
        currency = locale_of(domain or "us").currency
        lines = [text] if text else [*EXAMPLES, "lowest in 90 days and below 50"]
        for line in lines:
            sentence = explain(parse_rule(line, currency), currency)
            typer.echo(harmless(sentence if text else f"{line:<32} {sentence}"))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def try_(
    product: ProductArgument,
    target: Annotated[str | None, typer.Option(help="A target to try, like 24.99.")] = None,
    alert: AlertOption = None,
    with_shipping: ShippingOption = None,
    domain: DomainOption = None,
    price_type: TypeOption = None,
    days: Annotated[int, typer.Option(help="How far back to try.", min=1, max=3650)] = 365,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say when a watch would have alerted, by what is stored of the product; changes nothing.

    Without --target and --alert the product's watch is tried as it is.
    Example: keeper watch try B00EXAMPLE --alert "lowest in 90 days" --days 365
    """
    from keeper.clock import utc_now
    from keeper.domain.locales import locale_of
    from keeper.pipeline.watches.try_rules import try_rules
    from keeper.pipeline.watches.typed import read_watch

    address, email = product_or_short_link(product), user_address(user)
    with database() as connection:
        meant = product_to_add(connection, email, address, domain) if address else None
        try:
            watch = read_watch(
                product,
                domain=meant.domains[0] if meant else domain,
                price_type=price_type,
                target=target,
                rules="; ".join(alert or ()),
                with_shipping=shipping_word(with_shipping),
            ).watch
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if not watch.alerts:
            watch = _listed(connection, email, watch)
        trial = try_rules(connection, watch, since=utc_now() - timedelta(days=days))
        zone = zone_of(connection, email)
    if as_json:
        currency = locale_of(watch.domain).currency
        print_records(record_of(one, currency=currency) for one in trial.alerts)
        return
    if meant and meant.note:
        typer.echo(harmless(meant.note))
    _show(watch, trial, days, zone)


def _listed(connection: "Connection", email: str, asked: "Watch") -> "Watch":
    """Return the user's own watch of the product."""
    from keeper.domain.watches.changes import change_of
    from keeper.stores.postgres.watches.watch_list import list_watches

    try:
        listed = [item.watch for item in list_watches(connection, email)]
        found = change_of(asked, listed).before
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if found is None:
        key = f"{asked.asin} {asked.domain} {asked.price_type}"
        raise typer.BadParameter(f"{key} is not on the list of {email}; give --target or --alert")
    if not found.alerts:
        raise typer.BadParameter(
            f"the watch of {asked.asin} alerts for nothing; give --target or --alert"
        )
    return found


def _show(watch: "Watch", trial: "Trial", days: int, zone: str) -> None:
    from keeper.domain.site_money import site_money

    for line in sentences(watch):
        typer.echo(line)
    if trial.known_since is None:
        typer.echo(
            f"Nothing is stored of {watch.asin} {watch.domain} {watch.price_type}: watch it first, "
            "its first check brings its history."
        )
        return
    count = len(trial.alerts)
    times = {0: "not once", 1: "once"}.get(count, f"{count} times")
    typer.echo(f"Would have alerted {times} in the last {days} days.")
    if trial.alerts:
        rows = [
            (
                time_text(one.at, zone),
                "no offer"
                if one.price_minor is None
                else site_money(one.price_minor, watch.domain),
                "; ".join(one.reasons),
            )
            for one in trial.alerts
        ]
        print_table(("when", "price", "why"), rows, numbers=("price",), wrap=("why",))
    typer.echo(f"Its prices are known since {time_text(trial.known_since, zone)}.")
