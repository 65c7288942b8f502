"""Do the tests notice deliberate faults? `python -m tests.mutants [NAME …]`.

Works in two copies of this checkout, each with services of its own. First every test that a patch
names must pass there. Then the patches are applied, one at a time in a copy, and the tests each
names must fail.

Example: make mutants ONLY="loader dead_letters"
"""

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final, TypeVar

from tests.mutants.faults import Fault, PatchError, cases, read_faults
from tests.mutants.outcomes import FILE_VARIABLE
from tests.suites import say

ROOT: Final = Path(__file__).resolve().parents[2]
HOME: Final = ROOT / ".keeper" / "mutants"
COPIES: Final = 2
"""One a processor: most of a fault's time is the start of a test process."""
# Below those that the kernel gives to connections.
_FIRST_PORT: Final = 22_000
_PORTS_APART: Final = 1_000
# Only ends a hang: each test has a limit of its own.
_HANGS_AFTER_S: Final = 1_800
_Item = TypeVar("_Item")
_Done = TypeVar("_Done")
_RAN: Final = (0, 1)
"""pytest's exit codes when tests ran: all passed, some failed."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the tests made of a fault; caught if nothing is missing."""

    fault: Fault
    seconds: float
    missing: str | None


class Copy:
    """A copy of the checkout as it is now, uncommitted work too, in which faults may be made."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.folder = folder = HOME / f"{number}" / "tree"
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _git(ROOT, "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(folder))
        listed = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        # Compiled once. By its hash a source with a fault in it is never taken for the one without,
        # whatever its time and size.
        compileall.compile_dir(
            folder / "include", quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH
        )

    @contextmanager
    def with_fault(self, fault: Fault) -> Iterator[None]:
        """Make a fault for the block.

        Raises:
            PatchError: The patch does not apply: the code it is about has moved.
        """
        try:
            _git(self.folder, "apply", str(fault.path))
        except subprocess.CalledProcessError as error:
            raise PatchError(f"the patch does not apply: {error.stderr.strip()}") from error
        try:
            yield
        finally:
            _git(self.folder, "apply", "--reverse", str(fault.path))

    def run(self, tests: Sequence[str]) -> dict[str, str]:
        """Run tests and return how each ended, by node id.

        Raises:
            PatchError: pytest could not run them.
        """
        outcomes = self.folder.with_name("outcomes.jsonl")
        outcomes.write_text("", encoding="utf-8")
        with self.folder.with_name("pytest.log").open("w") as log:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-p", "tests.mutants.outcomes", *tests],
                cwd=self.folder,
                env=self._environment() | {FILE_VARIABLE: str(outcomes)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=_HANGS_AFTER_S,
            )
        if done.returncode not in _RAN:
            said = Path(log.name).read_text(encoding="utf-8", errors="replace")
            raise PatchError(f"pytest ended with {done.returncode}: {said[-600:].strip()}")
        lines = outcomes.read_text(encoding="utf-8").splitlines()
        # What failed once has failed, whatever else is said of it.
        return dict(sorted(map(json.loads, lines), key=lambda line: line[1] == "failed"))

    def end_services(self) -> None:
        """End what the tests have started."""
        subprocess.run(
            [sys.executable, "-m", "tests.services", "down"],
            cwd=self.folder,
            env=self._environment(),
            check=False,
            stdout=subprocess.DEVNULL,
        )

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "KEEPER_TEST_STACK_KEEP": "1",
            "KEEPER_TEST_STACK_HOME": str(self.folder.with_name("stack")),
            "KEEPER_TEST_PORT_OFFSET": str(_FIRST_PORT + self.number * _PORTS_APART),
            # Processes that tests start import the copy, not the checkout that is installed.
            "PYTHONPATH": str(self.folder / "include"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def main(arguments: Sequence[str]) -> int:
    """Try the faults and return 0 if each was caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="how a patch's name begins; all if none is given")
    parser.add_argument("--table", type=Path, help="write the results as a table to this file")
    parsed = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        faults = read_faults(parsed.names)
        copies = [Copy(number) for number in range(COPIES)]
        try:
            _see_that_tests_pass(copies, faults)
            results = sorted(
                _shared_out(copies, faults, _tried), key=lambda result: result.fault.name
            )
        finally:
            for copy in copies:
                copy.end_services()
    except PatchError as error:
        print(error, file=sys.stderr)
        return 2
    missed = [result for result in results if result.missing]
    summary = (
        f"{len(results) - len(missed)} of {len(results)} faults caught "
        f"in {time.monotonic() - began:.0f} s"
    )
    if parsed.table:
        parsed.table.write_text(_table(results, summary), encoding="utf-8")
    print(summary)
    return bool(missed)


def _see_that_tests_pass(copies: Sequence[Copy], faults: Sequence[Fault]) -> None:
    tests = sorted({test for fault in faults for test in fault.tests})
    print(f"Without a fault: {len(tests)} tests", flush=True)
    by_suite: dict[str, list[str]] = {}
    for test in tests:
        by_suite.setdefault(test.split("/")[1], []).append(test)
    longest_first = sorted(by_suite.values(), key=len, reverse=True)
    outcomes = dict(
        chain.from_iterable(map(dict.items, _shared_out(copies, longest_first, Copy.run)))
    )
    unknown = [test for test in tests if not cases(test, outcomes)]
    failed = sorted(test for test, outcome in outcomes.items() if outcome != "passed")
    if unknown or failed:
        raise PatchError(
            "These have to pass before a fault can be seen:\n" + "\n".join([*unknown, *failed])
        )


def _shared_out(
    copies: Sequence[Copy], items: Iterable[_Item], work: Callable[[Copy, _Item], _Done]
) -> list[_Done]:
    """Return what becomes of items; each is worked on in the first copy that is free."""
    waiting = deque(items)

    def work_in(copy: Copy) -> list[_Done]:
        done: list[_Done] = []
        while True:
            try:
                item = waiting.popleft()
            except IndexError:
                return done
            done.append(work(copy, item))

    with ThreadPoolExecutor(len(copies)) as pool:
        try:
            return list(chain.from_iterable(pool.map(work_in, copies)))
        finally:
            # Whoever interrupts waits for what has begun alone.
            waiting.clear()


def _tried(copy: Copy, fault: Fault) -> Result:
    began = time.monotonic()
    try:
        with copy.with_fault(fault):
            missed = fault.missed_by(copy.run(fault.tests))
    except (PatchError, subprocess.TimeoutExpired) as error:
        missing: str | None = str(error)
    else:
        missing = f"passes with it: {', '.join(missed)}" if missed else None
    result = Result(fault, time.monotonic() - began, missing)
    say(
        f"{'MISSED' if missing else 'caught'}  {result.seconds:5.1f} s  {fault.name}"
        + (f"\n        {missing}\n" if missing else "\n")
    )
    return result


def _table(results: Sequence[Result], summary: str) -> str:
    rows: list[Mapping[str, str]] = [
        {
            "Fault": f"`{result.fault.name}`",
            "What goes wrong": result.fault.what,
            "Suite": result.fault.suites,
            "Result": "**missed**" if result.missing else "caught",
            "Seconds": f"{result.seconds:.1f}",
        }
        for result in results
    ]
    lines = [f"| {' | '.join(row.values())} |" for row in rows]
    head = rows[0] if rows else {}
    return "\n".join(
        [
            f"{summary}.",
            "",
            f"| {' | '.join(head)} |",
            f"|{'---|' * len(head)}",
            *lines,
            "",
        ]
    )


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
