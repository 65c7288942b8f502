"""What adding a watch again changes: what its user gave, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from keeper.domain.locales import locale_of
from keeper.domain.money import format_money
from keeper.domain.prices.types import price_type_of, validate_with_shipping
from keeper.domain.watches.rule_texts import rule_text
from keeper.domain.watches.watch import (
    DEFAULT_PRICE_TYPE,
    Priority,
    Unsaid,
    Watch,
    WatchStatus,
)

STATUS_WORDS: Final = {
    WatchStatus.ACTIVE: "active",
    WatchStatus.PAUSED: "paused",
    WatchStatus.INACTIVE: "removed",
}


class UnclearWatchError(ValueError):
    """What was given fits none, or several, of the watches its user has of the product."""


@dataclass(frozen=True, slots=True)
class WatchChange:
    """A watch as it was and as it will be.

    Attributes:
        before: The user's former watch of the series, perhaps a removed one; None if it is new.
        after: The same with what was given, nothing left open.
    """

    before: Watch | None
    after: Watch

    def differences(self) -> list[str]:
        """Return what changes, each with its former and its new value; nothing for a new watch."""
        if self.before is None:
            return []
        former, new = _words(self.before), _words(self.after)
        return [
            f"{name}: {former[name]} → {new[name]}" for name in new if former[name] != new[name]
        ]


def change_of(asked: Watch, listed: Iterable[Watch]) -> WatchChange:
    """Return what a watch becomes that its user asks for.

    Without a price type the user's only watch of the product in that locale is meant; NEW if there
    are several or none. A paused watch stays paused unless a status is given. A removed one is
    active again, with what it had.

    Args:
        asked: The watch as it was typed.
        listed: The user's watches, removed ones included.

    Raises:
        ValueError: The price type is unclear, or does not go with what was given.
    """
    own = [w for w in listed if (w.asin, w.domain) == (asked.asin, asked.domain)]
    price_type = asked.price_type
    if Unsaid.PRICE_TYPE in asked.unsaid:
        price_type = _meant(asked, [w.price_type for w in own if w.status != WatchStatus.INACTIVE])
        if asked.with_shipping:
            validate_with_shipping(price_type_of(price_type))
    before = next((w for w in own if w.price_type == price_type), None)
    base = before or Watch(
        asked.asin, asked.domain, price_type, None, WatchStatus.ACTIVE, Priority.NORMAL, (), False
    )
    stays = Unsaid.STATUS in asked.unsaid and base.status != WatchStatus.INACTIVE
    after = replace(
        base,
        target_minor=base.target_minor if Unsaid.TARGET in asked.unsaid else asked.target_minor,
        status=base.status if stays else asked.status,
        priority=base.priority if asked.priority is None else asked.priority,
        rules=base.rules if asked.rules is None else asked.rules,
        with_shipping=base.with_shipping if asked.with_shipping is None else asked.with_shipping,
        tags=(base.tags or ()) if asked.tags is None else asked.tags,
    )
    if after.status == WatchStatus.ACTIVE and price_type_of(price_type).is_gone:
        raise UnclearWatchError(f"Keepa keeps no {price_type} prices any more")
    return WatchChange(before, after)


def _meant(asked: Watch, watched: list[str]) -> str:
    if not watched or DEFAULT_PRICE_TYPE in watched:
        return DEFAULT_PRICE_TYPE
    if len(watched) > 1:
        raise UnclearWatchError(
            f"{asked.asin} {asked.domain} is watched as {' and '.join(sorted(watched))}; "
            "say which price type, or NEW for a further watch"
        )
    return watched[0]


def _words(watch: Watch) -> dict[str, str]:
    currency = locale_of(watch.domain).currency
    target = watch.target_minor
    priority = Priority.NORMAL if watch.priority is None else watch.priority
    return {
        "target": "none" if target is None else format_money(target, currency),
        "rules": "; ".join(rule_text(rule, currency) for rule in watch.rules or ()) or "none",
        "status": STATUS_WORDS[watch.status],
        "priority": priority.name.lower(),
        "shipping": "counts" if watch.counts_shipping else "does not count",
        "tags": ", ".join(watch.tags or ()) or "none",
    }
