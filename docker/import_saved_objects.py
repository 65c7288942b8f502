"""Gives Kibana its saved objects: `import_saved_objects.py URL FILE [SECONDS]`.

Waits up to SECONDS, 300 if not given, until Kibana at URL is available, and has it import FILE,
over what it has by the same ids: the same file again changes nothing. URL may hold a user; the
password is in the file that KIBANA_PASSWORD_FILE names. Standard library only, like health.py.
"""

import json
import os
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from json_service import JsonService, NotReadyError, RefusedError, patiently

_BOUNDARY = "keeper-saved-objects"
_NOT_YET = ("unavailable", "critical")


def kibana_at(url: str, password: str = "") -> JsonService:
    """Return Kibana at a URL, which may hold a user."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    headers = {"kbn-xsrf": "keeper"}
    if parts.username:
        login = f"{unquote(parts.username)}:{password}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    plain = urlunsplit((parts.scheme, address, parts.path.rstrip("/"), "", ""))
    return JsonService("Kibana", plain, headers)


def check_available(kibana: JsonService) -> None:
    """Raise NotReadyError while Kibana cannot do its work."""
    status = kibana.ask("/api/status")
    try:
        level = status["status"]["overall"]["level"]
    except (LookupError, TypeError):
        # A Kibana that asks for a login says no more than that it answers.
        return
    if level in _NOT_YET:
        raise NotReadyError(f"it is {level}")


def import_objects(kibana: JsonService, text: bytes) -> int:
    """Import objects, one a line, over those of the same ids; return how many.

    Raises:
        RefusedError: Kibana refuses the file, or some of it.
        NotReadyError: Kibana is not available.
    """
    check_available(kibana)
    head = (
        f"--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="file"; filename="keeper.ndjson"\r\n'
        "Content-Type: application/ndjson\r\n\r\n"
    )
    answer = kibana.ask(
        "/api/saved_objects/_import?overwrite=true",
        head.encode() + text + f"\r\n--{_BOUNDARY}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={_BOUNDARY}",
    )
    expected = len([line for line in text.splitlines() if line.strip()])
    # Kibana answers 200 when it has imported only some, or none.
    if not isinstance(answer, dict) or answer.get("success") is not True:
        raise RefusedError("\n".join(["Kibana did not import everything:", *_refusals(answer)]))
    if answer.get("successCount") != expected:
        raise RefusedError(
            f"Kibana says it imported {answer.get('successCount')} of {expected} objects"
        )
    return expected


def _refusals(answer: object) -> list[str]:
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


def main(url: str, file: str, wait_s: str = "300") -> str | None:
    """Import a file and return what is wrong, None if nothing."""
    try:
        secret = os.environ.get("KIBANA_PASSWORD_FILE")
        password = Path(secret).read_text("utf-8").strip() if secret else ""
        text = Path(file).read_bytes()
        kibana = kibana_at(url, password)
        number = patiently(kibana, lambda: import_objects(kibana, text), float(wait_s))
    except (RefusedError, OSError) as error:
        return str(error)
    print(f"{kibana.url} has {number} saved objects of {file}")
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
