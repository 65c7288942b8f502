"""Find and end processes of the stack that no Supervisor looks after any more."""

import contextlib
import os
import signal
import time
from pathlib import Path

from stack.layout import Layout
from stack.programs import MARK, mark_of


def marked_processes(layout: Layout, proc: Path = Path("/proc")) -> dict[int, str]:
    """Return the processes that carry this home's mark: the program's name by process id."""
    prefix = os.fsencode(f"{MARK}={mark_of(layout, '')}")
    found: dict[int, str] = {}
    for folder in proc.iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(prefix):
                found[int(folder.name)] = os.fsdecode(variable.removeprefix(prefix))
                break
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
    """Tell whether a process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
