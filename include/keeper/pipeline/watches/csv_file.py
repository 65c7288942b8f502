"""The watch list as CSV: one row a watch, every mistake named by its row."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TextIO

from keeper.domain.asins import parse_product_address
from keeper.domain.locales import locale_of
from keeper.domain.money import read_amount, to_major
from keeper.domain.prices.types import check_with_shipping, price_type_of
from keeper.domain.watches.rule_texts import parse_rules, rule_text
from keeper.domain.watches.rules import AlertRule
from keeper.domain.watches.watch import (
    DEFAULT_DOMAIN,
    DEFAULT_PRICE_TYPE,
    Priority,
    Watch,
    WatchStatus,
)

COLUMNS: Final = (
    "asin",
    "domain",
    "price_type",
    "target_price",
    "status",
    "priority",
    "rules",
    "with_shipping",
)
NO_RULES: Final = "none"
_YES_OR_NO: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that could not be read, by its line in the file, and why."""

    line: int
    reason: str


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
        price_type: Keepa's name; NEW if blank.
        target: Target in the currency's main unit ("24.99"); blank watches without alerting.
        status: ACTIVE (if blank), PAUSED or INACTIVE.
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
    kind = price_type_of((price_type or "").strip().upper() or DEFAULT_PRICE_TYPE)
    if not kind.is_price:
        raise ValueError(f"{kind.name} is not a price and cannot be watched")
    amount = (target or "").strip()
    state = (status or "").strip().upper() or WatchStatus.ACTIVE.value
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
        target_minor=read_amount(amount, locale.currency) if amount else None,
        status=WatchStatus(state),
        priority=Priority[rank] if rank else None,
        rules=_rules(more, locale.currency) if more else None,
        with_shipping=_YES_OR_NO[shipping] if shipping else None,
    )


def _rules(text: str, currency: str) -> tuple[AlertRule, ...]:
    return () if text.lower() == NO_RULES else parse_rules(text, currency)


def read_watches(file: TextIO) -> Iterator[Watch | RowError]:
    """Yield each row's watch or its error, so that a bad row costs only itself.

    The first line names the columns; only `asin` is required, order and case do not matter.
    """
    reader = csv.DictReader(file, restkey="surplus", skipinitialspace=True)
    try:
        # Standard input keeps the mark some spreadsheets put at the start of UTF-8.
        header = [
            (name or "").removeprefix("\ufeff").strip().lower() for name in reader.fieldnames or ()
        ]
    except (csv.Error, UnicodeDecodeError) as error:
        yield RowError(1, f"not a CSV file in UTF-8: {error}")
        return
    unknown = sorted(set(header) - set(COLUMNS))
    if "asin" not in header or unknown:
        problem = f"unknown column(s) {', '.join(unknown)}" if unknown else "no column asin"
        yield RowError(1, f"{problem}; the first line names them: {','.join(COLUMNS)}")
        return
    reader.fieldnames = header
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # DictReader counts a line only after it has read it.
            yield RowError(reader.reader.line_num, str(error))
            continue
        except UnicodeDecodeError as error:
            reason = f"from here on it cannot be read as UTF-8: {error.reason}"
            yield RowError(reader.line_num + 1, reason)
            return
        if row.get("surplus"):
            yield RowError(reader.line_num, "more values than columns")
            continue
        try:
            yield read_watch(
                row.get("asin") or "",
                domain=row.get("domain"),
                price_type=row.get("price_type"),
                target=row.get("target_price"),
                status=row.get("status"),
                priority=row.get("priority"),
                rules=row.get("rules"),
                with_shipping=row.get("with_shipping"),
            )
        except ValueError as error:
            yield RowError(reader.line_num, str(error))


def write_watches(file: TextIO, watches: Iterable[Watch]) -> None:
    """Write watches as CSV that `read_watches` reads back to the same ones."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for watch in watches:
        currency = locale_of(watch.domain).currency
        target = "" if watch.target_minor is None else to_major(watch.target_minor, currency)
        rank = "" if watch.priority is None else watch.priority.name
        rules = "" if watch.rules is None else NO_RULES
        if watch.rules:
            rules = "; ".join(rule_text(rule, currency) for rule in watch.rules)
        shipping = {None: "", True: "yes", False: "no"}[watch.with_shipping]
        status = watch.status.value
        writer.writerow(
            (watch.asin, watch.domain, watch.price_type, target, status, rank, rules, shipping)
        )
