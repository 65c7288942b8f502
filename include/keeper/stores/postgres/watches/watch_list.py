"""The watch list in PostgreSQL."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from keeper.domain.locales import locale_of
from keeper.domain.prices.types import price_type_of
from keeper.domain.product_kinds import ProductKind
from keeper.domain.tokens.candidates import WatchedProduct
from keeper.domain.watches.changes import WatchChange, change_of
from keeper.domain.watches.rule_texts import rule_text
from keeper.domain.watches.rules import AlertRule, InvalidRuleError, read_rules, write_rules
from keeper.domain.watches.watch import Priority, ProductToCheck, Watch, WatchedPrice, WatchStatus
from keeper.stores.postgres.connection import Connection, statements

_LOG: Final = logging.getLogger(__name__)
_SQL: Final = "watches"
_LIVELY_WINDOW: Final = timedelta(days=30)


class Saved(StrEnum):
    """What saving a watch did."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class SavedWatch:
    """What became of a watch that was to be saved.

    Attributes:
        outcome: What saving did.
        change: The watch before and after.
    """

    outcome: Saved
    change: WatchChange


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A watch whose status was set, with the status before and after."""

    domain: str
    price_type: str
    before: WatchStatus
    after: WatchStatus


@dataclass(frozen=True, slots=True)
class WatchedLocales:
    """Where a user watches a product, and where no more."""

    watched: tuple[str, ...]
    removed: tuple[str, ...]


def ensure_user(connection: Connection, email: str) -> int:
    """Return the id of the user with an address, who is made if new and then reads mail there."""
    row = connection.execute(statements(_SQL)["ensure_user"], {"email": email}).fetchone()
    if row is None:
        raise TypeError("INSERT … RETURNING gave no row")
    user_id: int = row["user_id"]
    connection.execute(statements(_SQL)["ensure_channel"], {"user_id": user_id, "email": email})
    return user_id


def save_watches(
    connection: Connection, email: str, watches: Iterable[Watch]
) -> list[SavedWatch | ValueError]:
    """Add or change watches of a user, all in one transaction; the user is made if new.

    What a watch leaves open stays as the user has it (keeper.domain.watches.changes).

    Returns:
        What became of each watch, in their order: an error, which changes nothing, for one that
        does not go with those the user has.
    """
    saved: list[SavedWatch | ValueError] = []
    with connection.transaction():
        user_id = ensure_user(connection, email)
        rows: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for row in connection.execute(statements(_SQL)["lock_watches_of"], {"user_id": user_id}):
            rows[row["asin"], row["domain"]].append(row)
        products: dict[tuple[str, str], dict[str, Watch]] = {}
        for asked in watches:
            product = asked.asin, asked.domain
            # Read only where it is needed: rules that are nonsense are logged.
            own = products.setdefault(
                product, {row["price_type"]: _watch(row) for row in rows.pop(product, ())}
            )
            try:
                change = change_of(asked, own.values())
            except ValueError as error:
                saved.append(error)
                continue
            own[change.after.price_type] = change.after
            has_rules = asked.rules is not None
            saved.append(SavedWatch(_save(connection, user_id, change.after, has_rules), change))
    return saved


def _save(connection: Connection, user_id: int, watch: Watch, has_rules: bool) -> Saved:
    """Write a watch; without rules given, its row keeps even those that cannot be read."""
    sql = statements(_SQL)
    rules = watch.rules or ()
    currency = locale_of(watch.domain).currency
    row = {
        "user_id": user_id,
        "asin": watch.asin,
        "domain": watch.domain,
        "price_type": watch.price_type,
        "target_minor": watch.target_minor,
        "status": watch.status.value,
        "priority": watch.priority,
        "rules": write_rules(rules) if has_rules else None,
        "rule_names": [rule_text(rule, currency) for rule in rules] if has_rules else None,
        "with_shipping": watch.counts_shipping,
        "tags": list(watch.tags or ()),
    }
    connection.execute(sql["forget_states_of_other_rules"], row)
    changed = connection.execute(sql["save_watch"], row).fetchone()
    if changed is None:
        return Saved.UNCHANGED
    return Saved.ADDED if changed["is_new"] else Saved.CHANGED


def _watch(row: Mapping[str, Any]) -> Watch:
    return Watch(
        row["asin"],
        row["domain"],
        row["price_type"],
        row["target_minor"],
        WatchStatus(row["status"]),
        Priority(row["priority"]),
        stored_rules(row["rules"]),
        row["with_shipping"] and price_type_of(row["price_type"]).has_shipping,
        tags=tuple(row["tags"]),
    )


def stored_rules(document: str) -> tuple[AlertRule, ...]:
    """Return rules as a watch has them; none, with a warning, if somebody has written nonsense."""
    try:
        return read_rules(document)
    except InvalidRuleError as error:
        _LOG.warning("rules of a watch are left out: %s; set them anew: keeper watch add", error)
        return ()


def list_watches(
    connection: Connection, email: str, *, with_inactive: bool = False
) -> list[WatchedPrice]:
    """Return a user's watches with their current prices, by locale, ASIN and price type."""
    rows = connection.execute(
        statements(_SQL)["list_watches"], {"email": email, "all": with_inactive}
    )
    return [watched_price(row) for row in rows]


def watched_price(row: Mapping[str, Any]) -> WatchedPrice:
    """Return a watch with its current price, as queries of the watch list give them."""
    return WatchedPrice(
        watch=_watch(row),
        title=row["title"],
        price_minor=row["price_minor"],
        # Only some ask for what the series has; a watch's locale says the same.
        currency=row.get("currency"),
        observed_at=row["observed_at"],
        last_checked_at=row["last_checked_at"],
        implausible=bool(row["implausible"]),
        source=row["source"],
        kind=ProductKind(row["kind"]) if row["kind"] else ProductKind.STANDARD,
        variations=tuple(row["variations"] or ()),
        seen_at=row["seen_at"],
        is_price_hidden=bool(row["is_price_hidden"]),
        shipping_minor=row["shipping_minor"],
    )


def watched_locales(connection: Connection, email: str, asin: str) -> WatchedLocales:
    """Return in which locales a user watches a product, in whichever price types."""
    found = connection.execute(
        statements(_SQL)["watched_locales"], {"email": email, "asin": asin}
    ).fetchall()
    return WatchedLocales(
        tuple(row["domain"] for row in found if row["is_watched"]),
        tuple(row["domain"] for row in found if not row["is_watched"]),
    )


def set_status(
    connection: Connection,
    email: str,
    asin: str,
    status: WatchStatus,
    *,
    domain: str | None = None,
    price_type: str | None = None,
) -> list[StatusChange]:
    """Set the status of a user's watches of a product and return each, changed or not."""
    rows = connection.execute(
        statements(_SQL)["set_status"],
        {
            "email": email,
            "asin": asin,
            "status": status.value,
            "domain": domain,
            "price_type": price_type,
        },
    ).fetchall()
    return [
        StatusChange(
            row["domain"],
            row["price_type"],
            WatchStatus(row["before"]),
            WatchStatus(row["after"]),
        )
        for row in rows
    ]


def count_watches_of(connection: Connection, price_type: str) -> int:
    """Return how many watches of a price type there are, removed ones left out."""
    row = connection.execute(
        statements(_SQL)["count_watches_of"], {"price_type": price_type}
    ).fetchone()
    return row["number"] if row else 0


def products_to_check(connection: Connection) -> list[ProductToCheck]:
    """Return every product somebody watches, by locale and ASIN, with what is stored of it."""
    sql = statements(_SQL)
    stored: defaultdict[tuple[str, str], dict[str, datetime]] = defaultdict(dict)
    for row in connection.execute(sql["newest_points"]):
        if row["observed_at"] is None:
            continue
        stored[row["asin"], row["domain"]][row["price_type"]] = row["observed_at"]
    histories = {
        (row["asin"], row["domain"]): tuple(row["price_types"])
        for row in connection.execute(sql["published_histories"])
    }
    return [
        ProductToCheck(
            row["asin"],
            row["domain"],
            row["targets"],
            stored[row["asin"], row["domain"]],
            histories.get((row["asin"], row["domain"]), ()),
        )
        for row in connection.execute(sql["products_to_check"])
    ]


def mark_histories_published(
    connection: Connection, run_id: str, series: Iterable[tuple[str, str, str]]
) -> None:
    """Note that `price-backfill` has all of the history of series (ASIN, domain, price type)."""
    rows = [(*key, run_id) for key in series]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statements(_SQL)["mark_history_published"], rows)


def touch_in_vain(connection: Connection, asked: Mapping[tuple[str, str, str], datetime]) -> None:
    """Note that watched series were asked for, and Keepa did not deliver them.

    They are no checks, but what was asked for in vain comes before nothing else.

    Args:
        connection: Where the watch list is.
        asked: By ASIN, domain and price type, when they were asked for.
    """
    rows = [(moment, *key, moment) for key, moment in sorted(asked.items())]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statements(_SQL)["touch_in_vain"], rows)


def touch_without_history(
    connection: Connection, checked: Mapping[tuple[str, str, str], datetime]
) -> None:
    """Note checks of watched series Keepa has never had a price for.

    Args:
        connection: Where the watch list is.
        checked: By ASIN, domain and price type, when they were checked.
    """
    rows = [(moment, *key, moment) for key, moment in sorted(checked.items())]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statements(_SQL)["touch_without_history"], rows)


def watched_products(connection: Connection, *, at: datetime) -> list[WatchedProduct]:
    """Return every product somebody watches with what makes its next check worth tokens."""
    rows = connection.execute(
        statements(_SQL)["watched_products"], {"changed_since": at - _LIVELY_WINDOW}
    )
    return [
        WatchedProduct(
            row["asin"],
            row["domain"],
            dict(zip(row["price_types"], row["checked_at"], strict=True)),
            row["distance"],
            row["changes"],
            row["priority"],
            ProductKind(row["kind"]) if row["kind"] else ProductKind.STANDARD,
            row["misses"] or 0,
            row["asked_at"],
            row["owners"],
        )
        for row in rows
    ]
