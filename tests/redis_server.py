"""A Redis of a test's own: Debian's, installed or unpacked; tests may kill and start it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.services import free_port, stack_home
from tests.waiting import wait_until

_PACKAGES = ("redis-tools", "libjemalloc2", "liblzf1", "liblua5.1-0", "lua-cjson", "lua-bitop")


def _unpacked() -> Path:
    """Return the folder of Debian's Redis, fetched below the stack's home the first time."""
    folder = stack_home() / "lib" / "redis"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as name:
            staging = Path(name)
            # apt-get checks the packages' signatures; redis-server itself is in redis-tools.
            fetch = ["apt-get", "-qq", "download", *_PACKAGES]
            is_debian = shutil.which(fetch[0]) is not None
            if not is_debian or subprocess.run(fetch, cwd=staging, check=False).returncode:
                pytest.skip("there is no Redis here, nor a Debian to fetch it from")
            root = staging / "root"
            for archive in staging.glob("*.deb"):
                subprocess.run(["dpkg-deb", "--extract", archive, root], check=True)
            root.rename(folder)
    return folder


class RedisServer:
    """A Redis without persistence."""

    def __init__(self, folder: Path) -> None:
        """Prepare one that works in a folder."""
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        program, environment = shutil.which("redis-server"), dict(os.environ)
        if program is None:
            root = _unpacked()
            program = str(root / "usr/bin/redis-check-rdb")
            (libraries,) = {str(one.parent) for one in root.rglob("liblzf.so.1")}
            environment["LD_LIBRARY_PATH"] = libraries
        settings = ["--port", str(self._port), "--save", "", "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            ["redis-server", *settings],
            executable=program,
            cwd=self._folder,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        with Redis.from_url(self.url) as client:
            wait_until(lambda: _answers(client), "Redis answers")

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that runs."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()
