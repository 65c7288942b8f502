"""A Docker engine: the one that runs, or one of its own that ends with the block."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stack.commands import last_lines, run_logged
from stack.docker.commands import need_programs
from stack.errors import StackError
from stack.layout import Layout

_START_TIMEOUT_S: Final = 60
_STOP_TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine that answers.

    Attributes:
        host: Where it listens, as DOCKER_HOST; None for the default.
        layout: Where logs go.
    """

    host: str | None
    layout: Layout

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which `docker` and Compose find it."""
        own = {} if self.host is None else {"DOCKER_HOST": self.host}
        return {**os.environ, "DOCKER_BUILDKIT": "1", **own}

    def run(self, what: str, *words: str | Path, timeout: float = 600) -> None:
        """Run a `docker` command to its end; its output is in the log `docker`.

        Raises:
            StackError: It failed; with its last lines.
        """
        command = ["docker", *words]
        log = self.layout.log_of("docker")
        run_logged(what, command, log=log, env=self.environment, timeout=timeout)

    def output(self, *words: str) -> str:
        """Return what a `docker` command prints.

        Raises:
            StackError: It failed; with what it said.
        """
        done = subprocess.run(
            ["docker", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise StackError(f"docker {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def docker_engine(layout: Layout) -> Iterator[Engine]:
    """Give the engine that runs, or start one for the block and remove all it held after.

    Raises:
        StackError: There is none and none can be started: that needs root, and Debian's packages.
    """
    running = Engine(None, layout)
    if shutil.which("docker") and _answers(running):
        yield running
        return
    if os.geteuid() != 0:
        raise StackError("No Docker engine runs (`docker info`), and only root can start one.")
    need_programs(layout, "dockerd")
    home = layout.home / "docker"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    # A socket's path is limited to 107 letters.
    with tempfile.TemporaryDirectory(prefix="keeper-docker-") as short:
        engine = Engine(f"unix://{short}/docker.sock", layout)
        process = _start(engine, home, Path(short))
        try:
            _wait(engine, process)
            yield engine
        finally:
            _end(process)
            shutil.rmtree(home, ignore_errors=True)


def _start(engine: Engine, home: Path, short: Path) -> "subprocess.Popen[bytes]":
    log = engine.layout.log_of("dockerd")
    command: Sequence[str] = (
        "dockerd",
        *("--host", engine.host or ""),
        *("--data-root", str(home)),
        *("--exec-root", str(short / "exec")),
        *("--pidfile", str(short / "docker.pid")),
    )
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait(engine: Engine, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _answers(engine):
        if process.poll() is not None or time.monotonic() > deadline:
            said = "\n".join(last_lines(engine.layout.log_of("dockerd"), 15))
            raise StackError(f"The Docker engine did not start:\n{said}")
        time.sleep(0.5)  # between two looks: it announces to nobody that it is ready


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(engine: Engine) -> bool:
    try:
        engine.output("info")
    except StackError:
        return False
    return True
