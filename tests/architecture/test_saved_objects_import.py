"""docker/import_saved_objects.py gives a server that speaks Kibana's answers its objects."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

NOT_READY = (503, "Kibana server is not ready yet")
LOGIN = "Basic " + b64encode(b"elastic:s@cret").decode()


def status(level: str) -> tuple[int, str]:
    return 200, json.dumps({"status": {"overall": {"level": level}}})


class Kibana(BaseHTTPRequestHandler):
    """Answers as Kibana 8 does, as far as its documentation and public examples say."""

    stored: ClassVar[dict[tuple[str, str], dict[str, Any]]]
    answers: ClassVar[list[tuple[int, str]]]
    """Given first, one a request, whatever is asked."""
    asks_for_login: ClassVar[bool]
    requests: ClassVar[list[str]]

    def do_GET(self) -> None:
        self.requests.append(self.path)
        self._answer(*(self.answers.pop(0) if self.answers else status("available")))

    def do_POST(self) -> None:
        self.requests.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.answers:
            self._answer(*self.answers.pop(0))
        elif self.asks_for_login and self.headers["Authorization"] != LOGIN:
            self._answer(401, json.dumps({"statusCode": 401, "error": "Unauthorized"}))
        elif not self.headers["kbn-xsrf"]:
            self._answer(400, '{"message": "Request must contain a kbn-xsrf header."}')
        else:
            overwrite = parse_qs(urlsplit(self.path).query).get("overwrite") == ["true"]
            self._answer(200, json.dumps(self._imported(body, overwrite=overwrite)))

    def _imported(self, body: bytes, *, overwrite: bool) -> dict[str, Any]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts: Any = message_from_bytes(head + body).get_payload()
        (part,) = parts
        assert part.get_param("name", header="Content-Disposition") == "file"
        assert part.get_filename().endswith(".ndjson"), "Kibana takes files of that name only"
        objects = [json.loads(line) for line in part.get_payload(decode=True).splitlines()]
        known = self.stored.keys() | {(one["type"], one["id"]) for one in objects}
        errors = []
        for one in objects:
            named = [(ref["type"], ref["id"]) for ref in one["references"]]
            missing = [{"type": k, "id": i} for k, i in named if (k, i) not in known]
            error: dict[str, Any] | None = None
            if missing:
                error = {"type": "missing_references", "references": missing}
            elif (one["type"], one["id"]) in self.stored and not overwrite:
                error = {"type": "conflict"}
            if error:
                errors.append({"type": one["type"], "id": one["id"], "error": error})
            else:
                self.stored[one["type"], one["id"]] = one
        answer: dict[str, Any] = {"successCount": len(objects) - len(errors), "warnings": []}
        return answer | ({"success": False, "errors": errors} if errors else {"success": True})

    def _answer(self, code: int, body: str) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def kibana() -> Iterator[str]:
    """The address of a Kibana that has nothing yet."""
    Kibana.stored, Kibana.answers, Kibana.requests = {}, [], []
    Kibana.asks_for_login = False
    with HTTPServer(("127.0.0.1", 0), Kibana) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def file(root: Path) -> Path:
    return root / "docker" / "kibana" / "keeper.ndjson"


def give(
    root: Path, *arguments: str | Path, secret: Path | None = None
) -> subprocess.CompletedProcess[str]:
    password = {} if secret is None else {"KIBANA_PASSWORD_FILE": str(secret)}
    return subprocess.run(
        [sys.executable, root / "docker" / "import_saved_objects.py", *arguments],
        env={"http_proxy": "http://127.0.0.1:1", **password},
        capture_output=True,
        text=True,
        check=False,
    )


def test_kibana_has_every_object_and_again_is_the_same(root: Path, kibana: str, file: Path) -> None:
    expected = {
        (one["type"], one["id"]): one
        for one in map(json.loads, file.read_text("utf-8").splitlines())
    }
    for _ in range(2):
        done = give(root, f"http://{kibana}", file)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"http://{kibana} has {len(expected)} saved objects of {file}\n"
        assert Kibana.stored == expected
    assert Kibana.requests[1] == "/api/saved_objects/_import?overwrite=true"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([NOT_READY], ["it answers 503"]),
        ([NOT_READY, NOT_READY, status("unavailable")], ["it answers 503", "it is unavailable"]),
        # Between the two it was restarted.
        ([status("available"), NOT_READY], ["it answers 503"]),
    ],
    ids=["starting", "starting slowly", "restarted"],
)
def test_it_waits_for_kibana_and_says_so_once(
    root: Path, kibana: str, file: Path, answers: list[tuple[int, str]], said: list[str]
) -> None:
    Kibana.answers = list(answers)

    done = give(root, f"http://{kibana}", file)

    assert done.returncode == 0, done.stderr
    waits = [f"waiting for Kibana at http://{kibana}: {what}" for what in said]
    assert done.stdout.splitlines()[:-1] == waits


def test_a_degraded_kibana_imports(root: Path, kibana: str, file: Path) -> None:
    Kibana.answers = [status("degraded")]

    assert give(root, f"http://{kibana}", file, "0").returncode == 0


def test_an_object_that_lacks_what_it_refers_to_fails_it(
    root: Path, kibana: str, file: Path, tmp_path: Path
) -> None:
    lines = file.read_text("utf-8").splitlines(keepends=True)
    partial = tmp_path / "partial.ndjson"
    partial.write_text(lines[-1])
    dashboard = json.loads(lines[-1])

    done = give(root, f"http://{kibana}", partial)

    assert done.returncode == 1
    assert "Kibana did not import everything" in done.stderr
    assert f"dashboard {dashboard['id']}: missing_references" in done.stderr
    assert dashboard["references"][0]["id"] in done.stderr


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([NOT_READY, NOT_READY], "not ready within 0 s: it answers 503"),
        ([status("available"), (200, '{"success": true, "successCount": 3}')], "imported 3 of"),
        ([status("available"), (200, '{"successCount": 0}')], '"successCount": 0'),
        ([status("available"), (415, "no such media")], "answers 415: no such media"),
        ([(200, "<html>")], "is not Kibana's"),
        ([(404, "nothing here")], "answers 404: nothing here"),
    ],
    ids=["never ready", "too few", "no success", "refused", "a web page", "another server"],
)
def test_what_goes_wrong_is_said(
    root: Path, kibana: str, file: Path, answers: list[tuple[int, str]], said: str
) -> None:
    Kibana.answers = list(answers)

    done = give(root, f"http://{kibana}", file, "0")

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_login_is_used_and_not_shown(root: Path, kibana: str, file: Path, tmp_path: Path) -> None:
    Kibana.asks_for_login = True
    secret = tmp_path / "password"

    secret.write_text("s@cret\n")
    assert give(root, f"http://elastic@{kibana}", file, secret=secret).returncode == 0
    secret.write_text("unheard-of")
    refused = give(root, f"http://elastic@{kibana}", file, secret=secret)
    missing = give(root, f"http://elastic@{kibana}", file, secret=tmp_path / "none")

    assert refused.returncode == missing.returncode == 1
    assert "No such file" in missing.stderr
    assert "answers 401" in refused.stderr
    assert "unheard-of" not in refused.stdout + refused.stderr


def test_nobody_there_and_no_such_file(root: Path, kibana: str, file: Path) -> None:
    nobody = give(root, "http://127.0.0.1:1", file, "0")
    assert nobody.returncode == 1
    assert "refused" in nobody.stderr
    assert give(root, f"http://{kibana}", file.with_name("none.ndjson")).returncode == 1
