"""A PostgreSQL server beside the tests' own: to restore into."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack.accounts import give, run_as
from stack.context import Stack as WholeStack
from stack.context import load_stack
from stack.layout import Layout
from stack.postgres import binaries
from tests.services import Stack, free_port, stack_home


@dataclass(frozen=True)
class SecondServer:
    """A folder for a server's data, which is not there yet, and the server's port.

    Attributes:
        data: The folder.
        port: Where it listens.
        pg_ctl: What starts and ends it.
        options: How it is started.
    """

    data: Path
    port: int
    pg_ctl: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def start(self) -> str:
        """The command that starts it."""
        return shlex.join([*self.pg_ctl, *self.options, "start"])

    def url_of(self, url: str) -> str:
        """Return the address of a database, or of a login, on this server instead."""
        head, _, tail = url.rpartition("/")
        return f"{head.rpartition(':')[0]}:{self.port}/{tail}"


def whole_stack(stack: Stack) -> WholeStack:
    """Return what the local stack knows of the tests' services, its superuser among it."""
    return load_stack(Layout(Path(stack["KEEPER_RUN_DIR"]).parent), os.environ)


def superuser_url(stack: Stack) -> str:
    """Return the login that may copy the whole server."""
    own = whole_stack(stack)
    password = own.credentials.postgres_superuser
    return f"postgresql://postgres:{password}@127.0.0.1:{own.ports.postgres}/postgres"


@pytest.fixture
def second_server(stack: Stack) -> Iterator[SecondServer]:
    """A place for a server of its own, which is ended and removed afterwards."""
    account, port = whole_stack(stack).account, free_port()
    # pytest's folders are for their owner alone, and the server may be another user.
    home = stack_home() / f"second-{port}"
    home.mkdir()
    give(account, home)
    settings = (
        f"--port={port} --listen-addresses=127.0.0.1 --unix-socket-directories= --fsync=off "
        "--max-connections=150 --log-line-prefix="
    )
    program = binaries() / "pg_ctl"
    pg_ctl = (*run_as(account, (program, home)), str(program), f"--pgdata={home / 'data'}")
    options = (f"--log={home / 'log'}", "--no-wait", f"--options={settings}")
    yield SecondServer(home / "data", port, pg_ctl, options)
    subprocess.run([*pg_ctl, "--mode=immediate", "stop"], cwd="/", check=False)
    # pytest shows it where the test fails.
    sys.stdout.write((home / "log").read_text()[-3000:] if (home / "log").exists() else "")
    shutil.rmtree(home)
