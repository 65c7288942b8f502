"""Keeper's processes, started as an operator would, and what they say of themselves."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from typer.testing import CliRunner

from keeper.cli.app import app
from tests.services import free_port
from tests.waiting import HUNG_AFTER_S


@dataclass(frozen=True)
class Processes:
    """Workers and a console, by name."""

    processes: Mapping[str, "subprocess.Popen[bytes]"]
    console: str

    @property
    def workers(self) -> list[str]:
        """Which workers there are."""
        return [name for name in self.processes if name != "console"]

    def says(self, name: str) -> str:
        """Return what `keeper health` says of one; blank before its first sign."""
        return CliRunner().invoke(app, ["health", name]).stdout

    def are_ready(self) -> bool:
        """Return whether all of them are."""
        return all(
            CliRunner().invoke(app, ["health", name, "--ready"]).exit_code == 0
            for name in self.workers
        )

    def run_on(self) -> bool:
        """Return whether none of them has ended."""
        return all(one.poll() is None for one in self.processes.values())

    def console_answers(self) -> int:
        """Return the status of the console's health; 0 while it does not listen."""
        try:
            return httpx.get(f"{self.console}/health", timeout=20, trust_env=False).status_code
        except httpx.TransportError:
            return 0


@contextmanager
def running(workers: Mapping[str, tuple[str, ...]]) -> Iterator[Processes]:
    """Run workers and the console with the environment's settings; asked to end, they do."""
    port = free_port()
    commands = {**workers, "console": ("console", "--port", str(port))}
    keeper = Path(sys.executable).with_name("keeper")
    processes = {
        name: subprocess.Popen([keeper, *words], env=os.environ) for name, words in commands.items()
    }
    try:
        yield Processes(processes, f"http://127.0.0.1:{port}")
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        ended = {name: one.wait(HUNG_AFTER_S) for name, one in processes.items()}
        # Uvicorn, once it has shut down, ends by the signal it got.
        assert ended == dict.fromkeys(processes, 0) | {"console": -signal.SIGTERM}
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
