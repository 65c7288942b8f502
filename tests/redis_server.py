"""A Redis of a test's own: Debian's, installed or unpacked; tests may kill and start it.

It has the configuration of the server's own, with its login that may do little.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from stack.debian_packages import can_unpack
from stack.layout import Layout
from stack.redis import installed_redis, redis_folder, redis_program, unpack_redis
from tests.services import ROOT, free_port, stack_home
from tests.waiting import wait_until

USER, PASSWORD = "keeper", "a-word-of-the-tests"
_SCRIPT = ROOT / "docker" / "redis" / "cache.sh"


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
        return f"redis://{USER}:{PASSWORD}@127.0.0.1:{self._port}/0"

    def _configuration(self) -> str:
        written = _SCRIPT.read_text("utf-8").split("CONFIGURATION\n")[1]
        own = written.replace("${login%%:*}", USER).replace("${login#*:}", PASSWORD)
        return f"{own}port {self._port}\nbind 127.0.0.1\ndir {self._folder}\n"

    def start(self) -> None:
        """Start it and wait until it answers."""
        layout = Layout(stack_home())
        if installed_redis(os.environ) is None and not redis_folder(layout).is_dir():
            if not can_unpack():
                pytest.skip("there is no Redis here, nor a Debian to fetch it from")
            unpack_redis(layout)
        program = redis_program(layout, os.environ)
        self._process = subprocess.Popen(
            [program.path, "-"],
            cwd=self._folder,
            env={**os.environ, **program.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        with self._process.stdin as configuration:
            configuration.write(self._configuration().encode())
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
