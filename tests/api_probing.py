"""Requests that nobody would write by hand, and what is wrong with the answers they get."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Err
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from keeper.console.openapi import openapi_document
from tests.hostile_requests import Described, attacks
from tests.waiting import HUNG_AFTER_S

Operation = APIOperation[Any, Any, Any, Any]
_CHECKS: Final[list[CheckFunction]] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
]
"""An answer is described, its status, type, headers and body; nonsense is not approved of."""
DOCUMENT: Final = openapi_document()
_PROOFS: Final = ("authorization", "cookie")
_SESSION: Final = DOCUMENT["components"]["securitySchemes"]["session"]["name"]


@dataclass(frozen=True)
class Caller:
    """Somebody who asks.

    Attributes:
        name: For the finding.
        headers: Their proof; without one what is generated counts.
        may_all: Whether they may do all that a token or a session may.
        is_bot: Whether they may do what a bot alone may, and nothing else.
    """

    name: str
    headers: Mapping[str, str]
    may_all: bool = False
    is_bot: bool = False


@dataclass
class Prober:
    """Asks a console what nobody asks, and keeps what is wrong with its answers.

    Attributes:
        url: Where it is.
        callers: Gives who may ask, anew: what was asked may have removed them.
        places: Gives, for a path, the parts of addresses that lead to something.
        findings: The first request by operation and fault.
        answered: How many answers there were by status.
        met: How many answers each caller has had.
    """

    url: str
    callers: Callable[[], list[Caller]]
    places: Callable[[str], dict[str, str]]
    findings: dict[tuple[str, str], str] = field(default_factory=dict)
    answered: dict[int, int] = field(default_factory=dict)
    met: dict[str, int] = field(default_factory=dict)

    def generate(self, operation: Operation, *, examples: int) -> None:
        """Send requests that fit the description, and others that nearly do."""
        callers = self.callers()
        known = self.places(operation.path)
        with closing(_session()) as session:

            def send(case: Case[Any], caller: Caller) -> None:
                self._send(session, case, caller)

            for mode in GenerationMode:
                cases = operation.as_strategy(generation_mode=mode)
                if known:
                    cases |= operation.as_strategy(generation_mode=mode, path_parameters=known)
                quiet = settings(
                    max_examples=examples,
                    derandomize=True,
                    database=None,
                    deadline=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                try:
                    quiet(given(cases, st.sampled_from(callers))(send))()
                except Unsatisfiable:
                    # It takes no value that could be wrong.
                    assert mode is GenerationMode.NEGATIVE

    def attack(
        self, operation: Operation, bodies: Sequence[object], *, every: int, start: int
    ) -> None:
        """Send requests that would be good but for one hostile value.

        Args:
            operation: Which.
            bodies: Those that it takes; empty if it takes none.
            every: Of how many there are one is sent; 1 for all.
            start: With which to begin, so that operations do not all leave out the same.
        """
        known = self.places(operation.path)
        raw = operation.definition.raw
        described = Described(operation.path, raw, DOCUMENT["components"]["schemas"])
        # What is refused for who asks is not even read.
        of_bot = {"bot": []} in raw.get("security", [])
        may = [one for one in self.callers() if (one.is_bot if of_bot else one.may_all)]
        callers = cycle(may)
        with closing(_session()) as session:
            every_one = attacks(described, known, bodies)
            for attack in islice(every_one, start % every, None, every):
                caller = next(callers)
                answer = session.request(
                    operation.method,
                    self.url + attack.address,
                    headers={**attack.headers, **caller.headers},
                    data=attack.content,
                    timeout=HUNG_AFTER_S,
                )
                case = operation.Case(path_parameters=known)
                self._validate(case, caller, answer, attack.what)

    def _send(self, session: requests.Session, case: Case[Any], caller: Caller) -> None:
        if caller.headers:
            case.cookies.clear()
            for name in [one for one in case.headers if one.lower() in _PROOFS]:
                del case.headers[name]
            if "Cookie" in caller.headers:
                # The caller's header is what is sent. Without a value here, an operation that takes
                # sessions alone would count as asked without one, whatever the caller's proof is.
                case.cookies[_SESSION] = "the caller's"
        if case.operation.path == "/api/v1/events":
            # A stream lasts for minutes unless it is asked to end.
            case.query["seconds"] = 0
        kwargs = case.as_transport_kwargs(base_url=self.url, headers=dict(caller.headers))
        answer = session.request(**kwargs, timeout=HUNG_AFTER_S)
        self._validate(case, caller, answer, "generated")

    def _validate(
        self, case: Case[Any], caller: Caller, answer: requests.Response, what: str
    ) -> None:
        self.met[caller.name] = self.met.get(caller.name, 0) + 1
        self.answered[answer.status_code] = self.answered.get(answer.status_code, 0) + 1
        faults: list[str] = []
        if answer.status_code == 500:
            faults.append("500")
        left_out: set[CheckFunction] = set()
        if case.media_type == "text/csv":
            # A number in place of text is text too once it is sent.
            left_out.add(checks.negative_data_rejection)
        if case.operation.path == "/api/v1/events":
            # It is described as the text it is; the check wants each event to be a text.
            left_out.add(checks.response_schema_conformance)
        checked = [one for one in _CHECKS if one not in left_out]
        try:
            case.validate_response(answer, checks=checked)
        except FailureGroup as group:
            faults += [f"{type(one).__name__}: {one}" for one in group.exceptions]
        except Failure as failure:
            faults.append(f"{type(failure).__name__}: {failure}")
        sent = answer.request
        for fault in faults:
            self.findings.setdefault(
                (case.operation.label, fault.partition("\n")[0]),
                f"{what} by {caller.name}: {sent.method} {sent.url!r:.300} {sent.body!r:.300} "
                f"-> {answer.status_code} {answer.text!r:.300} {fault:.500}",
            )


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def operations() -> dict[str, Operation]:
    """Return every operation of the API by its id."""
    found = {}
    for one in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations():
        if isinstance(one, Err):
            raise one.err()
        operation = one.ok()
        found[operation.definition.raw["operationId"]] = operation
    return found
