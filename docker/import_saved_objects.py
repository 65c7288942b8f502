"""Gives Kibana its saved objects: `import_saved_objects.py URL FILE [SECONDS]`.

Waits up to SECONDS, 300 if not given, until Kibana at URL is available, and has it import FILE,
over what it has by the same ids: the same file again changes nothing. URL may hold a user; the
password is in the file that KIBANA_PASSWORD_FILE names. Standard library only, like health.py.
"""

import json
import os
import sys
import time
from base64 import b64encode
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import ProxyHandler, Request, build_opener

_TIMEOUT_S = 60
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_BOUNDARY = "keeper-saved-objects"
# Kibana, or what stands before it, is starting or overloaded.
_FOR_NOW = (429, 502, 503, 504)
_NOT_YET = ("unavailable", "critical")


class ImportFailedError(Exception):
    """Kibana refuses, and would again."""


class NotReadyError(Exception):
    """Kibana cannot do it now."""


class Kibana:
    """Kibana at a URL. Any proxy of the environment is passed over."""

    def __init__(self, url: str, password: str = "") -> None:
        parts = urlsplit(url)
        address = parts.netloc.rpartition("@")[2]
        self.url = urlunsplit((parts.scheme, address, parts.path.rstrip("/"), "", ""))
        self._headers = {"kbn-xsrf": "keeper"}
        if parts.username:
            login = f"{unquote(parts.username)}:{password}"
            self._headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        self._opener = build_opener(ProxyHandler({}))

    def check_available(self) -> None:
        """Raise NotReadyError while Kibana cannot do its work."""
        status = self._ask("/api/status")
        try:
            level = status["status"]["overall"]["level"]
        except (LookupError, TypeError):
            # A Kibana that asks for a login says no more than that it answers.
            return
        if level in _NOT_YET:
            raise NotReadyError(f"it is {level}")

    def import_objects(self, text: bytes) -> int:
        """Import objects, one a line, over those of the same ids; return how many.

        Raises:
            ImportFailedError: Kibana refuses the file, or some of it.
        """
        head = (
            f"--{_BOUNDARY}\r\n"
            'Content-Disposition: form-data; name="file"; filename="keeper.ndjson"\r\n'
            "Content-Type: application/ndjson\r\n\r\n"
        )
        body = head.encode() + text + f"\r\n--{_BOUNDARY}--\r\n".encode()
        answer = self._ask("/api/saved_objects/_import?overwrite=true", body)
        expected = len([line for line in text.splitlines() if line.strip()])
        # Kibana answers 200 when it has imported only some, or none.
        if not isinstance(answer, dict) or answer.get("success") is not True:
            raise ImportFailedError(
                "\n".join(["Kibana did not import everything:", *_told(answer)])
            )
        if answer.get("successCount") != expected:
            raise ImportFailedError(
                f"Kibana says it imported {answer.get('successCount')} of {expected} objects"
            )
        return expected

    def _ask(self, path: str, body: bytes | None = None) -> object:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = f"multipart/form-data; boundary={_BOUNDARY}"
        request = Request(self.url + path, data=body, headers=headers)  # noqa: S310 - as configured
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                said = answer.read()
        except HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")[:500]
            if error.code in _FOR_NOW:
                raise NotReadyError(f"it answers {error.code}") from None
            raise ImportFailedError(f"{self.url}{path} answers {error.code}: {text}") from None
        except (OSError, HTTPException) as error:
            raise NotReadyError(str(error)) from None
        try:
            return json.loads(said)
        except ValueError:
            raise ImportFailedError(f"{self.url}{path} is not Kibana's: {said[:200]!r}") from None


def _told(answer: object) -> list[str]:
    """Return a line for each object that Kibana did not import."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not isinstance(errors, list) or not errors:
        return [f"  {json.dumps(answer)[:500]}"]
    lines = []
    for error in errors:
        why = dict(error.get("error") or {})
        kind = why.pop("type", "unknown")
        lines.append(f"  {error.get('type')} {error.get('id')}: {kind} {json.dumps(why)}")
    return lines


def give(kibana: Kibana, text: bytes, wait_s: float) -> int:
    """Wait until Kibana is available, have it import objects, and return how many.

    Raises:
        ImportFailedError: It refuses, or is not available in time.
    """
    deadline = time.monotonic() + wait_s
    pause, said = _FIRST_PAUSE_S, None
    while True:
        try:
            kibana.check_available()
            return kibana.import_objects(text)
        except NotReadyError as error:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ImportFailedError(
                    f"Kibana at {kibana.url} was not available within {wait_s:g} s: {error}"
                ) from None
            if str(error) != said:
                said = str(error)
                print(f"waiting for Kibana at {kibana.url}: {said}", flush=True)
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def main(url: str, file: str, wait_s: str = "300") -> str | None:
    """Import a file and return what is wrong, None if nothing."""
    try:
        secret = os.environ.get("KIBANA_PASSWORD_FILE")
        password = Path(secret).read_text("utf-8").strip() if secret else ""
        kibana = Kibana(url, password)
        number = give(kibana, Path(file).read_bytes(), float(wait_s))
    except (ImportFailedError, OSError) as error:
        return str(error)
    print(f"{kibana.url} has {number} saved objects of {file}")
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
