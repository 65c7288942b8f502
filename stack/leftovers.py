"""Find and end processes of the stack that no Supervisor looks after any more."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from stack.layout import Layout
from stack.programs import MARK, mark_of


def processes_of(layout: Layout, session: int | None, proc: Path = Path("/proc")) -> dict[int, str]:
    """Return this home's processes: the program's name, as far as it is known, by process id.

    They carry the stack's mark in their environment, or else belong to its Supervisor's session:
    Airflow's processes overwrite their environment with their title.

    Args:
        layout: The home.
        session: The process id of this home's Supervisor, alive or dead; None if there was none.
        proc: The process file system.
    """
    prefix = os.fsencode(f"{MARK}={mark_of(layout, '')}")
    python = os.path.realpath(sys.executable)
    found: dict[int, str] = {}
    for folder in proc.iterdir():
        if not folder.name.isdigit() or int(folder.name) in {os.getpid(), session}:
            continue
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            mark = next((v for v in variables if v.startswith(prefix)), None)
            if mark is not None:
                found[int(folder.name)] = os.fsdecode(mark.removeprefix(prefix))
            # Only Python processes hide their mark; any other may be a stranger's.
            elif _session_of(folder) == session and os.path.realpath(folder / "exe") == python:
                found[int(folder.name)] = "python"
        except OSError:
            continue
    return found


def end_processes(processes: dict[int, str], wait: float) -> None:
    """Ask processes to end and kill those that have not after `wait` seconds.

    PostgreSQL gets its fast shutdown; its children follow it.
    """
    for pid, program in processes.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGINT if program == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + wait
    left = set(processes)
    while left and time.monotonic() < deadline:
        left = {pid for pid in left if is_running_process(pid)}
        time.sleep(0.1)
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def is_running_process(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _session_of(process: Path) -> int:
    status = (process / "stat").read_text(encoding="ascii", errors="replace")
    return int(status.rpartition(")")[2].split()[3])
