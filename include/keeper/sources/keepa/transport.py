"""Sends one request to Keepa until it has a usable reply: timeouts, retries, token accounting.

It speaks through Requests, all else through httpx: httpx logs each URL at level INFO, and here the
key is in it. Requests is installed anyway, as `keepa` and Airflow need it.
"""

import logging
import random as random_module
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

import requests
import urllib3
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from keeper.clock import Clock, utc_now
from keeper.domain.tokens.balance import (
    BREAK_AFTER,
    Outage,
    Reservation,
    Shortage,
    TokenBudget,
    TokenReading,
    TokenRequest,
)
from keeper.errors import KeeperError, TransientError
from keeper.sources.keepa.config import KeepaConfig
from keeper.sources.keepa.errors import (
    KeepaKeyRejectedError,
    KeepaLateReplyError,
    KeepaLeftAloneError,
    KeepaReplyError,
    KeepaReplyTooLargeError,
    KeepaUnavailableError,
    TokensExhaustedError,
)
from keeper.sources.keepa.redaction import Redactor, redact_transport_logs
from keeper.sources.keepa.replies import validate_reply
from keeper.sources.keepa.tokens import Envelope, TokenUsage, was_charged

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S: Final = 10.0
_BALANCE_TIMEOUT_S: Final = 30.0
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_BALANCE: Final = "token"
_READ_BYTES: Final = 1 << 18
_MOST_BYTES: Final = 1 << 29
"""Unpacked. A hundred products with long histories have a tenth of it; a machine's memory ends."""
_LONGEST_SELECTION: Final = 2_000
"""Letters of a selection that still fit into an address; Keepa takes longer ones as a body."""
_JSON: Final = "application/json; charset=UTF-8"
_REASON_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """A usable reply: whole JSON, decompressed, exactly as Keepa sent it.

    Attributes:
        body: The JSON.
        envelope: What it says of the request.
        received_at: When it had arrived, by this machine's clock.
        served_at: When it was sent, by the clock of the server that sent it; None if unknown.
    """

    body: bytes
    envelope: Envelope
    received_at: datetime
    served_at: datetime | None = None


class _KeyParameter(AuthBase):
    """Adds the key to the prepared URL, so that no parameter dictionary ever holds it."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.prepare_url(request.url, {"key": self._key.get_secret_value()})
        return request


class Transport:
    """One pooled connection to Keepa; for use by one thread at a time."""

    def __init__(
        self,
        config: KeepaConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        random: Callable[[], float] = random_module.random,
        budget: TokenBudget | None = None,
    ) -> None:
        """Prepare the session; nothing is sent yet."""
        self._config = config
        self._budget = budget
        self._sleep = sleep
        self._clock = clock
        self._random = random
        self._redact = Redactor(config.api_key)
        self._session = requests.Session()
        self._session.auth = _KeyParameter(config.api_key)
        self._session.headers["Accept-Encoding"] = "gzip"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1))
        redact_transport_logs()
        self.usage = TokenUsage()
        self._reading: TokenReading | None = None

    def send(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        """Ask an endpoint until it gives a usable reply; blocks for timeouts and waits between.

        Only connection errors, timeouts, HTTP 5xx and cut or misshapen replies are tried again.
        Each attempt is a request to Keepa, and has its own place in the budget. A late reply is
        tried once more if the balance shows that it was not charged.

        Raises:
            KeepaLateReplyError: A reply was late and charged, or may have been; not retried.
            TokensExhaustedError: There are too few tokens, by the budget or by Keepa; not retried.
            KeepaLeftAloneError: Keepa has failed everybody lately, by the budget; not retried.
            TransientError: Every attempt failed.
            TerminalError: Keepa refused the key, the request or the account.
        """
        attempts = Retrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._config.max_attempts),
            wait=self._wait_s,
            retry=retry_if_exception(_is_worth_another_attempt),
            before_sleep=self._log_failure,
            reraise=True,
        )
        # The attempts of this request whose replies were late.
        late: list[KeepaLateReplyError] = []
        try:
            return attempts(self._timely_attempt, request, parameters, late)
        except KeepaKeyRejectedError as error:
            rejected = error
        if rejected.otherwise is not None and request.endpoint != _BALANCE and self._knows_key():
            raise rejected.otherwise
        raise rejected

    def _timely_attempt(
        self,
        request: TokenRequest,
        parameters: Mapping[str, object],
        late: list[KeepaLateReplyError],
    ) -> Reply:
        before = self._reading
        try:
            return self._attempt(request, parameters)
        except KeepaLateReplyError as error:
            late.append(error)
        if request.endpoint == _BALANCE:
            raise KeepaUnavailableError(str(late[-1]))
        after = self._asked_balance()
        if len(late) > 1 or was_charged(before, after):
            raise KeepaLateReplyError(f"{late[-1]}; it was charged, or may have been")
        raise KeepaUnavailableError(f"{late[-1]}; it was not charged")

    def _asked_balance(self) -> TokenReading | None:
        """Ask for the balance, which costs nothing; None if Keepa does not answer."""
        try:
            reply = self._attempt(TokenRequest(_BALANCE, estimate=0), {})
        except KeeperError:
            return None
        self.observe(reply.envelope, reply.received_at)
        return self._reading

    def _knows_key(self) -> bool:
        """Ask for the balance, which costs nothing, and return whether Keepa answers it."""
        try:
            self._attempt(TokenRequest(_BALANCE, estimate=0), {})
        except KeeperError:
            return False
        return True

    def observe(self, envelope: Envelope, received_at: datetime) -> None:
        """Pass the budget a balance that was asked for by itself."""
        reading = _reading(envelope, received_at)
        if self._budget is not None and reading is not None:
            self._budget.observe(reading)

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _wait_s(self, state: RetryCallState) -> float:
        longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1))
        # Half of the wait is random: clients that failed together come back apart.
        return longest * (1 + self._random()) / 2

    def _log_failure(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        logger.warning(
            "Keepa attempt %d of %d failed, the next is in %.1f s: %s",
            state.attempt_number,
            self._config.max_attempts,
            state.upcoming_sleep,
            error,
        )

    def _attempt(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        reservation = self._reserved(request)
        exchange = _Exchange(self._session, self._config, self._redact)
        envelope: Envelope | None = None
        is_usable = False
        # Whatever ends the request, Ctrl-C too, what it cost is recorded.
        try:
            timeout_s = self._config.timeout_for(request.detail)
            if request.endpoint == _BALANCE:
                timeout_s = min(timeout_s, _BALANCE_TIMEOUT_S)
            exchange.run(request.endpoint, parameters, timeout_s)
            body = bytes(exchange.body)
            envelope = Envelope.of_fragment(body)
            if exchange.failure is not None:
                raise exchange.failure
            envelope = validate_reply(exchange.status, body, self._redact)
            is_usable = True
        finally:
            received_at = self._clock()
            self.usage = self.usage.after(envelope)
            reading = _reading(envelope, received_at)
            self._reading = reading or self._reading
            if self._budget is not None and reservation is not None:
                self._record(self._budget, reservation, envelope, reading, exchange, is_usable)
        return Reply(body, envelope, received_at, exchange.served_at)

    def _record(
        self,
        budget: TokenBudget,
        reservation: Reservation,
        envelope: Envelope | None,
        reading: TokenReading | None,
        exchange: "_Exchange",
        is_usable: bool,
    ) -> None:
        try:
            budget.record_outcome(
                reservation,
                charged=_charge(envelope),
                reading=reading,
                refused=not is_usable,
                status=exchange.status or None,
            )
        except TransientError as error:
            if not is_usable:
                raise
            # The reply is paid for and must reach the archive. The reservation ends by itself, and
            # the next reply brings the balance.
            logger.warning("what a request has cost could not be recorded: %s", error)

    def _reserved(self, request: TokenRequest) -> Reservation | None:
        # What costs nothing needs nobody's leave; it is how a balance is learned.
        if self._budget is None or request.estimate == 0:
            return None
        reserved = self._budget.reserve(request)
        if isinstance(reserved, Outage):
            raise KeepaLeftAloneError(
                f"Keepa has failed the latest {BREAK_AFTER} requests, with HTTP 5xx or no reply; "
                f"it is asked again in {reserved.wait_s:.0f} s"
            )
        if isinstance(reserved, Shortage):
            raise TokensExhaustedError(
                f"too few Keepa tokens for {request.endpoint}: {reserved.tokens_left} to spend, "
                f"{request.estimate} needed; they are there in {reserved.wait_s:.0f} s",
                refill_in_s=reserved.wait_s,
                tokens_left=reserved.tokens_left,
            )
        return reserved


def _is_worth_another_attempt(error: BaseException) -> bool:
    if isinstance(error, KeepaLateReplyError):
        return False
    return isinstance(error, KeepaUnavailableError | KeepaReplyError)


def _charge(envelope: Envelope | None) -> int | None:
    return None if envelope is None else envelope.tokens_consumed


def _reading(envelope: Envelope | None, received_at: datetime) -> TokenReading | None:
    # An envelope without a refill rate belongs to no account: Keepa did not know the key.
    if envelope is None or envelope.refill_rate <= 0:
        return None
    return envelope.reading(received_at)


def _moment_of(date: str | None) -> datetime | None:
    """Return the time of a Date header (RFC 9110), None if it has none."""
    try:
        moment = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


class _Exchange:
    """One attempt on the wire. Faults are kept, not raised from inside an `except` block.

    The HTTP library's own errors hold the URL with the key, and an error raised while one of them
    is handled would carry it along as its context.
    """

    def __init__(self, session: requests.Session, config: KeepaConfig, redact: Redactor) -> None:
        self._session = session
        self._config = config
        self._redact = redact
        self.status = 0
        self.served_at: datetime | None = None
        self.body = bytearray()
        self.failure: KeeperError | None = None

    def run(self, endpoint: str, parameters: Mapping[str, object], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        # requests takes any value that prints; its stubs list only some types.
        query = {name: str(value) for name, value in parameters.items()}
        is_long = len(query.get("selection", "")) > _LONGEST_SELECTION
        body = query.pop("selection").encode() if is_long else None
        try:
            with self._session.request(
                "GET" if body is None else "POST",
                f"{self._config.base_url}/{endpoint}/",
                params=query,
                data=body,
                headers={} if body is None else {"Content-Type": _JSON},
                timeout=(min(_CONNECT_TIMEOUT_S, timeout_s), timeout_s),
                stream=True,
                # A redirect would hand the key to another host.
                allow_redirects=False,
            ) as response:
                self.status = response.status_code
                self.served_at = _moment_of(response.headers.get("Date"))
                self._read(response.raw, deadline, timeout_s)
        except requests.ConnectTimeout:
            self._fail_unreachable("no connection in time")
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            self._fail_late(timeout_s)
        except (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError) as error:
            self.failure = KeepaReplyError(
                f"Keepa's reply was cut after {len(self.body)} bytes ({self._reason(error)})"
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            self._fail_unreachable(self._reason(error))

    def _read(self, raw: urllib3.BaseHTTPResponse, deadline: float, timeout_s: float) -> None:
        # read1 gives what has come: a reply that trickles in meets the deadline, and one that is
        # cut leaves its envelope.
        while chunk := raw.read1(_READ_BYTES, decode_content=True):
            self.body += chunk
            if len(self.body) > _MOST_BYTES:
                self.failure = KeepaReplyTooLargeError(
                    f"Keepa's reply is larger than {_MOST_BYTES:,} bytes and was not read on"
                )
                return
            if time.monotonic() > deadline:
                self._fail_late(timeout_s)
                return

    def _fail_unreachable(self, reason: str) -> None:
        self.failure = KeepaUnavailableError(
            f"Keepa cannot be reached at {self._config.base_url}: {reason}"
        )

    def _fail_late(self, timeout_s: float) -> None:
        self.failure = KeepaLateReplyError(
            f"Keepa did not finish its reply within {timeout_s:g} s ({len(self.body)} bytes came)"
        )

    def _reason(self, error: Exception) -> str:
        cause = error.args[0] if error.args else error
        cause = getattr(cause, "reason", None) or cause
        return self._redact(f"{type(error).__name__}: {cause}")[:_REASON_CHARS]
