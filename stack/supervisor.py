"""Run Supervisor and speak its XML-RPC over a unix socket."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stack import programs
from stack.commands import tail
from stack.errors import StackError
from stack.layout import Layout, choose_socket_path, make_socket_folder, write_private
from stack.leftovers import end_processes, is_running_process, processes_of

RUNNING: Final = "RUNNING"
_SERVERS: Final = frozenset({"postgres", "kafka", "elasticsearch", "mail", "simulator", "redis"})
# Tasks need Airflow's API to end well, and everything needs the servers, which end last.
_STOPPED_FIRST: Final[tuple[Callable[[str], bool], ...]] = (
    lambda name: name == "airflow-scheduler",
    lambda name: name not in _SERVERS,
)
_ALREADY_STARTED: Final = 60
_NOT_RUNNING: Final = 70


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What Supervisor says of one program.

    Attributes:
        name: The program.
        state: Supervisor's word: STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL.
        pid: The process, 0 if none.
        started: Unix time of its start.
        problem: Why it could not be started; empty if it could.
    """

    name: str
    state: str
    pid: int
    started: float
    problem: str


class Supervisor:
    """Supervisor of one home: started when needed, asked over its socket."""

    def __init__(self, layout: Layout, environ: Mapping[str, str]) -> None:
        self._layout = layout
        self._environ = environ
        self._record = layout.run / "supervisor.json"

    @property
    def socket_path(self) -> Path:
        """Where the running Supervisor listens, or where the next one will."""
        record = self._read_record()
        if record is None:
            return choose_socket_path(self._layout.home, self._environ)
        return Path(record["socket"])

    def is_running(self) -> bool:
        """Return whether Supervisor answers."""
        try:
            self._call("supervisor.getState")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        return True

    def start(self) -> None:
        """Start Supervisor if it does not run; programs start later, one by one.

        Raises:
            StackError: It does not come up; with the end of its log.
        """
        if self.is_running():
            return
        self.end_strays()
        path = choose_socket_path(self._layout.home, self._environ)
        make_socket_folder(path)
        write_private(self._record, json.dumps({"socket": str(path), "boot": _boot_id()}))
        self._write_config()
        arguments = ["-m", "supervisor.supervisord", "-c", str(self._layout.supervisor_config)]
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self._layout.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"Supervisor did not start: {(done.stderr or done.stdout).strip()}")
        deadline = time.monotonic() + 15
        while not self.is_running():
            if time.monotonic() > deadline:
                log = tail(self._layout.log_of("supervisord"))
                raise StackError(f"Supervisor did not answer within 15 s.\n{log}")
            time.sleep(0.1)

    def end_strays(self) -> None:
        """End what a Supervisor that was killed left behind; it would hold the ports."""
        if not self.is_running():
            end_processes(processes_of(self._layout, self._session()), wait=10)

    def apply(self) -> None:
        """Make the running Supervisor follow the program files; changed programs are stopped."""
        self._write_config()
        ((added, changed, removed),) = self._call("supervisor.reloadConfig")
        for name in (*changed, *removed):
            self._call("supervisor.stopProcessGroup", name)
            self._call("supervisor.removeProcessGroup", name)
        for name in (*changed, *added):
            self._call("supervisor.addProcessGroup", name)

    def start_program(self, name: str) -> None:
        """Start a program unless it runs already; does not wait until it is healthy.

        Raises:
            StackError: Supervisor could not start the process at all.
        """
        try:
            self._call("supervisor.startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _ALREADY_STARTED:
                log = tail(self._layout.log_of(name))
                raise StackError(
                    f"{name} could not be started: {fault.faultString}\n{log}"
                ) from None

    def stop_program(self, name: str) -> None:
        """Stop a program and wait until it is gone."""
        try:
            self._call("supervisor.stopProcess", name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _NOT_RUNNING:
                raise

    def state_of(self, name: str) -> ProgramState:
        """Return what Supervisor says of one program."""
        return _program_state(self._call("supervisor.getProcessInfo", name))

    def states(self) -> dict[str, ProgramState]:
        """Return what Supervisor says of every program; empty when it does not run."""
        try:
            answer = self._call("supervisor.getAllProcessInfo")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return {}
        return {info["name"]: _program_state(info) for info in answer}

    def shut_down(self, progress: Callable[[list[str]], None] = lambda _: None) -> None:
        """End every program and Supervisor, and whatever they left behind.

        Works too when Supervisor has died. Blocks until nothing of this home runs.

        Args:
            progress: Receives now and then which programs still run.
        """
        pid, session = self._pid(), self._session()
        self._stop_clients(progress)
        try:
            self._call("supervisor.shutdown")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            if pid is not None:
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while pid is not None and is_running_process(pid) and time.monotonic() < deadline:
            progress(sorted(s.name for s in self.states().values() if s.pid))
            time.sleep(0.2)
        if pid is not None and is_running_process(pid):
            os.kill(pid, signal.SIGKILL)
        end_processes(processes_of(self._layout, session), wait=10)
        for path in (self.socket_path, self._record, self._layout.run / "supervisord.pid"):
            path.unlink(missing_ok=True)

    def _stop_clients(self, progress: Callable[[list[str]], None]) -> None:
        """Stop what uses a server before the server, so that it can say goodbye."""
        for stage in _STOPPED_FIRST:
            mine = {n for n, state in self.states().items() if state.pid and stage(n)}
            for name in mine:
                with contextlib.suppress(xmlrpc.client.Fault):
                    self._call("supervisor.stopProcess", name, False)
            deadline = time.monotonic() + 40
            while time.monotonic() < deadline:
                left = {s.name for s in self.states().values() if s.pid} & mine
                if not left:
                    break
                progress(sorted(left))
                time.sleep(0.2)

    def _write_config(self) -> None:
        text = programs.render_supervisor_config(
            self._layout, self.socket_path, "root" if os.geteuid() == 0 else None
        )
        write_private(self._layout.supervisor_config, text)

    def _read_record(self) -> dict[str, str] | None:
        try:
            record: dict[str, str] = json.loads(self._record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return record

    def _recorded_pid(self) -> int | None:
        """Return the process id Supervisor had at its last start, if the machine still runs."""
        record = self._read_record()
        if record is None or record["boot"] != _boot_id():
            return None
        try:
            return int((self._layout.run / "supervisord.pid").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def _pid(self) -> int | None:
        """Return Supervisor's process id, if it is alive and really this home's Supervisor."""
        pid = self._recorded_pid()
        if pid is None or not is_running_process(pid):
            return None
        return pid if self._is_own(pid) else None

    def _session(self) -> int | None:
        """Return the session that Supervisor's children are in, also when it has died itself.

        A number in use as a session is given to no new process, so a stranger of that number
        means that the session is over.
        """
        pid = self._recorded_pid()
        if pid is not None and is_running_process(pid) and not self._is_own(pid):
            return None
        return pid

    def _is_own(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(self._layout.supervisor_config) in command

    def _call(self, method: str, *arguments: object) -> Any:
        # A connection a call: threads share this object, xmlrpc's transport does not allow it.
        transport = _UnixTransport(self.socket_path)
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as server:
            return getattr(server, method)(*arguments)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=90)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path)


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _program_state(info: dict[str, Any]) -> ProgramState:
    return ProgramState(
        name=info["name"],
        state=info["statename"],
        pid=info["pid"],
        started=float(info["start"]),
        problem=info["spawnerr"],
    )
