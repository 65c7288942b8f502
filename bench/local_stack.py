"""The benchmarks' own services, away from the ones of `make up` and of the tests."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".keeper" / "bench"
PORT_OFFSET = "26000"


class StackUnavailableError(Exception):
    """The services cannot be started here; their own command says why."""


class LocalStack:
    """PostgreSQL, Kafka, Elasticsearch …, each group started when a benchmark first needs it.

    Use it as a context: leaving it ends whatever was started.
    """

    def __init__(self) -> None:
        self._command = [
            *(sys.executable, "-m", "stack"),
            *("--home", os.environ.get("KEEPER_BENCH_STACK_HOME", str(HOME))),
            *("--port-offset", PORT_OFFSET),
        ]
        self._up: set[str] = set()

    def environment(self, *groups: str) -> dict[str, str]:
        """Start service groups (`postgres`, `kafka`, `elasticsearch` …) and return their variables.

        Raises:
            StackUnavailableError: They did not start.
        """
        if not self._up.issuperset(groups):
            self._up.update(groups)
            up = self._run("up", "--only", ",".join(sorted(self._up)))
            if up.returncode:
                raise StackUnavailableError(up.stderr.strip() or "the services did not start")
        lines = shlex.split(self._run("env", check=True).stdout)
        return {name: value for name, found, value in (w.partition("=") for w in lines) if found}

    def __enter__(self) -> "LocalStack":
        return self

    def __exit__(self, *_: object) -> None:
        if self._up:
            self._run("down", check=True)

    def _run(self, *words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, *words], cwd=ROOT, check=check, capture_output=True, text=True
        )
