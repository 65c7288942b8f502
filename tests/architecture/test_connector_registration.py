"""docker/register_connectors.py gives connectors to a server that answers as Kafka Connect does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

SINK = "org.example.Sink"


class Connect(BaseHTTPRequestHandler):
    """Answers as a Kafka Connect worker of version 4 does."""

    connectors: ClassVar[dict[str, Any]]
    plugins: ClassVar[list[str]]
    answers: ClassVar[dict[str, list[int]]]
    """Status codes given first, by method and path."""

    def do_GET(self) -> None:
        answered: Any = {"status": "healthy"}
        if self.path == "/connector-plugins":
            answered = [{"class": name, "type": "sink", "version": "1"} for name in self.plugins]
        self._answer(answered)

    def do_PUT(self) -> None:
        settings = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._answer({"config": settings}):
            self.connectors[self.path.split("/")[2]] = settings

    def _answer(self, answered: Any) -> bool:
        left = self.answers.get(f"{self.command} {self.path}")
        code = left.pop(0) if left else 200
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(answered if code == 200 else {"message": "no"}).encode())
        return code == 200

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def connect() -> Iterator[str]:
    """The address of a worker with one plugin and no connector."""
    Connect.connectors, Connect.plugins, Connect.answers = {}, [SINK], {}
    with HTTPServer(("127.0.0.1", 0), Connect) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two connectors that differ in their topic."""
    folder = tmp_path / "connectors"
    folder.mkdir()
    for name in ("first", "second"):
        (folder / f"{name}.json").write_text(json.dumps({"topics": name, "steps": ["a", "b"]}))
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> list[Path]:
    """What both have in common; the later file is right."""
    files = [tmp_path / "sink.json", tmp_path / "own.json"]
    files[0].write_text(json.dumps({"connector.class": "none", "topics": "all", "tasks.max": 1}))
    files[1].write_text(json.dumps({"connector.class": SINK}))
    return files


def register(
    root: Path, url: str, folder: Path, *shared: Path, wait_s: float = 0
) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        sys.executable,
        root / "docker" / "register_connectors.py",
        "--wait",
        str(wait_s),
    ]
    return subprocess.run(
        [*command, url, folder, *shared],
        env={"http_proxy": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_connectors_have_their_own_settings_over_the_common_ones(
    root: Path, connect: str, folder: Path, shared: list[Path]
) -> None:
    for _ in range(2):
        done = register(root, connect, folder, *shared)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{connect} has first, second\n"
        common = {"connector.class": SINK, "tasks.max": "1", "steps": "a,b"}
        assert Connect.connectors == {
            name: common | {"topics": name} for name in ("first", "second")
        }


@pytest.mark.parametrize(
    ("asked", "code"),
    [("GET /health", 404), ("GET /health", 503), ("PUT /connectors/second/config", 409)],
    ids=["no page yet", "starting", "rebalancing"],
)
def test_it_waits_for_the_worker(
    asked: str, code: int, root: Path, connect: str, folder: Path, shared: list[Path]
) -> None:
    Connect.answers = {asked: [code]}

    done = register(root, connect, folder, *shared, wait_s=30)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == (
        f"waiting for Kafka Connect at {connect}: it answers {code}"
    )
    assert set(Connect.connectors) == {"first", "second"}


def test_a_missing_plugin_is_named(
    root: Path, connect: str, folder: Path, shared: list[Path]
) -> None:
    Connect.plugins = ["org.example.Source"]

    done = register(root, connect, folder, *shared)

    assert done.returncode == 1
    assert f"it has no plugin with {SINK}; put it into docker/connect/plugins" in done.stderr
    assert Connect.connectors == {}


def test_a_refused_setting_is_said_at_once(
    root: Path, connect: str, folder: Path, shared: list[Path]
) -> None:
    Connect.answers = {"PUT /connectors/first/config": [400]}

    done = register(root, connect, folder, *shared, wait_s=60)

    assert done.returncode == 1
    assert f'{connect}/connectors/first/config answers 400: {{"message": "no"}}' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "third.json is not JSON"),
        ("[]", "third.json is not an object"),
        ("{}", "third has no connector.class"),
    ],
)
def test_a_wrong_file_is_named(
    text: str, said: str, root: Path, connect: str, folder: Path
) -> None:
    for file in folder.iterdir():
        file.unlink()
    (folder / "third.json").write_text(text)

    done = register(root, connect, folder)

    assert done.returncode == 1
    assert said in done.stderr


def test_an_empty_folder_and_nobody_there_are_said(
    root: Path, connect: str, folder: Path, shared: list[Path], tmp_path: Path
) -> None:
    nobody = register(root, "http://127.0.0.1:1", folder, *shared)
    assert nobody.returncode == 1
    assert "refused" in nobody.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "has no connector" in register(root, connect, empty, *shared).stderr
