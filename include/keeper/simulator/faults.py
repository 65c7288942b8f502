"""Faults the simulator makes on request, for tests of how Keeper bears bad replies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from typing import Any

from keeper.errors import TerminalError


class FaultKind(StrEnum):
    """What is wrong with a reply."""

    STATUS = "status"
    CUT = "cut"
    NOT_JSON = "not_json"
    DROP = "drop"


class InvalidFaultError(TerminalError):
    """A fault was ordered that the simulator does not know."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the next `count` requests.

    Attributes:
        kind: What is wrong.
        count: How many requests it still meets.
        status: HTTP status, for `status`.
        asins: Products left out as if unknown, for `drop`.
        endpoint: The only endpoint it meets ("product", …), None for all.
    """

    kind: FaultKind
    count: int = 1
    status: int = 500
    asins: tuple[str, ...] = ()
    endpoint: str | None = None


class FaultPlan:
    """Faults in the order they were asked for; safe for several threads."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault behind those that wait."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all that wait."""
        with self._lock:
            self._waiting.clear()

    def take(self, endpoint: str) -> Fault | None:
        """Return the first fault that meets a request to `endpoint` and count it down."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.endpoint in {None, endpoint}:
                    if fault.count > 1:
                        self._waiting[place] = replace(fault, count=fault.count - 1)
                    else:
                        del self._waiting[place]
                    return fault
        return None

    def waiting(self) -> list[Fault]:
        """Return those still to come."""
        with self._lock:
            return list(self._waiting)


def parse_fault(order: Mapping[str, Any]) -> Fault:
    """Read a fault from a JSON object, such as `{"kind": "status", "status": 500, "count": 2}`.

    Raises:
        InvalidFaultError: A field is unknown or of the wrong type.
    """
    unknown = sorted(set(order) - {"kind", "count", "status", "asins", "endpoint"})
    if unknown:
        raise InvalidFaultError(f"a fault has no field {unknown[0]!r}")
    try:
        kind = FaultKind(order.get("kind", ""))
    except ValueError:
        raise InvalidFaultError(f"`kind` must be one of {', '.join(FaultKind)}") from None
    count, status = order.get("count", 1), order.get("status", 500)
    asins, endpoint = order.get("asins", []), order.get("endpoint")
    if type(count) is not int or count < 1:
        raise InvalidFaultError("`count` must be a whole number above zero")
    if type(status) is not int or not 200 <= status <= 599:
        raise InvalidFaultError("`status` must be an HTTP status from 200 to 599")
    if not isinstance(asins, list) or not all(isinstance(asin, str) for asin in asins):
        raise InvalidFaultError("`asins` must be a list of ASINs")
    if endpoint is not None and not isinstance(endpoint, str):
        raise InvalidFaultError("`endpoint` must be an endpoint's name, such as product")
    return Fault(kind, count, status, tuple(asins), endpoint)
