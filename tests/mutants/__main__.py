"""Do the tests notice deliberate faults? `python -m tests.mutants [NAME …]`.

Works in a copy of this checkout, with services of its own. First every test that a patch names must
pass there. Then the patches are applied one at a time, and the tests each names must fail.

Example: make mutants ONLY="loader dead_letters"
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.faults import Fault, PatchError, cases, read_faults
from tests.mutants.outcomes import FILE_VARIABLE

ROOT: Final = Path(__file__).resolve().parents[2]
HOME: Final = ROOT / ".keeper" / "mutants"
_PORTS_APART: Final = "23000"
# Only ends a hang: each test has a limit of its own.
_HANGS_AFTER_S: Final = 1_800
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

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _git(ROOT, "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(folder))
        listed = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")

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
            "KEEPER_TEST_PORT_OFFSET": _PORTS_APART,
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
        copy = Copy(HOME / "tree")
        try:
            _see_that_tests_pass(copy, faults)
            results = [_tried(copy, fault) for fault in faults]
        finally:
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


def _see_that_tests_pass(copy: Copy, faults: Sequence[Fault]) -> None:
    tests = sorted({test for fault in faults for test in fault.tests})
    print(f"Without a fault: {len(tests)} tests", flush=True)
    by_suite: dict[str, list[str]] = {}
    for test in tests:
        by_suite.setdefault(test.split("/")[1], []).append(test)
    outcomes: dict[str, str] = {}
    for suite in by_suite.values():
        outcomes |= copy.run(suite)
    unknown = [test for test in tests if not cases(test, outcomes)]
    failed = sorted(test for test, outcome in outcomes.items() if outcome != "passed")
    if unknown or failed:
        raise PatchError(
            "These have to pass before a fault can be seen:\n" + "\n".join([*unknown, *failed])
        )


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
    print(
        f"{'MISSED' if missing else 'caught'}  {result.seconds:5.1f} s  {fault.name}"
        + (f"\n        {missing}" if missing else ""),
        flush=True,
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
