"""What commands say of a watch."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keeper.domain.watches.watch import Watch


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


def type_text(name: str) -> str:
    """Return a price type's name, with what it needs of Keepa if that costs more."""
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


def rules_text(watch: "Watch") -> list[str]:
    """Return the rules of a watch as they are written."""
    from keeper.domain.locales import locale_of
    from keeper.domain.watches.rule_texts import rule_text

    currency = locale_of(watch.domain).currency
    return [rule_text(rule, currency) for rule in watch.rules or ()]


def money_text(minor: int | None, domain: str) -> str:
    """Return an amount in a locale's currency; empty for none."""
    from keeper.domain.locales import locale_of
    from keeper.domain.money import format_money

    return "" if minor is None else format_money(minor, locale_of(domain).currency)
