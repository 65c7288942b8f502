"""Runs the console and the workers in one container, under Supervisor: the profile all-in-one.

`all_in_one.py start` is the container's command, `all_in_one.py health` its health check, and with
`--inside` both leave out the workers that speak to others' servers: on a server these stay
containers of their own, since they alone may have the secrets for it. `all_in_one.py watch` is what
Supervisor notifies when it has given a program up: then the container ends, and the engine starts
it again.
"""

import argparse
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from health import problem_of

if TYPE_CHECKING:
    from keeper.streams.workers import Worker

# As the service console has it.
CONSOLE = ("console", "--host", "0.0.0.0", "--port")  # noqa: S104 - others reach it through the engine
# A program that ended within 5 s four times in a row is given up; waiting for a service ends none.
# What programs print is the container's output, as if each were alone.
HEAD = """\
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile={folder}/supervisord.pid
childlogdir={folder}

[eventlistener:watch]
command={watch}
events=PROCESS_STATE_FATAL
stderr_logfile=/dev/fd/2
stderr_logfile_maxbytes=0
"""
# The engine gives the container 30 s to end.
PROGRAM = """
[program:{name}]
command={command}
{environment}startsecs=5
startretries=3
autorestart=true
stopwaitsecs=25
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
"""


def workers(*, inside: bool) -> "list[Worker]":
    """Return the workers of this container, in the order of their table.

    Those that not everybody wants have containers of their own.
    """
    from keeper.streams.workers import WORKERS

    wanted = [worker for worker in WORKERS if worker.needs_setting is None]
    return [worker for worker in wanted if not (inside and worker.needs_internet)]


def configuration(port: int, *, inside: bool, folder: Path) -> str:
    """Return Supervisor's configuration; its own files lie in the folder."""
    watch = shlex.join([sys.executable, str(Path(__file__).resolve()), "watch"])
    commands: dict[str, tuple[str, ...]] = {"console": (*CONSOLE, str(port))}
    commands |= {worker.name: worker.service_command for worker in workers(inside=inside)}
    # Supervisor expands %(…)s everywhere.
    parts = [HEAD.format(folder=folder, watch=watch.replace("%", "%%"))]
    for place, (name, words) in enumerate(commands.items()):
        command = shlex.join(["keeper", *words]).replace("%", "%%")
        parts.append(PROGRAM.format(name=name, command=command, environment=_metrics_port(place)))
    return "".join(parts)


def _metrics_port(place: int) -> str:
    """Return the line that gives a program a port of its own for its numbers, if they are shown."""
    host, separator, port = os.environ.get("KEEPER_METRICS_LISTEN", "").rpartition(":")
    return f'environment=KEEPER_METRICS_LISTEN="{host}:{int(port) + place}"\n' if separator else ""


def start(port: int, *, inside: bool) -> None:
    """Become Supervisor, which starts all."""
    folder = Path(tempfile.gettempdir())
    file = folder / "supervisord.conf"
    file.write_text(configuration(port, inside=inside, folder=folder), "utf-8")
    arguments = ["-m", "supervisor.supervisord", "--configuration", str(file)]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - no shell is wanted


def problems(port: int, *, inside: bool) -> Iterator[str]:
    """Yield what is wrong with the console and with each worker."""
    from keeper.cli.streams.heartbeats import last_heartbeat

    problem = problem_of(f"http://127.0.0.1:{port}/health")
    if problem:
        yield problem
    for worker in workers(inside=inside):
        sign = last_heartbeat(worker.name)
        if sign is None:
            yield f"{worker.name} has given no heartbeat"
        elif sign.age_s > worker.silent_s:
            yield f"{worker.name}: last heartbeat {sign.age_s:.0f} s ago"


def watch() -> None:
    """End Supervisor, this process's parent, as soon as it reports a program as given up."""
    # By Supervisor's protocol for those who listen to its events.
    print("READY", flush=True)
    if sys.stdin.readline():
        print("A program does not start; the container ends.", file=sys.stderr, flush=True)
        os.kill(os.getppid(), signal.SIGTERM)


def main() -> None:
    """Do what the first word says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("start", "health", "watch"))
    parser.add_argument("--inside", action="store_true")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    if given.task == "watch":
        watch()
    elif given.task == "start":
        start(given.port, inside=given.inside)
    else:
        sys.exit("\n".join(problems(given.port, inside=given.inside)) or None)


if __name__ == "__main__":
    main()
