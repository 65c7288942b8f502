"""The profile all-in-one: console and workers in one container, each once, none forgotten."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from docker.check_settings import mistakes_of
from keeper.streams.workers import WORKERS
from tests.architecture.composition import BASE, DEV, PROD, composed, example_environment
from tests.services import free_port
from tests.waiting import wait_until

SCRIPT = "docker/all_in_one.py"
TOGETHER = {"COMPOSE_PROFILES": "celery,all-in-one", "KEEPER_SEPARATE_CONTAINERS": "0"}
WANTED = [worker for worker in WORKERS if worker.needs_setting is None]
ALL = {"console", *(worker.name for worker in WANTED)}
OUTSIDE = {worker.name for worker in WANTED if worker.needs_internet}
# It says with what it was started, and stays, or fails at once.
KEEPER = """#!/bin/sh
echo "started: $*"
case "$*" in *{ends}*) exit 3;; esac
exec sleep 600  # until it is ended
"""


def containers(files: tuple[Path, ...], **given: str) -> dict[str, int]:
    """How many containers of each service of Keeper's own run with these variables."""
    environment = example_environment() | {"KEEPER_PUBLIC_URL": "https://k.example.org"} | given
    profiles = set(environment["COMPOSE_PROFILES"].split(","))
    services = composed(environment, *files)["services"]
    return {
        name: int(service.get("scale", 1))
        for name, service in services.items()
        if name in {*ALL, "all-in-one"}
        and ("profiles" not in service or profiles & set(service["profiles"]))
    }


@pytest.mark.parametrize("files", [(BASE, DEV), (BASE, PROD)], ids=["dev", "prod"])
def test_without_the_profile_each_has_its_container(files: tuple[Path, ...]) -> None:
    assert containers(files) == dict.fromkeys(ALL, 1)


def test_with_it_a_laptop_has_one_container_for_all() -> None:
    assert containers((BASE, DEV), **TOGETHER) == dict.fromkeys(ALL, 0) | {"all-in-one": 1}


def test_with_it_a_server_keeps_those_apart_that_speak_to_others() -> None:
    found = containers((BASE, PROD), **TOGETHER)

    assert {"deliver", "carry-out"} == OUTSIDE
    assert found == dict.fromkeys(ALL, 0) | dict.fromkeys(OUTSIDE, 1) | {"all-in-one": 1}


def test_nginx_finds_the_console_in_it() -> None:
    services = composed(
        example_environment() | {"KEEPER_PUBLIC_URL": "https://k.example.org"}, BASE, PROD
    )["services"]

    assert services["all-in-one"]["networks"]["front"] == {"aliases": ["console"]}
    waits = services["nginx"]["depends_on"]["all-in-one"]
    assert waits == {"condition": "service_healthy", "required": False}


@pytest.mark.parametrize("files", [(BASE, DEV), (BASE, PROD)], ids=["dev", "prod"])
def test_it_is_asked_for_the_same_programs_as_it_starts(files: tuple[Path, ...]) -> None:
    service = composed(
        example_environment() | {"KEEPER_PUBLIC_URL": "https://k.example.org"}, *files
    )["services"]["all-in-one"]

    assert service["command"][2] == "start"
    started = ["health" if word == "start" else word for word in service["command"]]
    assert service["healthcheck"]["test"] == ["CMD", *started]
    assert ("--inside" in started) == (PROD in files)


@pytest.mark.parametrize(
    ("profiles", "separate", "mistakes"),
    [
        ("", "", []),
        ("celery", "1", []),
        ("celery,all-in-one", "0", []),
        ("all-in-one", "", ["KEEPER_SEPARATE_CONTAINERS"]),
        ("all-in-one", "1", ["KEEPER_SEPARATE_CONTAINERS"]),
        ("celery", "0", ["COMPOSE_PROFILES"]),
        ("", "2", ["KEEPER_SEPARATE_CONTAINERS"]),
        ("all-in-one", "no", ["KEEPER_SEPARATE_CONTAINERS"]),
    ],
)
def test_nothing_starts_that_would_run_them_twice_or_not_at_all(
    profiles: str, separate: str, mistakes: list[str]
) -> None:
    given = {"COMPOSE_PROFILES": profiles, "KEEPER_SEPARATE_CONTAINERS": separate}
    environment = composed(example_environment() | given)["services"]["check-settings"][
        "environment"
    ]

    found = [line.partition(":")[0] for line in mistakes_of(environment)]

    assert [name for name in found if name in given] == mistakes


class Container:
    """The script as a container runs it, with a `keeper` that only says what it was asked."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self.process: subprocess.Popen[str] | None = None
        self.output = folder / "output"

    def start(self, *arguments: str, ends: str = "nothing", **settings: str) -> None:
        """Start it with these settings; the `keeper` whose words hold `ends` fails."""
        program = self.folder / "keeper"
        program.write_text(KEEPER.format(ends=ends))
        program.chmod(0o755)
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.root / "include"),
            "TMPDIR": str(self.folder),
        }
        with self.output.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, self.root / SCRIPT, "start", *arguments],
                env=environment | settings,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                text=True,
            )

    def started(self) -> set[str]:
        """The words after `keeper` of all programs that have started."""
        assert self.process is not None
        assert self.process.poll() is None, self.output.read_text()
        return set(re.findall(r"^started: (.+)$", self.output.read_text(), re.MULTILINE))


@pytest.fixture
def container(root: Path, tmp_path: Path) -> Iterator[Container]:
    made = Container(root, tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.terminate()
        made.process.wait()


def commands(names: set[str]) -> set[str]:
    of_workers = {" ".join(one.service_command) for one in WORKERS if one.name in names}
    return {"console --host 0.0.0.0 --port 8000", *of_workers}


def test_it_starts_the_console_and_every_worker_and_ends_them_all(container: Container) -> None:
    container.start()
    wait_until(lambda: container.started() == commands(ALL), "all have started")
    assert container.process is not None
    read = RawConfigParser()
    read.read(container.folder / "supervisord.conf")
    sections = {name: read[name] for name in read.sections() if name.startswith("program:")}
    # The engine kills what has not ended within 30 s, and a configuration would show passwords.
    assert {one["stopwaitsecs"] for one in sections.values()} == {"25"}
    assert not [name for name, one in sections.items() if "environment" in one]
    children = Path(f"/proc/{container.process.pid}/task/{container.process.pid}/children")
    pids = [int(pid) for pid in children.read_text().split()]
    assert len(pids) == len(ALL) + 1, "the programs, and who watches for one that is given up"

    container.process.send_signal(signal.SIGTERM)

    assert container.process.wait() == 0
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_each_shows_its_numbers_at_a_port_of_its_own(container: Container) -> None:
    container.start(KEEPER_METRICS_LISTEN="0.0.0.0:9400")
    wait_until(lambda: container.started() == commands(ALL), "all have started")
    read = RawConfigParser()
    read.read(container.folder / "supervisord.conf")
    given = [read[name]["environment"] for name in read.sections() if name.startswith("program:")]
    assert given[0] == 'KEEPER_METRICS_LISTEN="0.0.0.0:9400"'
    assert len(set(given)) == len(given) == len(ALL)


def test_inside_it_leaves_out_who_speaks_to_others(container: Container) -> None:
    container.start("--inside")
    wait_until(lambda: container.started() == commands(ALL - OUTSIDE), "all have started")


def test_when_a_program_is_given_up_the_container_ends(root: Path) -> None:
    parent = (
        "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)"
    )
    watched = subprocess.Popen(
        [sys.executable, "-c", parent, sys.executable, root / SCRIPT, "watch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watched.stdout is not None
    assert watched.stdout.readline() == "READY\n"

    _, said = watched.communicate("ver:3.0 server:supervisor eventname:PROCESS_STATE_FATAL len:9\n")

    assert watched.returncode == -signal.SIGTERM
    assert "A program does not start; the container ends." in said


@pytest.mark.nightly
def test_a_program_that_never_starts_ends_the_container(container: Container) -> None:
    container.start(ends="relay")
    assert container.process is not None

    assert container.process.wait() == 0
    assert container.output.read_text().count("started: relay\n") == 4


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as of the base class
        pass


@pytest.fixture(scope="module")
def console() -> Iterator[int]:
    """The port of a console that is healthy."""
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with a fresh heartbeat of each worker."""
    for worker in WORKERS:
        (tmp_path / f"{worker.name}.alive").write_text("")
    return tmp_path


def ask(root: Path, run: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, root / SCRIPT, "health", "--port", str(port), *arguments],
        env={"PYTHONPATH": str(root / "include"), "KEEPER_RUN_DIR": str(run)},
        cwd=run,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_healthy_while_each_of_them_is(root: Path, run: Path, console: int) -> None:
    done = ask(root, run, console)
    assert (done.returncode, done.stderr) == (0, "")


def test_one_that_is_silent_or_never_began_makes_it_unhealthy(
    root: Path, run: Path, console: int
) -> None:
    old = time.time() - 1_000
    # The deliverer may be silent for longer.
    for name in ("relay", "deliver"):
        os.utime(run / f"{name}.alive", (old, old))
    (run / "index-deals.alive").unlink()

    done = ask(root, run, console)

    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert said[0] == "index-deals has given no heartbeat"
    assert said[1].startswith("relay: last heartbeat 1")
    assert len(said) == 2


def test_a_console_that_is_away_makes_it_unhealthy(root: Path, run: Path) -> None:
    done = ask(root, run, free_port())
    assert done.returncode == 1
    assert "refused" in done.stderr


def test_inside_nobody_is_missed_who_is_elsewhere(root: Path, run: Path, console: int) -> None:
    for name in OUTSIDE:
        (run / f"{name}.alive").unlink()

    assert ask(root, run, console, "--inside").returncode == 0
    assert ask(root, run, console).returncode == 1
