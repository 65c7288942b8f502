"""Commands of the watch list."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.options import (
    AlertOption,
    DomainOption,
    FollowOption,
    ProductArgument,
    ShippingOption,
    TypeOption,
    UserOption,
)
from keeper.cli.session import database, user_address
from keeper.cli.tables import print_table

if TYPE_CHECKING:
    from keeper.domain.watches.watch import Watch, WatchStatus

_COLUMNS: Final = (
    "ASIN",
    "locale",
    "type",
    "title",
    "price",
    "target",
    "rules",
    "status",
    "last check",
)
app = typer.Typer(help="The watch list: what is checked, and at what price to alert.")


@app.command()
def add(
    product: ProductArgument,
    target: Annotated[
        str | None,
        typer.Option(help='Alert at or below this price, like 24.99 or 24,99; "none" for none.'),
    ] = None,
    domain: DomainOption = None,
    price_type: TypeOption = None,
    priority: Annotated[
        str | None,
        typer.Option(help="high, normal or low: what is checked first when tokens are short."),
    ] = None,
    alert: AlertOption = None,
    with_shipping: ShippingOption = None,
    follow: FollowOption = False,
    user: UserOption = None,
) -> None:
    """Watch a product; adding it again changes what is given and leaves the rest as it is.

    Example: keeper watch add https://www.amazon.de/dp/B00EXAMPLE --target 24.99
    --alert "20% below 90-day average" --alert "lowest ever and below 40"
    """
    from keeper.pipeline.watches.short_links import follow_short_link
    from keeper.pipeline.watches.typed import read_watch
    from keeper.stores.postgres.watches.watch_list import save_watches

    try:
        typed = read_watch(
            product,
            domain=domain,
            price_type=price_type,
            target=target,
            priority=priority,
            rules="; ".join(alert or ()),
            with_shipping=shipping_word(with_shipping),
            follow=follow_short_link if follow else None,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with database() as connection:
        (saved,) = save_watches(connection, user_address(user), [typed.watch])
    if isinstance(saved, ValueError):
        raise typer.BadParameter(str(saved))
    watch = saved.change.after
    typer.echo(f"{saved.outcome}: {watch.asin} {watch.domain} {watch.price_type}")
    note = [f"{typed.note}."] if typed.note else []
    stays = [f"It stays paused: keeper watch resume {watch.asin}"] if _is_paused(watch) else []
    for line in (
        *note,
        *saved.change.differences(),
        *sentences(watch),
        *stays,
        *cost_sentences([watch]),
    ):
        typer.echo(f"  {line}")


@app.command("list")
def list_(
    user: UserOption = None,
    inactive: Annotated[bool, typer.Option("--all", help="Removed ones too.")] = False,
) -> None:
    """Show the watch list with current prices and when each was last checked.

    Example: keeper watch list
    """
    from keeper.clock import utc_now
    from keeper.domain.prices.age import old_look, stale_after
    from keeper.domain.prices.types import price_type_of
    from keeper.settings import load_settings
    from keeper.stores.postgres.watches.watch_list import list_watches

    with database() as connection:
        watched = list_watches(connection, user_address(user), with_inactive=inactive)
    if not watched:
        typer.echo("Nothing is watched yet: keeper watch add ASIN --target 24.99")
        return
    policy = load_settings().runs.request_policy
    rows = []
    now = utc_now()
    for item in watched:
        checked = item.last_checked_at
        detail = price_type_of(item.watch.price_type).detail
        old_after = stale_after(policy.interval_of(detail))
        seen = "never" if checked is None else f"{checked:%Y-%m-%d %H:%M}"
        if why := item.kind.explain(item.variations):
            seen = why if checked is None else f"{seen}: {why}"
        elif checked is not None and now - checked > old_after:
            seen += " (stale)"
        elif looked := old_look(item.seen_at, checked, old_after):
            seen += f" (Keepa last looked on {looked:%Y-%m-%d %H:%M})"
        price = "" if checked is None else "no offer"
        if item.is_price_hidden:
            price = "price hidden"
        if item.price_minor is not None:
            price = _money(item.price_minor, item.watch.domain)
        if item.implausible:
            price += " ?"
        if item.source == "simulator":
            seen += " simulated"
        rows.append(
            (
                item.watch.asin,
                item.watch.domain,
                _type(item.watch.price_type),
                (item.title or "")[:48],
                price,
                _money(item.watch.target_minor, item.watch.domain)
                if item.watch.target_minor
                else "",
                _rules(item.watch),
                item.watch.status.value,
                seen,
            )
        )
    print_table(_COLUMNS, rows, numbers=("price", "target"))


@app.command()
def pause(
    product: ProductArgument,
    domain: DomainOption = None,
    price_type: TypeOption = None,
    user: UserOption = None,
) -> None:
    """Stop checking a product but keep its watch.

    Example: keeper watch pause B00EXAMPLE
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(product, WatchStatus.PAUSED, domain, price_type, user)


@app.command()
def resume(
    product: ProductArgument,
    domain: DomainOption = None,
    price_type: TypeOption = None,
    user: UserOption = None,
) -> None:
    """Check a paused product again.

    Example: keeper watch resume B00EXAMPLE
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(product, WatchStatus.ACTIVE, domain, price_type, user)


@app.command()
def remove(
    product: ProductArgument,
    domain: DomainOption = None,
    price_type: TypeOption = None,
    user: UserOption = None,
) -> None:
    """Take a product off the list; its history stays.

    Example: keeper watch remove B00EXAMPLE
    """
    from keeper.domain.watches.watch import WatchStatus

    _set_status(product, WatchStatus.INACTIVE, domain, price_type, user)


def _set_status(
    product: str,
    status: "WatchStatus",
    domain: str | None,
    price_type: str | None,
    user: str | None,
) -> None:
    from keeper.domain.asins import parse_product_address
    from keeper.stores.postgres.watches.watch_list import set_status

    try:
        address = parse_product_address(product)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with database() as connection:
        changed = set_status(
            connection,
            user_address(user),
            address.asin,
            status,
            domain=domain or (address.locale.domain if address.locale else None),
            price_type=price_type,
        )
    if not changed:
        typer.secho(f"{address.asin} is not on the list", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)
    typer.echo(f"{status.value.lower()}: {changed} watch(es) of {address.asin}")


def shipping_word(with_shipping: bool | None) -> str | None:
    """Return what a CSV cell would say."""
    return None if with_shipping is None else "yes" if with_shipping else "no"


def sentences(watch: "Watch") -> list[str]:
    """Return in plain words what a watch alerts for, and what of it changes nothing."""
    from keeper.domain.locales import locale_of
    from keeper.domain.prices.types import price_type_of
    from keeper.domain.watches.rule_texts import explain_all, shipping_note

    lines = explain_all(
        watch.rules or (),
        watch.target_minor,
        locale_of(watch.domain).currency,
        with_shipping=watch.counts_shipping,
        is_landed=price_type_of(watch.price_type).landed_since is not None,
    )
    note = shipping_note(watch)
    return lines if note is None else [*lines, f"Note: {note}."]


def _is_paused(watch: "Watch") -> bool:
    from keeper.domain.watches.watch import WatchStatus

    return watch.status is WatchStatus.PAUSED


def _type(name: str) -> str:
    from keeper.domain.prices.detail import Detail
    from keeper.domain.prices.types import price_type_of

    detail = price_type_of(name).detail
    return name if detail is Detail.BASIC else f"{name} ({detail.label})"


def cost_sentences(watches: "Sequence[Watch]") -> list[str]:
    """Return what watched price types that need more than a plain request cost."""
    from keeper.domain.prices.detail import Detail
    from keeper.domain.prices.types import detail_of
    from keeper.domain.watches.watch import WatchStatus

    watched: dict[tuple[str, str], list[str]] = {}
    for watch in watches:
        if watch.status is WatchStatus.ACTIVE:
            watched.setdefault((watch.domain, watch.asin), []).append(watch.price_type)
    counts = Counter(map(detail_of, watched.values()))
    return [
        detail.price_sentence
        if len(watches) == 1
        else f"{counts[detail]} of the products: {detail.price_sentence}"
        for detail in Detail
        if counts[detail] and detail is not Detail.BASIC
    ]


def _rules(watch: "Watch") -> str:
    from keeper.domain.locales import locale_of
    from keeper.domain.watches.rule_texts import rule_text

    currency = locale_of(watch.domain).currency
    lines = [rule_text(rule, currency) for rule in watch.rules or ()]
    if watch.counts_shipping:
        lines.append("(with shipping)")
    return "\n".join(lines)


def _money(minor: int, domain: str) -> str:
    from keeper.domain.locales import locale_of
    from keeper.domain.money import format_money

    return format_money(minor, locale_of(domain).currency)
