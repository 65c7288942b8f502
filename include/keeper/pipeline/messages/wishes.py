"""How a person wants to be reached: quiet hours, daily cap, snoozes, daily report, language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from keeper.domain.messages.delivery_clock import DeliveryRules
from keeper.domain.users.access import Account
from keeper.domain.users.languages import Language
from keeper.pipeline.messages.inbox import NotThereError
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.reports import (
    ReportsWanted,
    reports_wanted,
    set_reports_wanted,
)
from keeper.stores.postgres.messages.channels import (
    delivery_rules,
    save_delivery_rules,
    snooze_watches,
)
from keeper.stores.postgres.users.accounts import language_of, lock_account, set_language
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_pages import find_watch

__all__ = [
    "DeliveryRules",
    "Language",
    "NotThereError",
    "ReportsWanted",
    "UnclearTimeError",
    "Wishes",
    "WishesChange",
    "change_wishes",
    "read_clock",
    "read_zone",
    "snooze_watch",
    "wishes_of",
]


class UnclearTimeError(ValueError):
    """What was given is no time of a day, or no time zone; one sentence says which."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """When somebody wants messages, when the daily report, and in which language."""

    rules: DeliveryRules
    reports: ReportsWanted
    language: Language


WishesChange = Callable[[Wishes], Wishes]


def read_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        UnclearTimeError: There is none of that name.
    """
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise UnclearTimeError(f"{name!r} is no time zone; write one like Europe/Berlin") from None


def read_clock(text: str) -> time:
    """Return a time of a day, such as 22:00.

    Raises:
        UnclearTimeError: It is none.
    """
    try:
        clock = time.fromisoformat(text.strip())
    except ValueError:
        raise UnclearTimeError(f"{text!r} is no time of a day; write 22:00") from None
    if clock.tzinfo is not None:
        raise UnclearTimeError(f"{text!r} has a zone of its own; write 22:00")
    return clock


def wishes_of(connection: Connection, account: Account) -> Wishes:
    """Return when a user wants to be reached."""
    return Wishes(
        delivery_rules(connection, account.email),
        reports_wanted(connection, account.email),
        language_of(connection, account.user_id),
    )


def change_wishes(connection: Connection, account: Account, change: WishesChange) -> Wishes:
    """Change when a user wants to be reached; what was held is looked at again.

    Raises:
        NotThereError: The user was removed meanwhile.
    """
    with connection.transaction():
        if lock_account(connection, account.user_id, ()) is None:
            raise NotThereError("this user was removed")
        before = wishes_of(connection, account)
        after = change(before)
        if after.rules != before.rules:
            save_delivery_rules(connection, account.email, after.rules)
        if after.reports != before.reports:
            set_reports_wanted(connection, account.email, after.reports)
        if after.language is not before.language:
            set_language(connection, account.user_id, after.language)
    return after


def snooze_watch(
    connection: Connection, account: Account, watch_id: int, until: datetime | None
) -> None:
    """Hold the alerts of a watch until a moment, None to let them out.

    Raises:
        NotThereError: The user may see no such watch, or it was removed.
    """
    with connection.transaction():
        found = find_watch(connection, visible_to(account), watch_id)
        if found is not None:
            watch = found.watched.watch
            held = snooze_watches(
                connection,
                found.email,
                watch.asin,
                until,
                domain=watch.domain,
                price_type=watch.price_type,
            )
            if held:
                return
        raise NotThereError(f"there is no watch {watch_id}")
