"""Watches as a program asks for them: seen, added, changed and removed by who may do so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keeper.domain.users.access import Account
from keeper.domain.users.limits import Limits
from keeper.domain.watches.tags import InvalidTagError, read_tags, tags_of
from keeper.domain.watches.watch import Unsaid, Watch, WatchStatus
from keeper.pipeline.users.limits import LimitReachedError, watches_within_limit
from keeper.pipeline.watches.typed import NOTHING, TypedWatch, read_watch
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.sparklines import Sparkline, SparklineSpan, watch_sparklines
from keeper.stores.postgres.row_counts import MOST_COUNTED
from keeper.stores.postgres.users.accounts import lock_account
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_list import Saved, SavedWatch, save_watches
from keeper.stores.postgres.watches.watch_pages import (
    BadPageStartError,
    PagedWatch,
    PageStart,
    PageWanted,
    PriceCondition,
    PriceIs,
    UsedTag,
    WatchFilter,
    WatchSort,
    count_watches,
    find_watch,
    used_tags,
    watch_page,
)

__all__ = [
    "NOTHING",
    "BadPageStartError",
    "ChangedWatch",
    "FoundWatches",
    "LimitReachedError",
    "PageStart",
    "PageWanted",
    "PagedWatch",
    "PriceCondition",
    "PriceIs",
    "Saved",
    "SparklineSpan",
    "UnclearWatchError",
    "UsedTag",
    "WatchFilter",
    "WatchGoneError",
    "WatchSort",
    "WatchText",
    "add_watch",
    "change_watch",
    "change_watches",
    "counted_watches_of",
    "remove_watch",
    "sparklines_of",
    "tags_in_use",
    "watch_of",
    "watches_of",
]


class UnclearWatchError(ValueError):
    """What was given is no watch; one sentence says why."""


class WatchGoneError(LookupError):
    """There is no such watch, or none that the user may see; they cannot learn which."""


@dataclass(frozen=True, slots=True)
class WatchText:
    """A watch in a person's words; None leaves what it has.

    keeper.pipeline.watches.typed says how each is read. `add_tags` and `remove_tags` change those
    that a watch has; a new watch has none to change.
    """

    domain: str | None = None
    price_type: str | None = None
    target: str | None = None
    status: str | None = None
    priority: str | None = None
    rules: str | None = None
    with_shipping: str | None = None
    tags: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedWatch:
    """A watch that was added or changed.

    Attributes:
        watch: As it is now.
        outcome: Whether it is new, changed or as before.
        changes: What changed, each with its former and its new value.
        note: How its product's address was read; None where that is plain.
    """

    watch: PagedWatch
    outcome: Saved
    changes: tuple[str, ...]
    note: str | None


def watches_of(connection: Connection, account: Account, wanted: PageWanted) -> list[PagedWatch]:
    """Return a page of the watches a user may see."""
    return watch_page(connection, visible_to(account), wanted)


@dataclass(frozen=True, slots=True)
class FoundWatches:
    """A page of watches, and how many there are in all, if that was asked for."""

    watches: list[PagedWatch]
    total: int | None


def counted_watches_of(
    connection: Connection, account: Account, wanted: PageWanted, *, with_total: bool
) -> FoundWatches:
    """Return a page of the watches a user may see, and if asked for how many there are in all."""
    visibility = visible_to(account)
    total = (
        count_watches(connection, visibility, wanted.where, most=MOST_COUNTED)
        if with_total
        else None
    )
    return FoundWatches(watch_page(connection, visibility, wanted), total)


def watch_of(connection: Connection, account: Account, watch_id: int) -> PagedWatch:
    """Return a watch, a removed one too.

    Raises:
        WatchGoneError: The user may see no such watch.
    """
    found = find_watch(connection, visible_to(account), watch_id)
    if found is None:
        raise WatchGoneError(f"there is no watch {watch_id}")
    return found


def add_watch(
    connection: Connection,
    account: Account,
    product: str,
    text: WatchText,
    limits: Limits | None = None,
) -> ChangedWatch:
    """Watch a product on the user's own list; adding it again changes what is given.

    Args:
        connection: Where the watch list is.
        account: Whose list.
        product: An ASIN or an address of a product at Amazon.
        text: What else is given.
        limits: How many there may be; None for as many as they like.

    Raises:
        UnclearWatchError: What was given is no watch.
        LimitReachedError: It would be one more than there may be.
        WatchGoneError: The user was removed meanwhile.
    """
    typed = _read(product, text)
    return _save(connection, account, account.user_id, account.email, typed, limits)


def change_watch(
    connection: Connection,
    account: Account,
    watch_id: int,
    text: WatchText,
    limits: Limits | None = None,
) -> ChangedWatch:
    """Change a watch the user may see, an operator another's too.

    Product, locale and price type stay: those of `text` do not count.

    Raises:
        UnclearWatchError: What was given cannot be.
        LimitReachedError: It was removed, and would be one more than there may be.
        WatchGoneError: The user may see no such watch.
    """
    with connection.transaction():
        found = _locked(connection, account, watch_id)
        watch = found.watched.watch
        meant = replace(
            text,
            domain=watch.domain,
            price_type=watch.price_type,
            # Else a removed watch would come back by whatever is changed.
            status=text.status or watch.status.value,
            tags=_changed_tags(watch, text),
        )
        typed = _read(watch.asin, meant)
        return _save(connection, account, found.user_id, found.email, typed, limits)


def change_watches(
    connection: Connection,
    account: Account,
    watch_ids: Sequence[int],
    text: WatchText,
    limits: Limits | None = None,
) -> list[ChangedWatch | ValueError | LookupError]:
    """Change several watches in one transaction; return what became of each, in their order.

    One that cannot be changed gives its error and changes nothing.
    """
    results: list[ChangedWatch | ValueError | LookupError] = []
    with connection.transaction():
        for watch_id in watch_ids:
            try:
                results.append(change_watch(connection, account, watch_id, text, limits))
            except (UnclearWatchError, LimitReachedError, WatchGoneError) as error:
                results.append(error)
    return results


def sparklines_of(
    connection: Connection, account: Account, watch_ids: Sequence[int], span: SparklineSpan
) -> list[Sparkline[int]]:
    """Return what the prices of watches a user may see did lately."""
    return watch_sparklines(connection, visible_to(account), watch_ids, span)


def remove_watch(connection: Connection, account: Account, watch_id: int) -> None:
    """Take a watch off its list; its history stays. One removed before stays removed.

    Raises:
        WatchGoneError: The user may see no such watch.
    """
    with connection.transaction():
        found = _locked(connection, account, watch_id)
        removed = replace(
            found.watched.watch,
            status=WatchStatus.INACTIVE,
            rules=None,
            with_shipping=None,
            tags=None,
            unsaid=frozenset({Unsaid.TARGET}),
        )
        typed = TypedWatch(removed, None, is_locale_assumed=False)
        _save(connection, account, found.user_id, found.email, typed)


def _locked(connection: Connection, account: Account, watch_id: int) -> PagedWatch:
    """Return a watch that nobody else changes until the transaction ends.

    Raises:
        WatchGoneError: The user may see no such watch.
    """
    found = watch_of(connection, account, watch_id)
    if lock_account(connection, found.user_id, ()) is None:
        raise WatchGoneError(f"there is no watch {watch_id}")
    # What it was before the lock may be out of date.
    return watch_of(connection, account, watch_id)


def _changed_tags(watch: Watch, text: WatchText) -> str | None:
    """Return the tags a watch is to have, as a person writes them; None leaves what it has."""
    if not text.add_tags and not text.remove_tags:
        return text.tags
    try:
        has = set(watch.tags or ()) if text.tags is None else set(_typed_tags(text.tags))
        kept = (has | set(tags_of(text.add_tags))) - set(tags_of(text.remove_tags))
        return ", ".join(tags_of(kept)) or NOTHING
    except InvalidTagError as error:
        raise UnclearWatchError(str(error)) from None


def _typed_tags(text: str) -> tuple[str, ...]:
    return () if text == NOTHING else read_tags(text)


def tags_in_use(connection: Connection, account: Account, user_id: int | None) -> list[UsedTag]:
    """Return the tags of the watches a user may see; only of one user's if given."""
    return used_tags(connection, visible_to(account), user_id=user_id)


def _read(product: str, text: WatchText) -> TypedWatch:
    try:
        return read_watch(
            product,
            domain=text.domain,
            price_type=text.price_type,
            target=text.target,
            status=text.status,
            priority=text.priority,
            rules=text.rules,
            with_shipping=text.with_shipping,
            tags=text.tags,
        )
    except ValueError as error:
        raise UnclearWatchError(str(error)) from None


def _save(
    connection: Connection,
    account: Account,
    user_id: int,
    email: str,
    typed: TypedWatch,
    limits: Limits | None = None,
) -> ChangedWatch:
    with connection.transaction():
        (saved,) = save_own(connection, account, user_id, email, [typed.watch], limits)
        if isinstance(saved, ValueError):
            raise UnclearWatchError(str(saved))
        return ChangedWatch(
            _saved_watch(connection, account, user_id, saved.change.after),
            saved.outcome,
            tuple(saved.change.differences()),
            typed.note,
        )


def save_own(
    connection: Connection,
    account: Account,
    user_id: int,
    email: str,
    watches: Sequence[Watch],
    limits: Limits | None = None,
) -> list[SavedWatch | ValueError]:
    """Save watches of a user who is there; to be called within a transaction.

    Raises:
        LimitReachedError: The user would have more than they may.
        WatchGoneError: The user was removed, and must not come back by this.
    """
    if lock_account(connection, user_id, ()) is None:
        raise WatchGoneError("this user was removed")
    with watches_within_limit(connection, account, user_id, limits):
        return save_watches(connection, email, watches)


def _saved_watch(
    connection: Connection, account: Account, user_id: int, watch: Watch
) -> PagedWatch:
    where = WatchFilter(
        statuses=None,
        domain=watch.domain,
        price_type=watch.price_type,
        asin=watch.asin,
        user_id=user_id,
    )
    (found,) = watch_page(connection, visible_to(account), PageWanted(where, most=1))
    return found
