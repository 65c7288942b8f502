"""A watch as somebody types it: in a command or in a row of a file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from keeper.domain.asins import ProductAddress, ShortLinkError, parse_product_address
from keeper.domain.locales import locale_of
from keeper.domain.money import read_amount
from keeper.domain.plain_text import plain_text
from keeper.domain.prices.types import PriceType, price_type_of, validate_with_shipping
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.rules import AlertRule
from keeper.domain.watches.tags import read_tags
from keeper.domain.watches.watch import (
    DEFAULT_DOMAIN,
    DEFAULT_PRICE_TYPE,
    Priority,
    Unsaid,
    Watch,
    WatchStatus,
)

NOTHING: Final = "none"
"""Removes a target or all rules, where a blank would leave them as they are."""
_YES: Final = "yes true 1 ja wahr oui vrai sí si verdadero sim verdadeiro vero".split()
_NO: Final = "no false 0 nein falsch non faux falso não nao".split()
_YES_OR_NO: Final = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
"""Spreadsheets write what is true in their own language."""


@dataclass(frozen=True, slots=True)
class TypedWatch:
    """A watch, what to say of how its product was read, and whether its locale was assumed.

    The note is None where there is nothing to say.
    """

    watch: Watch
    note: str | None
    is_locale_assumed: bool


def read_watch(
    address: str,
    *,
    domain: str | None = None,
    price_type: str | None = None,
    target: str | None = None,
    status: str | None = None,
    priority: str | None = None,
    rules: str | None = None,
    with_shipping: str | None = None,
    tags: str | None = None,
    follow: Callable[[str], str] | None = None,
) -> TypedWatch:
    """Check what a person typed and return the watch it means, with a note for them.

    Args:
        address: An ASIN or an Amazon product URL, whose locale serves if `domain` is blank.
        domain: Keeper's locale name; "us" if neither it nor the URL says.
        price_type: Keepa's name; blank for the one there is, see keeper.domain.watches.changes.
        target: Target in the currency's main unit, see keeper.domain.money; "none" for none, blank
            leaves it as it is.
        status: ACTIVE, PAUSED or INACTIVE; blank leaves it as it is, ACTIVE for a new watch.
        priority: HIGH, NORMAL or LOW; blank leaves it as it is.
        rules: What else to alert for, separated by semicolons, in the words of
            keeper.domain.watches.rule_texts; "none" for nothing, blank leaves them as they are.
        with_shipping: Whether prices count with shipping, yes or no; blank leaves it as it is. A
            series without shipping has no yes; see keeper.domain.watches.rule_texts.shipping_note
            for those that include it already.
        tags: Words of one's own, separated by commas or semicolons; "none" for none, blank leaves
            them as they are.
        follow: Returns the address a short link leads to; without it a short link is refused.

    Raises:
        ValueError: With one sentence that says what is wrong.
    """
    product = _product(address, follow)
    named = locale_of(_shown(domain).lower()) if _shown(domain) else None
    if named and product.locale and named != product.locale:
        raise ValueError(
            f"the address is of {product.locale.host} but the domain says {named.domain}"
        )
    locale = named or product.locale or locale_of(DEFAULT_DOMAIN)
    said = {
        Unsaid.PRICE_TYPE: _shown(price_type),
        Unsaid.TARGET: _shown(target),
        Unsaid.STATUS: _shown(status),
    }
    state = _status(said[Unsaid.STATUS])
    shipping = _flag(_shown(with_shipping))
    more, words = _shown(rules), _shown(tags)
    watch = Watch(
        asin=product.asin,
        domain=locale.domain,
        price_type=_price_type(said[Unsaid.PRICE_TYPE], state, shipping).name,
        target_minor=_target(said[Unsaid.TARGET], locale.currency),
        status=state,
        priority=_priority(_shown(priority)),
        rules=_rules(more, locale.currency) if more else None,
        with_shipping=shipping,
        tags=_tags(words) if words else None,
        unsaid=frozenset(name for name, text in said.items() if not text),
    )
    return TypedWatch(watch, product.note, named is None and product.locale is None)


def _shown(text: str | None) -> str:
    return plain_text(text or "")


def _price_type(text: str, status: WatchStatus, with_shipping: bool | None) -> PriceType:
    kind = price_type_of(text.upper() or DEFAULT_PRICE_TYPE)
    if not kind.is_price:
        raise ValueError(f"{kind.name} is not a price and cannot be watched")
    if kind.is_gone and status == WatchStatus.ACTIVE:
        raise ValueError(f"Keepa keeps no {kind.name} prices any more; watch another price type")
    if with_shipping:
        validate_with_shipping(kind)
    return kind


def _status(text: str) -> WatchStatus:
    state = text.upper() or WatchStatus.ACTIVE.value
    if state not in WatchStatus.__members__:
        raise ValueError(f"status {text!r} is none of {', '.join(WatchStatus)}")
    return WatchStatus(state)


def _priority(text: str) -> Priority | None:
    rank = text.upper()
    if rank and rank not in Priority.__members__:
        raise ValueError(f"priority {text!r} is none of {', '.join(Priority.__members__)}")
    return Priority[rank] if rank else None


def _flag(text: str) -> bool | None:
    if text and text.lower() not in _YES_OR_NO:
        raise ValueError(f"with_shipping {text!r} is neither yes nor no")
    return _YES_OR_NO[text.lower()] if text else None


def _product(address: str, follow: Callable[[str], str] | None) -> ProductAddress:
    try:
        return parse_product_address(address)
    except ShortLinkError as error:
        if follow is None:
            raise
        found = parse_product_address(follow(error.url))
        where = f" on {found.locale.host}" if found.locale else ""
        return replace(found, note=f"{error.url} is {found.asin}{where}")


def _target(text: str, currency: str) -> int | None:
    return None if text.lower() in ("", NOTHING) else read_amount(text, currency)


def _rules(text: str, currency: str) -> tuple[AlertRule, ...]:
    return () if text.lower() == NOTHING else parse_rules(text, currency)


def _tags(text: str) -> tuple[str, ...]:
    return () if text.lower() == NOTHING else read_tags(text)
