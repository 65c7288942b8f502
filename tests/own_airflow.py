"""Airflow processes in the place of the stack's own, with other settings and their output kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.services import ROOT, Stack

_ENDS_WITHIN_S = 40


@contextmanager
def in_place_of_the_scheduler(
    stack: Stack,
    commands: Mapping[str, Sequence[str]],
    settings: Mapping[str, str],
    folder: Path,
    *,
    held_by_schedulers: Collection[str] = (),
) -> Iterator[None]:
    """Run `airflow` commands, a scheduler among them, while the stack's scheduler is stopped.

    Args:
        stack: The stack, whose settings they start from.
        commands: The arguments of each command, by a name for its output `<name>.out`.
        settings: Other environment variables.
        folder: Where their output goes.
        held_by_schedulers: Variables that the others do not get.
    """
    environment = {**os.environ, **stack.environment, "PYTHONUNBUFFERED": "1", **settings}
    airflow = str(Path(sys.executable).parent / "airflow")
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with stack.without("airflow-scheduler"), ExitStack() as running:
        for name, arguments in commands.items():
            output = running.enter_context((folder / f"{name}.out").open("ab"))
            process = subprocess.Popen(
                [airflow, *arguments],
                cwd=ROOT,
                env=environment
                if name == "scheduler"
                else {k: v for k, v in environment.items() if k not in held_by_schedulers},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            running.callback(_end, process)
            processes[name] = process
        yield
        for name, process in processes.items():
            said = (folder / f"{name}.out").read_text()[-2_000:]
            assert process.poll() is None, f"{name} has ended by itself:\n{said}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started."""
    process.terminate()
    try:
        process.wait(timeout=_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
