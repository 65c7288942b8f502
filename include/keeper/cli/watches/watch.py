"""Commands of the watch list."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.options import (
    AlertOption,
    DomainOption,
    ProductArgument,
    ShippingOption,
    TypeOption,
    UserOption,
)
from keeper.cli.session import database, user_address
from keeper.cli.tables import print_table

if TYPE_CHECKING:
    from keeper.domain.watches.watch import Watch, WatchStatus
    from keeper.pipeline.watches.csv_file import RowError

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
    user: UserOption = None,
) -> None:
    """Watch a product; adding it again changes what is given and leaves the rest as it is.

    Example: keeper watch add https://www.amazon.de/dp/B00EXAMPLE --target 24.99
    --alert "20% below 90-day average" --alert "lowest ever and below 40"
    """
    from keeper.pipeline.watches.typed import read_watch
    from keeper.stores.postgres.watches.watch_list import save_watches

    try:
        watch = read_watch(
            product,
            domain=domain,
            price_type=price_type,
            target=target,
            priority=priority,
            rules="; ".join(alert or ()),
            with_shipping=shipping_word(with_shipping),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with database() as connection:
        (saved,) = save_watches(connection, user_address(user), [watch])
    if isinstance(saved, ValueError):
        raise typer.BadParameter(str(saved))
    watch = saved.change.after
    typer.echo(f"{saved.outcome}: {watch.asin} {watch.domain} {watch.price_type}")
    stays = [f"It stays paused: keeper watch resume {watch.asin}"] if _is_paused(watch) else []
    for line in (*saved.change.differences(), *sentences(watch), *stays, *_prices([watch])):
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
    from keeper.settings import load_settings
    from keeper.stores.postgres.watches.watch_list import list_watches

    with database() as connection:
        watched = list_watches(connection, user_address(user), with_inactive=inactive)
    if not watched:
        typer.echo("Nothing is watched yet: keeper watch add ASIN --target 24.99")
        return
    stale_after = 2 * load_settings().runs.check_interval_h * 3600
    rows = []
    now = utc_now()
    for item in watched:
        checked = item.last_checked_at
        seen = "never" if checked is None else f"{checked:%Y-%m-%d %H:%M}"
        if why := item.kind.explain(item.variations):
            seen = why if checked is None else f"{seen}: {why}"
        elif checked is not None and (now - checked).total_seconds() > stale_after:
            seen += " (stale)"
        price = "" if checked is None else "no offer"
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


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV file, - for standard input.")],
    user: UserOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the rows; change nothing.")
    ] = False,
) -> None:
    """Add watches from CSV; bad rows are named by line, the others are imported all the same.

    Columns: asin (or Amazon URL), domain, price_type, target_price, status, priority, rules (with
    semicolons between), with_shipping; only asin is needed. A blank leaves what a watch there is
    already has; "none" removes its target or rules.
    Exit code 1 if a row was bad. Example: keeper watch import watches.csv --dry-run
    """
    from keeper.domain.watches.rule_texts import shipping_note
    from keeper.pipeline.watches.csv_file import RowError, read_watches
    from keeper.stores.postgres.watches.watch_list import save_watches

    if str(file) == "-":
        rows = list(read_watches(sys.stdin))
    else:
        try:
            with file.open(encoding="utf-8-sig", newline="") as opened:
                rows = list(read_watches(opened))
        except OSError as error:
            raise typer.BadParameter(f"cannot read {file}: {error.strerror}") from None
    good = [row for row in rows if not isinstance(row, RowError)]
    watches = [row.watch for row in good]
    for note, count in Counter(filter(None, map(shipping_note, watches))).items():
        typer.echo(f"note: {note} ({count} row{'s' if count > 1 else ''})")
    errors = [row for row in rows if isinstance(row, RowError)]
    for bad in errors:
        _say_bad(bad)
    if dry_run:
        for row in good:
            if said := sentences(row.watch):
                _say(row.line, row.watch, " ".join(said))
        typer.echo(f"dry run: {len(watches)} rows are good, {len(errors)} bad; nothing was changed")
    else:
        saved: Counter[str] = Counter()
        with database() as connection:
            results = save_watches(connection, user_address(user), [row.watch for row in good])
        watches = []
        for row, result in zip(good, results, strict=True):
            if isinstance(result, ValueError):
                errors.append(RowError(row.line, str(result)))
                _say_bad(errors[-1])
                continue
            watches.append(result.change.after)
            saved[result.outcome] += 1
            if different := result.change.differences():
                _say(row.line, watches[-1], ", ".join(different))
        done = ", ".join(f"{count} {name}" for name, count in sorted(saved.items())) or "0 added"
        typer.echo(f"{done}, {len(errors)} bad")
    for line in _prices(watches):
        typer.echo(line)
    if errors:
        raise typer.Exit(1)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="CSV file, - for standard output.")] = Path("-"),
    user: UserOption = None,
) -> None:
    """Write the watch list as CSV that import reads back.

    Example: keeper watch export watches.csv
    """
    from keeper.pipeline.watches.csv_file import write_watches
    from keeper.stores.postgres.watches.watch_list import list_watches

    with database() as connection:
        watches = [item.watch for item in list_watches(connection, user_address(user))]
    if str(file) == "-":
        write_watches(sys.stdout, watches)
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            write_watches(opened, watches)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {file}: {error.strerror}") from None
    typer.echo(f"{len(watches)} watches written to {file}")


def _say(line: int, watch: "Watch", text: str) -> None:
    typer.echo(f"line {line}: {watch.asin} {watch.domain} {watch.price_type}: {text}")


def _say_bad(row: "RowError") -> None:
    typer.secho(f"line {row.line}: {row.reason}", fg=typer.colors.RED, err=True)


def _set_status(
    product: str,
    status: "WatchStatus",
    domain: str | None,
    price_type: str | None,
    user: str | None,
) -> None:
    from keeper.domain.asins import parse_product_address
    from keeper.domain.locales import locale_of
    from keeper.domain.prices.types import price_type_of
    from keeper.stores.postgres.watches.watch_list import set_status

    try:
        address = parse_product_address(product)
        locale = locale_of(domain.lower()) if domain else address.locale
        kind = price_type_of(price_type.upper()).name if price_type else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with database() as connection:
        changed = set_status(
            connection,
            user_address(user),
            address.asin,
            status,
            domain=locale.domain if locale else None,
            price_type=kind,
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


def _prices(watches: "Sequence[Watch]") -> list[str]:
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
