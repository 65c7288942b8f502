import os
import subprocess
import sys
from pathlib import Path

from stack.layout import Layout
from stack.leftovers import end_processes, is_running_process, processes_of
from stack.programs import MARK


def process(proc: Path, pid: int, *, environ: bytes, session: int, exe: str) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "environ").write_bytes(environ)
    (folder / "stat").write_text(f"{pid} (a (b) c) S 1 {pid} {session} 0 -1")
    (folder / "exe").symlink_to(exe)


def test_this_homes_processes_are_found_and_no_others(tmp_path: Path, layout: Layout) -> None:
    proc = tmp_path / "proc"
    mark = os.fsencode(f"{MARK}={layout.home}:kafka")
    other = os.fsencode(f"{MARK}={layout.home}2:kafka")
    python = os.path.realpath(sys.executable)
    process(proc, 11, environ=b"A=1\0" + mark + b"\0", session=11, exe="/usr/bin/java")
    process(proc, 12, environ=b"A=1\0" + other + b"\0", session=12, exe="/usr/bin/java")
    # Airflow's title lies over its environment.
    process(proc, 13, environ=b"airflow api_server", session=99, exe=python)
    process(proc, 14, environ=b"", session=99, exe="/usr/bin/vim")
    process(proc, 15, environ=b"", session=98, exe=python)
    process(proc, 99, environ=b"", session=99, exe=python)
    (proc / "sys").mkdir()

    assert processes_of(layout, 99, proc) == {11: "kafka", 13: "python"}
    assert processes_of(layout, None, proc) == {11: "kafka"}


def test_what_ignores_the_request_is_killed() -> None:
    code = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()

        end_processes({stubborn.pid: "worker"}, wait=0.2)
        stubborn.wait()

    assert not is_running_process(stubborn.pid)
