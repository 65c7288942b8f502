"""Run the tests, suite by suite, in three lanes: `python -m tests.suites [--nightly] [SUITE …]`.

In fewer where memory is short. Each lane takes the next suite that nobody has begun. It has
services of its own, in a home and at ports of their own, which end with it. It stops at its first
suite that fails; the others go on. Of several lanes each line of output begins with its suite, and
the last counts the tests of all.

Long journeys, marked `nightly`, are left out unless asked for. Each suite prints its ten slowest
steps and writes fifty to .keeper/durations/<suite>.txt.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stack.machine import available_memory_mib

ROOT: Final = Path(__file__).resolve().parents[1]
NIGHTLY: Final = "--nightly"
DURATIONS: Final = ROOT / ".keeper" / "durations"
SUITES: Final = (
    "unit 1/2",
    "unit 2/2",
    "e2e",
    "integration 1/2",
    "integration 2/2",
    "faults",
    "dags",
    "architecture",
    "contract",
)
"""In the order they are begun: what finds most mistakes at once, then the longest first.

`1/2` is every second file of a suite.
"""
LANES: Final = 3
"""More than two processors have work for: a lane waits for a third of its time."""
_PORTS_APART: Final = 1_000
# What README asks for to run the whole stack, which one of them does at a time.
_STACK_MIB: Final = 4_096
# Measured: the services 1.4 GB, the tests up to 1.5.
_LANE_MIB: Final = 3_072
# As pytest ends.
_NO_TESTS: Final = 5
_COUNT: Final = re.compile(r"(\d+) (passed|failed|error|skipped)")


@dataclass(slots=True)
class Lane:
    """Runs suites one after the other on the same services.

    Attributes:
        waiting: Those that no lane has begun.
        environment: Says where the services are.
        nightly: Whether the long journeys run too.
        prefixed: Whether lines of output begin with the suite, as others are written meanwhile.
        counts: How many tests ended how, known of prefixed output alone.
        failed: What the lane stopped at.
    """

    waiting: deque[str]
    environment: Mapping[str, str]
    nightly: bool
    prefixed: bool
    counts: Counter[str] = field(default_factory=Counter)
    failed: str | None = None
    interrupted: bool = False
    pytest: subprocess.Popen[str] | None = None

    def run(self) -> None:
        """Run suites up to the first that fails, then end the services."""
        try:
            while suite := self._next():
                if self.interrupted or self._run(suite) != 0:
                    self.failed = suite
                    return
        finally:
            down = [sys.executable, "-m", "tests.services", "down"]
            if subprocess.run(down, cwd=ROOT, env=self.environment, check=False).returncode != 0:
                self.failed = self.failed or "the end of the services"

    def interrupt(self) -> None:
        """End the suite that runs as Ctrl-C does, with all it has started, and start no other."""
        self.interrupted = True
        if self.pytest is not None and self.pytest.poll() is None:
            os.killpg(self.pytest.pid, signal.SIGINT)

    def _next(self) -> str | None:
        with suppress(IndexError):
            return self.waiting.popleft()
        return None

    def _run(self, suite: str) -> int:
        """Run a suite and return its exit code, which is not 0 if it holds no test."""
        say(f"== {suite}\n")
        began = time.monotonic()
        if not (tests := tests_of(suite)):
            return _NO_TESTS
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", *tests),
                *("-p", "tests.durations", "--slowest-to", str(durations_of(suite))),
                *(() if self.nightly else ("-m", "not nightly")),
            ],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE if self.prefixed else None,
            stderr=subprocess.STDOUT if self.prefixed else None,
            text=True,
            errors="replace",
            # Ended by `interrupt` alone, however this process was.
            process_group=0,
        ) as self.pytest:
            last = ""
            for line in self.pytest.stdout or ():
                last = line.strip() or last
                say(f"{suite}: {line}")
        self.counts.update({ending: int(number) for number, ending in _COUNT.findall(last)})
        say(f"-- {suite}: {time.monotonic() - began:.0f} s\n")
        return self.pytest.returncode


def say(line: str) -> None:
    """Write a line at once; `print` writes its end apart, where another lane's may come between."""
    sys.stdout.write(line)
    sys.stdout.flush()


def lanes_within(mib: int) -> int:
    """Return how many lanes run at once in so much memory."""
    return max(1, min(LANES, 1 + (mib - _STACK_MIB) // _LANE_MIB))


def folder_of(suite: str) -> str:
    """Return the folder a suite is, or is a part of."""
    return suite.partition(" ")[0]


def tests_of(suite: str) -> list[str]:
    """Return what pytest is given: a folder, or the files of a part of one."""
    folder, _, part = suite.partition(" ")
    if not part:
        return [f"tests/{folder}"]
    number, parts = map(int, part.split("/"))
    files = sorted((ROOT / "tests" / folder).rglob("test_*.py"))
    return [str(file.relative_to(ROOT)) for file in files[number - 1 :: parts]]


def durations_of(suite: str) -> Path:
    """Return the file of a suite's slowest steps."""
    return DURATIONS / f"{re.sub('[ /]', '-', suite)}.txt"


def main(arguments: Sequence[str]) -> int:
    """Run the named suites, all if none is named, and return 0 if each of them passed."""
    names = [word for word in arguments if word != NIGHTLY]
    known = dict.fromkeys(map(folder_of, SUITES))
    if unknown := [name for name in names if name not in known]:
        print(f"No suite {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    waiting = deque(suite for suite in SUITES if not names or folder_of(suite) in names)
    count = min(len(waiting), lanes_within(available_memory_mib()))
    lanes = [
        Lane(waiting, environment_of(number, os.environ), NIGHTLY in arguments, count > 1)
        for number in range(count)
    ]

    def interrupt(*_: object) -> None:
        for lane in lanes:
            lane.interrupt()

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, interrupt)
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(Lane.run, lanes))
    if count > 1:
        counts = sum((lane.counts for lane in lanes), Counter[str]())
        print(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed")
    failed = [lane.failed for lane in lanes if lane.failed]
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


def environment_of(number: int, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a lane: a stack's home and ports that no other lane has."""
    home = environ.get("KEEPER_TEST_STACK_HOME", str(ROOT / ".keeper" / "test"))
    offset = int(environ.get("KEEPER_TEST_PORT_OFFSET", "21000"))
    return dict(environ) | {
        "KEEPER_TEST_STACK_KEEP": "1",
        "KEEPER_TEST_STACK_HOME": f"{home}-{number + 1}" if number else home,
        "KEEPER_TEST_PORT_OFFSET": str(offset + number * _PORTS_APART),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
