"""A watch as somebody types it: in a command or in a row of a file."""

from typing import Final

from keeper.domain.asins import parse_product_address
from keeper.domain.locales import locale_of
from keeper.domain.money import read_amount
from keeper.domain.prices.types import check_with_shipping, price_type_of
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.rules import AlertRule
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
_YES_OR_NO: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


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
) -> Watch:
    """Check what a person typed and return the watch it means.

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

    Raises:
        ValueError: With one sentence that says what is wrong.
    """
    product = parse_product_address(address)
    named = locale_of(domain.strip().lower()) if domain and domain.strip() else None
    if named and product.locale and named != product.locale:
        raise ValueError(
            f"the address is of {product.locale.host} but the domain says {named.domain}"
        )
    locale = named or product.locale or locale_of(DEFAULT_DOMAIN)
    named_type = (price_type or "").strip().upper()
    kind = price_type_of(named_type or DEFAULT_PRICE_TYPE)
    if not kind.is_price:
        raise ValueError(f"{kind.name} is not a price and cannot be watched")
    amount = (target or "").strip()
    named_state = (status or "").strip().upper()
    state = named_state or WatchStatus.ACTIVE.value
    if state not in WatchStatus.__members__:
        raise ValueError(f"status {status!r} is none of {', '.join(WatchStatus)}")
    rank = (priority or "").strip().upper()
    if rank and rank not in Priority.__members__:
        raise ValueError(f"priority {priority!r} is none of {', '.join(Priority.__members__)}")
    more = (rules or "").strip()
    shipping = (with_shipping or "").strip().lower()
    if shipping and shipping not in _YES_OR_NO:
        raise ValueError(f"with_shipping {with_shipping!r} is neither yes nor no")
    if kind.is_gone and state == WatchStatus.ACTIVE:
        raise ValueError(f"Keepa keeps no {kind.name} prices any more; watch another price type")
    if shipping and _YES_OR_NO[shipping]:
        check_with_shipping(kind)
    return Watch(
        asin=product.asin,
        domain=locale.domain,
        price_type=kind.name,
        target_minor=_target(amount, locale.currency),
        status=WatchStatus(state),
        priority=Priority[rank] if rank else None,
        rules=_rules(more, locale.currency) if more else None,
        with_shipping=_YES_OR_NO[shipping] if shipping else None,
        unsaid=frozenset(
            name
            for name, said in (
                (Unsaid.PRICE_TYPE, named_type),
                (Unsaid.TARGET, amount),
                (Unsaid.STATUS, named_state),
            )
            if not said
        ),
    )


def _target(text: str, currency: str) -> int | None:
    return None if text.lower() in ("", NOTHING) else read_amount(text, currency)


def _rules(text: str, currency: str) -> tuple[AlertRule, ...]:
    return () if text.lower() == NOTHING else parse_rules(text, currency)
