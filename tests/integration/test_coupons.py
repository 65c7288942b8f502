"""Coupons and pre-orders, from Keepa's reply to the message of an alert."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keeper.alerts.compose import alert_message
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.domain.watches.rule_texts import parse_rules
from keeper.domain.watches.watch import Watch
from keeper.pipeline.messages.price_verdicts import price_context_of
from keeper.stores.postgres.messages.outbox import latest_alert
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.keepa_simulator import AT, Simulator
from tests.price_events import price_event
from tests.price_runs import Run

READER = "reader@example.org"
ASIN = "B0TEST0001"
MINUTE = to_keepa_minutes(AT)
HOUR = 60
WEEK = 7 * 24 * HOUR


def message_of(
    run: Run, simulate: Callable[..., Simulator], folder: Path, price_type: str, **fields: Any
) -> tuple[str, dict[str, str]]:
    """Return an alert's reason and facts after a run over a reply with these fields.

    The price fell an hour before the check; Keepa looked at the product at its minute.
    """
    rules = parse_rules("back in stock", "EUR")
    save_watches(run.connection, READER, [Watch(ASIN, "de", price_type, 2500, rules=rules)])
    former = fields.pop("former", 2999)
    with closing(PriceWriter(run.database)) as writer:
        writer.store([price_event(former, hour=-48, asin=ASIN, domain="de", price_type=price_type)])
    folder.mkdir()
    csv: list[list[int] | None] = [None] * len(PRICE_TYPES)
    shipping = [0] if price_type.endswith("_SHIPPING") else []
    past = [MINUTE - 48 * HOUR, former or -1, *shipping]
    csv[price_type_of(price_type).index] = [*past, MINUTE - HOUR, 2499, *shipping]
    seen = fields.pop("coupon_seen", MINUTE)
    product = {
        "asin": ASIN,
        "domainId": 3,
        "title": "A kettle",
        "productType": 0,
        "csv": csv,
        "lastUpdate": MINUTE,
        "trackingSince": MINUTE - WEEK,
        "offersSuccessful": True,
        "stats": {
            "current": [-1] * len(PRICE_TYPES),
            "lastOffersUpdate": seen,
            "lastBuyBoxUpdate": MINUTE,
        },
        **fields,
    }
    (folder / f"product_{ASIN}_{MINUTE}.json").write_text(json.dumps(product))
    with run.account(simulate(recordings=folder, refill_rate=100)) as account:
        run.plan(account)
        run.fetch(account.client)
    run.check()
    run.load()
    queued = latest_alert(run.connection)
    assert queued is not None
    context = price_context_of(run.connection, queued.alert)
    (section,) = alert_message(queued, context, old_after=timedelta(days=9)).sections
    return section.reason, {name: value.replace("\xa0", " ") for name, value in section.facts}


@pytest.mark.parametrize(
    ("price_type", "coupon", "lines"),
    [
        ("AMAZON", [-10, 0], ["takes off another 10 %, the price then: 22,49 €", None]),
        ("NEW", [500, 0], ["takes off another 5,00 €, the price then: 19,99 €", None]),
        ("BUY_BOX_SHIPPING", [0, -15], [None, "takes off another 15 %, the price then: 21,24 €"]),
        (
            "NEW_FBA",
            [-5, 300],
            [
                "takes off another 5 %, the price then: 23,74 €",
                "takes off another 3,00 €, the price then: 21,99 €",
            ],
        ),
        ("AMAZON", [0, 0], [None, None]),
        ("AMAZON", None, [None, None]),
        # A coupon is for what the page sells, not for a used piece.
        ("WAREHOUSE", [-10, 0], [None, None]),
    ],
)
def test_a_coupon_of_the_reply_is_in_the_message(
    run: Run,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
    price_type: str,
    coupon: list[int] | None,
    lines: list[str | None],
) -> None:
    _, facts = message_of(run, simulate, tmp_path / "replies", price_type, coupon=coupon)
    assert facts["Price now"] == "24,99 €"
    assert [facts.get("Coupon"), facts.get("Coupon with Subscribe & Save")] == lines


@pytest.mark.parametrize(
    ("seen", "is_said"), [(MINUTE, True), (MINUTE - 1, False), (MINUTE - WEEK, False), (0, False)]
)
def test_a_coupon_seen_before_the_price_is_not_said(
    run: Run, simulate: Callable[..., Simulator], tmp_path: Path, seen: int, *, is_said: bool
) -> None:
    folder = tmp_path / "replies"
    _, facts = message_of(run, simulate, folder, "AMAZON", coupon=[-10, 0], coupon_seen=seen)
    assert ("Coupon" in facts) is is_said


@pytest.mark.parametrize(
    ("price_type", "availability", "reason", "fact"),
    [
        ("AMAZON", 1, "back in stock as a pre-order", "a pre-order: "),
        ("AMAZON", 3, "back in stock on back-order", "on back-order: "),
        ("AMAZON", 4, "back in stock", "delayed: "),
        ("AMAZON", 0, "back in stock", None),
        ("AMAZON", 2, "back in stock", None),
        ("AMAZON", None, "back in stock", None),
        # What Amazon says of its own offer is not so of another seller's.
        ("NEW", 1, "back in stock", None),
    ],
)
def test_back_in_stock_says_when_it_is_a_pre_order(
    run: Run,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
    price_type: str,
    availability: int | None,
    reason: str,
    fact: str | None,
) -> None:
    first = {"former": None, "availabilityAmazon": availability}
    words, facts = message_of(run, simulate, tmp_path / "replies", price_type, **first)
    assert words.split("; ") == ["at or below your target", reason]
    assert facts.get("Availability", "").startswith(fact or "") is True
    assert ("Availability" in facts) is (fact is not None)
