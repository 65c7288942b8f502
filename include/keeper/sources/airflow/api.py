"""The calls of Airflow's REST API that Keeper makes: start a run, see how one is, and the next one.

Airflow gives a login a token that is good for a day; it is fetched at the first call, and again
when Airflow refuses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from pydantic import AwareDatetime, BaseModel

from keeper.breaker import Breaker
from keeper.clock import Clock, utc_now
from keeper.errors import TerminalError, TransientError

_TIMEOUT: Final = httpx.Timeout(2.0, connect=1.0)
"""Three requests, the most a call makes, end well before whoever waits for one gives up."""
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LAST_PAUSE: Final = timedelta(seconds=30)
_BREAK_AFTER: Final = 3


class AirflowUnavailableError(TransientError):
    """Airflow does not answer, or says that it cannot now."""


class AirflowSilentError(AirflowUnavailableError):
    """Airflow was asked and has not answered: nobody knows whether it did what it was asked."""


class AirflowRejectedError(TerminalError):
    """Airflow refuses the login, or what it is asked for."""


@dataclass(frozen=True, slots=True, repr=False)
class AirflowConfig:
    """Where Airflow is, and a login that may start and see runs; its repr shows nothing."""

    url: str
    user: str
    password: str

    def __repr__(self) -> str:
        """Name the type only."""
        return "AirflowConfig(…)"


class AirflowApi:
    """Airflow's API behind a circuit breaker; several threads may use one at once."""

    def __init__(self, config: AirflowConfig, *, clock: Clock = utc_now) -> None:
        """Prepare; nothing is asked yet."""
        self._config = config
        self._clock = clock
        self._breaker = Breaker(
            first_pause=_FIRST_PAUSE, last_pause=_LAST_PAUSE, break_after=_BREAK_AFTER
        )
        self._client = httpx.Client(base_url=config.url, timeout=_TIMEOUT)
        self._token: str | None = None

    def start_run(self, dag_id: str, run_id: str, params: Mapping[str, Any]) -> None:
        """Start a run beside the schedule; one that is there already stays as it is.

        Raises:
            AirflowSilentError: Airflow has the request and does not answer.
            AirflowUnavailableError: It does not answer at all.
            AirflowRejectedError: It refuses.
        """
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(params)}
        answer = self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        if answer.status_code != httpx.codes.CONFLICT:
            _refuse_errors(answer)

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Return a run's state in Airflow's word: queued, running, success or failed.

        None if there is no such run.

        Raises:
            AirflowUnavailableError: Airflow does not answer.
            AirflowRejectedError: It refuses.
        """
        answer = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        _refuse_errors(answer)
        return str(answer.json()["state"])

    def next_run_at(self, dag_id: str) -> datetime | None:
        """Return when a DAG runs next by its schedule; None while it is paused, or has none.

        Raises:
            AirflowUnavailableError: Airflow does not answer.
            AirflowRejectedError: It refuses.
        """
        answer = self._ask("GET", f"/api/v2/dags/{dag_id}")
        _refuse_errors(answer)
        dag = _Dag.model_validate_json(answer.content)
        return None if dag.is_paused else dag.next_dagrun_run_after

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        if self._token is not None:
            answer = self._send(method, path, body)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                return answer
        login = {"username": self._config.user, "password": self._config.password}
        self._token = None
        try:
            answer = self._send("POST", "/auth/token", login)
        except AirflowSilentError as error:
            # What was asked for has not been sent yet.
            raise AirflowUnavailableError(str(error)) from None
        _refuse_errors(answer)
        self._token = answer.json()["access_token"]
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        if self._breaker.admit(self._clock()):
            raise AirflowUnavailableError("Airflow has not answered lately")
        try:
            answer = self._client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            self._breaker.failed(self._clock())
            unsent = isinstance(
                error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
            )
            kind = AirflowUnavailableError if unsent else AirflowSilentError
            raise kind(
                f"Airflow does not answer: {type(error).__name__}; check that it runs and "
                "KEEPER_AIRFLOW_URL"
            ) from None
        self._breaker.worked()
        return answer


class _Dag(BaseModel):
    """What Airflow says of a DAG, as far as it is read."""

    is_paused: bool
    next_dagrun_run_after: AwareDatetime | None = None


def _refuse_errors(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    what = f"{answer.request.method} {answer.request.url.path} with HTTP {answer.status_code}"
    if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise AirflowUnavailableError(f"Airflow cannot {what}")
    raise AirflowRejectedError(
        f"Airflow refuses {what}; check KEEPER_AIRFLOW_API_USER and KEEPER_AIRFLOW_API_PASSWORD"
    )
