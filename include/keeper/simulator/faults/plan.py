"""Faults the simulator makes on request, for tests of how Keeper bears bad replies.

An order is a JSON object: `kind` and what the kind needs, how often it is met, and where. POST one
to /simulator/faults, or list several in a scenario file (`read_scenario`).

    {"kind": "status", "status": 500, "count": 2, "endpoint": "product"}
    {"kind": "status", "status": 429}                  a bare envelope, as without tokens
    {"kind": "status", "status": 500, "share": 0.01}   1 % of all requests, not charged
    {"kind": "status", "status": 503, "charged": true} tokens are taken nevertheless
    {"kind": "cut", "share": 0.005}                    half a body, charged
    {"kind": "cut", "charged": false}
    {"kind": "not_json"}                               a gateway's HTML page, charged
    {"kind": "wrong_shape"}                            JSON, its lists and objects exchanged
    {"kind": "drop", "asins": ["B000000001"]}          silently missing products
    {"kind": "offers_fail"}                            no offers can be collected, of any product
    {"kind": "offers_fail", "asins": ["B000000001"]}   or of these; 1 token each
    {"kind": "duplicate"}                              products twice in a reply
    {"kind": "slow", "delay_s": 5}                     waits before it answers
    {"kind": "trickle", "seconds": 20}                 the body in small pieces
    {"kind": "clock_skew", "hours": -3}                the envelope's `timestamp` off
    {"kind": "revoke_key", "after": 10}                ten more requests, then the key is unknown

`count` requests meet a fault, 1 if not said, or that `share` of them until it is cleared; a clock
skew and a revoked key stay until cleared by themselves. `after` lets so many requests pass first,
`delay_s` makes a fault of any kind slow as well, `endpoint` confines it. Failing offers meet only
requests that ask for offers.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from random import Random
from threading import Lock
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from keeper.errors import SettingsError, TerminalError


class FaultKind(StrEnum):
    """What is wrong with a reply."""

    STATUS = "status"
    CUT = "cut"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    DROP = "drop"
    OFFERS_FAIL = "offers_fail"
    DUPLICATE = "duplicate"
    SLOW = "slow"
    TRICKLE = "trickle"
    CLOCK_SKEW = "clock_skew"
    REVOKE_KEY = "revoke_key"


_LASTING: Final = frozenset({FaultKind.CLOCK_SKEW, FaultKind.REVOKE_KEY})
_NEEDED: Final = {
    FaultKind.SLOW: "delay_s",
    FaultKind.TRICKLE: "seconds",
    FaultKind.CLOCK_SKEW: "hours",
}
_CONFINED: Final = {
    "charged": (FaultKind.STATUS, FaultKind.CUT),
    "seconds": (FaultKind.TRICKLE,),
    "hours": (FaultKind.CLOCK_SKEW,),
}
_LONGEST_S: Final = 3600


class InvalidFaultError(TerminalError):
    """A fault was ordered that the simulator does not know."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of requests to come.

    Attributes:
        kind: What is wrong.
        count: How many requests it still meets, None for all until it is cleared.
        status: HTTP status, for `status`.
        asins: Products left out as if unknown, for `drop`; those without offers, for `offers_fail`,
            which meets all products if it names none.
        endpoint: The only endpoint it meets ("product", …), None for all.
        share: Of the requests it could meet, those it does, by chance; None for all.
        after: Requests it lets pass before the first it meets.
        charged: Whether tokens are taken, for `status` (if not said, no) and `cut` (yes).
        delay_s: Seconds before the reply sets out.
        seconds: How long the body takes, for `trickle`.
        hours: How far the envelope's `timestamp` is off, for `clock_skew`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    kind: FaultKind
    count: Annotated[int, Field(ge=1)] | None = 1
    status: Annotated[int, Field(ge=200, le=599)] = 500
    asins: tuple[str, ...] = ()
    endpoint: str | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    after: Annotated[int, Field(ge=0)] = 0
    charged: bool | None = None
    delay_s: Annotated[float, Field(ge=0, le=_LONGEST_S)] = 0
    seconds: Annotated[float, Field(ge=0, le=_LONGEST_S)] = 0
    hours: Annotated[float, Field(ge=-1e6, le=1e6)] = 0

    @property
    def is_charged(self) -> bool:
        """Whether a request that meets it costs what it would without."""
        return self.charged if self.charged is not None else self.kind is not FaultKind.STATUS


class FaultPlan:
    """Faults in the order they were asked for; safe for several threads.

    Which requests a share meets follows from the seed, the endpoint and how many requests it had
    since the plan was made or cleared; so that what other endpoints are asked changes nothing.
    """

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._waiting: list[Fault] = []
        self._asked: Counter[str] = Counter()
        self._met: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault behind those that wait."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all that wait and what was met; chance starts anew."""
        with self._lock:
            self._waiting.clear()
            self._asked.clear()
            self._met.clear()

    def take(self, endpoint: str, *, asks_offers: bool = True) -> list[Fault]:
        """Return the faults that meet a request to `endpoint` and count them down.

        A clock skew and a revoked key may come beside others; of the rest a request meets one, the
        first that waits. Shares of several faults never fall on the same request: 0.01 of one kind
        and 0.005 of another spoil 0.015 of all. Failing offers wait for a request
        that asks for offers.
        """
        met: list[Fault] = []
        left: list[Fault] = []
        with self._lock:
            chance = Random(f"faults/{self._seed}/{endpoint}/{self._asked[endpoint]}").random()
            self._asked[endpoint] += 1
            spoiled, shared = False, 0.0
            for fault in self._waiting:
                is_about_offers = fault.kind is FaultKind.OFFERS_FAIL
                if fault.endpoint not in {None, endpoint} or (is_about_offers and not asks_offers):
                    left.append(fault)
                    continue
                if fault.after:
                    left.append(replace(fault, after=fault.after - 1))
                    continue
                share = 1.0 if fault.share is None else fault.share
                if fault.kind in _LASTING:
                    meets = chance < share
                else:
                    meets = not spoiled and chance < shared + share
                    shared += fault.share or 0.0
                    spoiled = spoiled or meets
                if meets:
                    met.append(fault)
                if not meets or fault.count is None:
                    left.append(fault)
                elif fault.count > 1:
                    left.append(replace(fault, count=fault.count - 1))
            self._waiting = left
            self._met.update(fault.kind.value for fault in met)
        return met

    def waiting(self) -> list[Fault]:
        """Return those still to come."""
        with self._lock:
            return list(self._waiting)

    def met(self) -> dict[str, int]:
        """Return how many requests met each kind."""
        with self._lock:
            return dict(self._met)


def parse_fault(order: Mapping[str, Any]) -> Fault:
    """Read a fault from a JSON object, as above.

    Raises:
        InvalidFaultError: A field is unknown, of the wrong type, or not for this kind; names it.
    """
    given = dict(order)
    lasts = "share" in given or given.get("kind") in list(_LASTING)
    if lasts:
        given.setdefault("count", None)
    try:
        fault = _FAULT.validate_json(json.dumps(given))
    except ValidationError as error:
        mistake = error.errors()[0]
        # A union's member is named behind its field.
        name = mistake["loc"][0]
        if mistake["type"] == "unexpected_keyword_argument":
            raise InvalidFaultError(
                f"`{name}`: a fault has no such field; it has {', '.join(Fault.__slots__)}"
            ) from None
        raise InvalidFaultError(f"`{name}`: {mistake['msg']}") from None
    if fault.share is not None and fault.count is not None:
        raise InvalidFaultError("`share`: it stands instead of `count`; give one of them")
    needed = _NEEDED.get(fault.kind)
    if needed is not None and not getattr(fault, needed):
        raise InvalidFaultError(f"`{needed}`: a fault of kind {fault.kind} needs it, and not as 0")
    for name, kinds in _CONFINED.items():
        if given.get(name) is not None and fault.kind not in kinds:
            raise InvalidFaultError(f"`{name}`: only for kind {' and '.join(kinds)}")
    return fault


def read_scenario(path: Path) -> list[Fault]:
    """Read a scenario file: a JSON list of orders, in the order they are given.

    Raises:
        SettingsError: It cannot be read, or an order is wrong; names entry and field.
    """
    try:
        orders = json.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"the scenario {path} cannot be read ({error.strerror}); check --scenario"
        ) from None
    # Bytes that are no text are another ValueError than text that is no JSON.
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"the scenario {path} is not JSON: {error}") from None
    if not isinstance(orders, list):
        raise SettingsError(f'the scenario {path} must be a list of orders: [{{"kind": "cut"}}]')
    faults = []
    for number, order in enumerate(orders, start=1):
        where = f"the scenario {path}, entry {number}"
        if not isinstance(order, dict):
            raise SettingsError(f"{where}: must be an object such as {{'kind': 'cut'}}")
        try:
            faults.append(parse_fault(order))
        except InvalidFaultError as error:
            raise SettingsError(f"{where}, {error}") from None
    return faults


_FAULT: Final = TypeAdapter(Fault)
