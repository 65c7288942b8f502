"""`keeper watch list`: the watch list, or the part of it that is asked for."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import AnyDomainOption, JsonOption, TypeOption, UserOption
from keeper.cli.records import print_records, with_amounts
from keeper.cli.session import database, user_address, zone_of
from keeper.cli.tables import clip, print_table
from keeper.cli.watches.texts import money_text, rules_text, type_text
from keeper.pipeline.watches.selection import WatchOrder, WatchSelection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from keeper.domain.tokens.candidates import RequestPolicy
    from keeper.domain.watches.watch import WatchedPrice, WatchStatus

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
    "tags",
)
_DROP: Final = ("tags", "status", "type", "locale", "rules", "last check", "title", "target")


def _statuses(given: list[str] | None) -> list[str] | None:
    """Return the names of the statuses that were typed in whatever case, or in words."""
    from keeper.domain.watches.changes import STATUS_WORDS

    by_word = {word: status.value for status, word in STATUS_WORDS.items()}
    names = [by_word.get(text.strip().lower(), text.strip().upper()) for text in given or ()]
    for text, name in zip(given or (), names, strict=True):
        if name not in by_word.values():
            raise typer.BadParameter(f"{text!r} is no status; choose active, paused or removed")
    return names or None


def _tags(given: list[str] | None) -> list[str] | None:
    """Return tags as they are kept, however they were typed."""
    from keeper.domain.watches.tags import InvalidTagError, tags_of

    try:
        return list(tags_of(given or ())) or None
    except InvalidTagError as error:
        raise typer.BadParameter(str(error)) from None


def list_(
    words: Annotated[
        list[str] | None, typer.Argument(help="Only with these words in title or ASIN.")
    ] = None,
    domain: AnyDomainOption = None,
    price_type: TypeOption = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            help="active, paused or removed; repeatable.",
            show_default="active and paused",
            callback=_statuses,
        ),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only with this tag; repeatable.", callback=_tags)
    ] = None,
    below_target: Annotated[
        bool, typer.Option("--below-target", help="Only what costs no more than its target.")
    ] = False,
    sort: Annotated[
        WatchOrder, typer.Option(help="What comes first; distance is from price to target.")
    ] = WatchOrder.PRODUCT,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "--most", help="At most so many.", min=1, show_default="all"),
    ] = None,
    inactive: Annotated[bool, typer.Option("--all", help="Removed ones too.")] = False,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the watch list with current prices and when each was last checked.

    Example: keeper watch list keyboard --domain de --below-target --sort distance --limit 20
    """
    from keeper.domain.watches.watch import WatchStatus
    from keeper.settings import load_settings
    from keeper.stores.postgres.watches.watch_list import list_watches

    selection = WatchSelection(
        words=" ".join(words or ()),
        domain=domain,
        price_type=price_type,
        statuses=_wanted(status, with_removed=inactive),
        tags=tuple(tag or ()),
        is_below_target=below_target,
        order=sort,
    )
    email = user_address(user)
    with database() as connection:
        everything = list_watches(connection, email, with_inactive=True)
        zone = zone_of(connection, email)
    found = selection.of(everything)
    if as_json:
        print_records(map(_record, found[:limit]))
        return
    listed = [item for item in everything if item.watch.status is not WatchStatus.INACTIVE]
    if not found:
        typer.echo(_nothing(len(listed)))
        return
    policy = load_settings().runs.request_policy
    columns = _COLUMNS if any(item.watch.tags for item in found[:limit]) else _COLUMNS[:-1]
    rows = [_row(item, policy, zone)[: len(columns)] for item in found[:limit]]
    # What is the same in every row says least.
    drop = [name for name in _DROP if name in columns]
    drop.sort(key=lambda name: len({row[columns.index(name)] for row in rows}) > 1)
    print_table(
        columns,
        rows,
        numbers=("price", "target"),
        cut=("title",),
        wrap=[name for name in ("rules", "last check", "tags") if name in columns],
        drop=drop,
    )
    typer.echo(_counted(len(rows), len(found), everything))


def _wanted(names: list[str] | None, *, with_removed: bool) -> "frozenset[WatchStatus]":
    from keeper.domain.watches.watch import WatchStatus

    if names:
        return frozenset(map(WatchStatus, names))
    kept = {WatchStatus.ACTIVE, WatchStatus.PAUSED}
    return frozenset(kept | ({WatchStatus.INACTIVE} if with_removed else set()))


def _nothing(listed: int) -> str:
    if listed:
        return f"None of {listed} watches is so; without options all are shown."
    return "Nothing is watched yet: keeper watch add ASIN --target 24.99"


def _counted(shown: int, found: int, everything: "Sequence[WatchedPrice]") -> str:
    """Return how many watches are shown, and how many are not and why."""
    said = f"{found} watch{'' if found == 1 else 'es'}"
    if shown < found:
        said = f"{shown} of {said}; --limit {found} shows all"
    if others := len(everything) - found:
        are = "is" if others == 1 else "are"
        said += f". {others} more {are} left out by status or another option."
    return said


def _row(item: "WatchedPrice", policy: "RequestPolicy", zone: str) -> tuple[str, ...]:
    from keeper.clock import utc_now

    watch = item.watch
    price = "" if item.last_checked_at is None else "no offer"
    if item.is_price_hidden:
        price = "price hidden"
    if item.price_minor is not None:
        price = money_text(item.price_minor, watch.domain)
    rules = [*rules_text(watch), *(["(with shipping)"] if watch.counts_shipping else [])]
    return (
        watch.asin,
        watch.domain,
        type_text(watch.price_type),
        clip(item.title),
        f"{price} ?" if item.implausible else price,
        money_text(watch.target_minor, watch.domain),
        "\n".join(rules),
        watch.status.value,
        _checked(item, policy, zone, utc_now()),
        ", ".join(watch.tags or ()),
    )


def _checked(item: "WatchedPrice", policy: "RequestPolicy", zone: str, now: "datetime") -> str:
    """Return when a watch was last checked, and what of that a reader should know."""
    from keeper.domain.prices.age import old_look, stale_after
    from keeper.domain.prices.types import price_type_of

    checked = item.last_checked_at
    old_after = stale_after(policy.interval_of(price_type_of(item.watch.price_type).detail))
    seen = time_text(checked, zone, never="never")
    if why := item.kind.explain(item.variations):
        seen = why if checked is None else f"{seen}: {why}"
    elif checked is not None and now - checked > old_after:
        seen += " (stale)"
    elif looked := old_look(item.seen_at, checked, old_after):
        seen += f" (Keepa last looked on {time_text(looked, zone)})"
    return f"{seen} simulated" if item.source == "simulator" else seen


def _record(item: "WatchedPrice") -> dict[str, object]:
    from keeper.domain.locales import locale_of
    from keeper.domain.watches.watch import Priority

    watch = item.watch
    currency = locale_of(watch.domain).currency
    record = {
        "asin": watch.asin,
        "domain": watch.domain,
        "price_type": watch.price_type,
        "title": item.title,
        "currency": currency,
        "price_minor": item.price_minor,
        "shipping_minor": item.shipping_minor,
        "target_minor": watch.target_minor,
        "rules": rules_text(watch),
        "with_shipping": watch.counts_shipping,
        "tags": watch.tags or (),
        "status": watch.status,
        "priority": Priority.NORMAL if watch.priority is None else watch.priority,
        "observed_at": item.observed_at,
        "last_checked_at": item.last_checked_at,
        "seen_at": item.seen_at,
        "implausible": item.implausible,
        "is_price_hidden": item.is_price_hidden,
        "kind": item.kind,
        "variations": item.variations,
        "source": item.source,
    }
    return with_amounts(record, currency)
