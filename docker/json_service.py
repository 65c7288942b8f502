"""Asking a service that may still be starting. Standard library only, for the scripts beside it."""

import json
import time
from collections.abc import Callable, Collection, Mapping
from http.client import HTTPException
from typing import TypeVar
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_TIMEOUT_S = 60
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
# It, or what stands before it, is starting or overloaded.
_FOR_NOW = (429, 502, 503, 504)

_Result = TypeVar("_Result")


class RefusedError(Exception):
    """The service refuses, and would again."""


class NotReadyError(Exception):
    """The service cannot do it now."""


class JsonService:
    """A service that answers in JSON. Any proxy of the environment is passed over."""

    def __init__(
        self, name: str, url: str, headers: Mapping[str, str], for_now: Collection[int] = ()
    ) -> None:
        """Ask nothing yet.

        Args:
            name: What people call it.
            url: Where it is, without a slash at the end.
            headers: Sent with everything.
            for_now: Status codes, besides the usual ones, that say to come back later.
        """
        self.name = name
        self.url = url
        self._headers = dict(headers)
        self._for_now = {*_FOR_NOW, *for_now}
        self._opener = build_opener(ProxyHandler({}))

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
        method: str | None = None,
    ) -> object:
        """Return what the service answers; a body is sent by POST unless a method is named.

        Raises:
            NotReadyError: It does not answer, or not now.
            RefusedError: It answers an error, or something that is not JSON.
        """
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = content_type
        request = Request(self.url + path, data=body, headers=headers, method=method)  # noqa: S310 - as configured
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                said = answer.read()
        except HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")[:500]
            if error.code in self._for_now:
                raise NotReadyError(f"it answers {error.code}") from None
            raise RefusedError(f"{self.url}{path} answers {error.code}: {text}") from None
        except (OSError, HTTPException) as error:
            raise NotReadyError(str(error)) from None
        try:
            return json.loads(said)
        except ValueError:
            raise RefusedError(f"{self.url}{path} is not {self.name}'s: {said[:200]!r}") from None


def patiently(service: JsonService, action: Callable[[], _Result], wait_s: float) -> _Result:
    """Do what raises NotReadyError until the service is ready, saying once what it waits for.

    Raises:
        RefusedError: The service refuses, or is not ready within `wait_s` seconds.
    """
    deadline = time.monotonic() + wait_s
    pause, said = _FIRST_PAUSE_S, None
    while True:
        try:
            return action()
        except NotReadyError as error:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RefusedError(
                    f"{service.name} at {service.url} was not ready within {wait_s:g} s: {error}"
                ) from None
            if str(error) != said:
                said = str(error)
                print(f"waiting for {service.name} at {service.url}: {said}", flush=True)
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE_S)
