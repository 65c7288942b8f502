"""Run one-off commands (initdb, migrations, Maven) with their output in a log file."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.errors import StackError


def run_logged(
    what: str,
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 600,
) -> None:
    """Run a command to its end, appending what it prints to `log`.

    Args:
        what: The step's name, for the error message.
        argv: The command.
        log: Where its output goes.
        env: Its whole environment; None keeps this process's.
        cwd: Its working directory.
        timeout: Seconds after which it is ended.

    Raises:
        StackError: It failed or took too long; with the last lines it printed.
    """
    with log.open("ab") as output:
        start = output.tell()
        try:
            code = subprocess.run(
                [os.fspath(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                timeout=timeout,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise StackError(
                f"{what} did not end within {timeout:.0f} s.\n{tail(log, start=start)}"
            ) from None
        except OSError as error:
            raise StackError(f"{what} could not be started: {error}.") from None
    if code != 0:
        raise StackError(f"{what} failed with exit code {code}.\n{tail(log, start=start)}")


def tail(log: Path, lines: int = 15, start: int = 0) -> str:
    """Return the last lines of a log, indented, with its path; for error messages."""
    shown = [f"  | {line[:240]}" for line in last_lines(log, lines, start)]
    return "\n".join([*shown, f"  Log: {log}"])


def last_lines(log: Path, lines: int, start: int = 0) -> list[str]:
    """Return the last non-empty lines of a log after byte `start`; none if there is no log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - 256 * 1024))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
