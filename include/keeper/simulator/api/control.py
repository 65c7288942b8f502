"""The simulator's own endpoints: what state it is in, and orders to change it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from keeper.domain.prices.points import to_keepa_minutes
from keeper.errors import TerminalError
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.faults.plan import parse_fault
from keeper.simulator.products.clock import ClockMode


class InvalidOrderError(TerminalError):
    """An order's fields cannot be read."""


def state_of(api: KeepaApi) -> dict[str, Any]:
    """Return what the simulator is doing, for people and tests."""
    now = api.clock.now()
    left, refill_in_ms = api.bucket.balance()
    return {
        "simulated": True,
        "seed": api.catalogue.seed,
        "products": api.catalogue.size,
        "recordings": len(api.recordings),
        "clock": {
            "mode": api.clock.mode.value,
            "now": now.isoformat(),
            "keepaMinute": to_keepa_minutes(now),
        },
        "tokens": {
            "left": left,
            "refillIn": refill_in_ms,
            "refillRate": api.bucket.refill_rate,
            "flowReduction": api.bucket.flow_reduction,
            "cap": api.bucket.cap,
        },
        "faults": [asdict(fault) for fault in api.faults.waiting()],
        "faultsMet": api.faults.met(),
    }


def change_clock(api: KeepaApi, order: Mapping[str, Any]) -> None:
    """Obey `{"mode": "run" | "hold", "at": ISO time, "jump_minutes": number}`; each may be absent.

    Raises:
        InvalidOrderError: A field is unknown or cannot be read.
    """
    _only(order, {"mode", "at", "jump_minutes"})
    mode, at, jump = order.get("mode"), order.get("at"), order.get("jump_minutes", 0)
    if mode is not None and mode not in list(ClockMode):
        raise InvalidOrderError(f"`mode` must be one of {', '.join(ClockMode)}")
    if isinstance(jump, bool) or not isinstance(jump, int | float):
        raise InvalidOrderError("`jump_minutes` must be a number")
    try:
        api.clock.change(
            ClockMode(mode) if mode else None,
            parse_moment(at) if at is not None else None,
            timedelta(minutes=jump),
        )
    except OverflowError:
        raise InvalidOrderError("`jump_minutes` leads out of the calendar") from None


def set_tokens(api: KeepaApi, order: Mapping[str, Any]) -> None:
    """Obey `{"left": whole number, "flow_reduction": number}`; one of them may be absent.

    The balance may be negative. The reduction is what trackings take from each refill.

    Raises:
        InvalidOrderError: Neither is there, or one is no number.
    """
    _only(order, {"left", "flow_reduction"})
    left, reduction = order.get("left"), order.get("flow_reduction")
    if type(left) is not int and (left is not None or reduction is None):
        raise InvalidOrderError("`left` must be a whole number")
    if reduction is not None:
        if type(reduction) not in (int, float) or reduction < 0:
            raise InvalidOrderError("`flow_reduction` must be a number, 0 or more")
        api.bucket.reduce_flow(float(reduction))
    if left is not None:
        api.bucket.set_left(left)


def add_fault(api: KeepaApi, order: Mapping[str, Any]) -> None:
    """Obey an order for a fault; see `parse_fault`."""
    api.faults.add(parse_fault(order))


def parse_moment(text: object) -> datetime:
    """Read an ISO 8601 time; one without an offset is UTC.

    Raises:
        InvalidOrderError: The text is no time.
    """
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise InvalidOrderError(
            f"{text!r} is not a time; write it like 2026-03-01T12:00:00Z"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _only(order: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(order) - known)
    if unknown:
        raise InvalidOrderError(
            f"the order has no field {unknown[0]!r}; it knows {', '.join(sorted(known))}"
        )
