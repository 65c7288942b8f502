"""Files come over HTTP from a Maven repository on this machine, and only whole and right ones."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stack.errors import StackError
from stack.maven import MavenRepository, download

JAR = "org/one/1/one-1.jar"
ZIP = "org/two/2/two-2.zip"
LOGIN = ("reader", "p@ss")
HASHES = {JAR: hashlib.sha512(b"jar").hexdigest(), ZIP: hashlib.sha512(b"zip").hexdigest()}


class Handler(SimpleHTTPRequestHandler):
    """Serves files, below /private/ only to the one login; every first answer is a 503 if asked."""

    stumbles = 0

    def do_GET(self) -> None:
        expected = "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()
        if Handler.stumbles:
            Handler.stumbles -= 1
            self.send_error(503)
        elif self.path.startswith("/private/") and self.headers["Authorization"] != expected:
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    for place in ("", "private"):
        for path, content in ((JAR, b"jar"), (ZIP, b"zip")):
            file = tmp_path / "served" / place / path
            file.parent.mkdir(parents=True)
            file.write_bytes(content)
    handler = partial(Handler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "fetched"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("ending", ["", "/"])
def test_files_lie_in_one_folder(address: str, into: Path, ending: str) -> None:
    download(MavenRepository(address + ending), HASHES, into)

    assert {file.name: file.read_bytes() for file in into.iterdir()} == {
        "one-1.jar": b"jar",
        "two-2.zip": b"zip",
    }


def test_a_file_with_another_hash_is_refused(address: str, into: Path) -> None:
    with pytest.raises(StackError, match=r"one-1\.jar is not the file that Keeper was made with"):
        download(MavenRepository(address), HASHES | {JAR: "0" * 64}, into)


def test_what_is_not_there_names_the_file_and_where_the_address_is_from(
    address: str, into: Path
) -> None:
    repository = MavenRepository(address.replace("//", "//user:secret@"))

    with pytest.raises(StackError) as caught:
        download(repository, HASHES | {"org/no/1/no-1.jar": "0" * 64}, into)

    assert "/org/no/1/no-1.jar is 404" in str(caught.value)
    assert "KEEPER_MAVEN_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_nobody_there_is_one_sentence(into: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        port = server.server_port

    with pytest.raises(StackError, match=r"could not be fetched.*check the network"):
        download(MavenRepository(f"http://127.0.0.1:{port}"), HASHES, into)


def test_a_repository_that_is_out_of_breath_is_asked_again(address: str, into: Path) -> None:
    Handler.stumbles = 2

    download(MavenRepository(address), HASHES, into)

    assert len(list(into.iterdir())) == 2


def test_the_login_of_the_settings_is_used(address: str, into: Path) -> None:
    private = f"{address}/private"

    with pytest.raises(StackError, match="is 401"):
        download(MavenRepository(private), HASHES, into)
    download(MavenRepository(private, LOGIN), HASHES, into)

    assert (into / "two-2.zip").read_bytes() == b"zip"
