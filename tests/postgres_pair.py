"""Two PostgreSQL servers of the tests' own: one that writes, and its standby."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import pytest

from stack.accounts import Account, give, run_as
from stack.postgres import binaries
from tests.second_server import whole_stack
from tests.services import Stack, free_port, stack_home
from tests.waiting import wait_until

_SETTINGS: Final = (
    "--listen-addresses=127.0.0.1 --unix-socket-directories= --fsync=off --max-connections=60 "
    "--shared-buffers=32MB --log-line-prefix="
)


@dataclass(frozen=True)
class Server:
    """One of the two.

    Attributes:
        home: Its folder.
        port: Where it listens.
        account: Whose process it is.
    """

    home: Path
    port: int
    account: Account | None

    @property
    def data(self) -> Path:
        """Where its data are."""
        return self.home / "data"

    def run(self, program: str, *words: str) -> None:
        """Run one of PostgreSQL's programs as who owns the server."""
        path = binaries() / program
        subprocess.run(
            [*run_as(self.account, (path, self.home)), str(path), *words],
            cwd="/",
            env={"PATH": os.defpath, "HOME": str(self.home)},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def control(self, *words: str) -> None:
        """Run pg_ctl on it."""
        self.run("pg_ctl", f"--pgdata={self.data}", *words)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"--options={_SETTINGS} --port={self.port}"
        self.control(f"--log={self.home / 'log'}", options, "--wait", "start")

    def kill(self) -> None:
        """End it as a machine that loses its power."""
        self.control("--mode=immediate", "stop")

    def follow(self, other: "Server") -> None:
        """Become a standby at the next start."""
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = 'host=127.0.0.1 port={other.port} user=keeper'\n")
            settings.write("synchronous_standby_names = ''\n")
        (self.data / "standby.signal").touch()

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement; return its rows, if it has any."""
        url = f"postgresql://keeper@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class Pair:
    """A primary that commits when its standby has it, and the standby."""

    primary: Server
    standby: Server

    @property
    def url(self) -> str:
        """Names both, and wants the one that writes."""
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"postgresql://keeper@{hosts}/postgres?target_session_attrs=read-write"

    def promote(self) -> None:
        """Let the standby write, alone."""
        self.standby.execute("SELECT pg_promote()")
        # It shall not wait for a standby of its own.
        self.standby.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.standby.execute("SELECT pg_reload_conf()")

    def return_as_standby(self) -> None:
        """Start the former primary again, as a standby: the first that the address names."""
        self.primary.follow(self.standby)
        self.primary.start()


@pytest.fixture
def postgres_pair(stack: Stack) -> Iterator[Pair]:
    """A primary with an empty database `postgres`, and its standby; both are removed afterwards."""
    account = whole_stack(stack).account
    home = stack_home() / f"pair-{free_port()}"
    home.mkdir()
    servers = [Server(home / name, free_port(), account) for name in ("one", "two")]
    for server in servers:
        server.home.mkdir()
        give(account, server.home)
    primary, standby = servers
    try:
        words = ("--username=keeper", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        primary.run("initdb", f"--pgdata={primary.data}", *words)
        primary.start()
        copy = (f"--pgdata={standby.data}", "--write-recovery-conf", "--checkpoint=fast")
        source = f"--dbname=postgresql://keeper@127.0.0.1:{primary.port}/"
        standby.run("pg_basebackup", source, *copy, "--no-sync")
        standby.start()
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")
        following = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: primary.execute(following), "the standby follows")
        yield Pair(primary, standby)
    finally:
        for server in servers:
            path = binaries() / "pg_ctl"
            stop = (f"--pgdata={server.data}", "--mode=immediate", "stop")
            as_owner = run_as(account, (path, server.home))
            subprocess.run([*as_owner, str(path), *stop], cwd="/", check=False)
            # pytest shows it where the test fails.
            log = server.home / "log"
            sys.stdout.write(log.read_text()[-2000:] if log.exists() else "")
        shutil.rmtree(home)
