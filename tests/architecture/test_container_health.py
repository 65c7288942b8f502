"""docker/health.py sees whether a service works."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

HEALTHY = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "unhealthy"},
    "triggerer": {"status": None},
}
ANSWERS = {
    "/health": (200, json.dumps(HEALTHY)),
    "/down": (503, "no"),
    "/page": (200, "<html>"),
    "/list": (200, "[]"),
}


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def ask(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, root / "docker" / "health.py", *arguments],
        env={"http_proxy": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [("/page",), ("/health",), ("/health", "metadatabase")])
def test_healthy(root: Path, address: str, arguments: tuple[str, ...]) -> None:
    path, *part = arguments
    done = ask(root, address + path, *part)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("/down",), "answers 503"),
        (("/health", "scheduler"), "scheduler is unhealthy"),
        (("/health", "triggerer"), "triggerer is not started"),
        (("/health", "worker"), "reports no worker"),
        (("/page", "scheduler"), "reports no scheduler"),
        (("/list", "scheduler"), "reports no scheduler"),
    ],
)
def test_unhealthy(root: Path, address: str, arguments: tuple[str, ...], said: str) -> None:
    path, *part = arguments
    done = ask(root, address + path, *part)
    assert done.returncode == 1
    assert said in done.stderr


def test_nobody_there(root: Path) -> None:
    done = ask(root, "http://127.0.0.1:1/health")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr
